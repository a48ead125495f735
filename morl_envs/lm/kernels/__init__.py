"""The small work of a decoding step in a few compiled functions, on CPUs.

In torch, a layer spends some sixty calls between its products, most of them on memory that the one before has just
written. Here attention reads each key and value once, norms, gates and rotations are one pass each, a draw is two; and
where the processor has AVX-512, products of few rows read matrices that were laid out for it.

Everything works without them. They need a compiler (:mod:`morl_envs.lm.kernels.build`), tensors on the CPU in float32
or bfloat16 without gradients, and widths of whole vectors; each function returns None for what it does not cover.
"""

from __future__ import annotations

import ctypes
import functools
import logging
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from morl_envs.lm.kernels.build import library

__all__ = ["Call", "Kernels", "kernels"]

log = logging.getLogger(__name__)

_LANES = 16  # numbers in a vector
_NAMES = {torch.float32: "float32", torch.bfloat16: "bfloat16"}
_P, _N, _F = ctypes.c_void_p, ctypes.c_int64, ctypes.c_float
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "attend": (ctypes.c_int, [_P] * 5 + [_N] * 14 + [_F]),
    "put": (None, [_P] * 5 + [_N] * 4),
    "rms_norm": (None, [_P] * 3 + [_N] * 2 + [_F]),
    "add": (None, [_P] * 3 + [_N]),
    "gate": (None, [_P] * 2 + [_N]),
    "rotate": (None, [_P] * 4 + [_N] * 3),
    "draw": (None, [_P] * 3 + [_N] * 2 + [_F]),
    "product": (None, [_P] * 4 + [_N] * 3),
}


@dataclass
class Call:
    """A call of a kernel: where its function lies, its arguments, which of them are addresses, and of what."""

    LENGTH = 21
    """Words of a call: the function, and room for the most arguments."""

    function: int
    arguments: list[Any]
    pointers: list[int]
    tensors: tuple[torch.Tensor, ...]

    def words(self) -> list[int]:
        """What :meth:`Kernels.run` reads, in an array of 64-bit integers."""
        bits = [struct.unpack("q", struct.pack("d", x))[0] if isinstance(x, float) else x for x in self.arguments]
        return [self.function, *bits, *[0] * (self.LENGTH - 1 - len(bits))]


@functools.cache
def kernels() -> Kernels | None:
    """The kernels of this machine, compiled on the first call; None where there are none, or where they err."""
    built = library()
    if built is None:
        return None
    found = Kernels(built)
    from morl_envs.lm.kernels.proof import gap_to_torch

    gap = max(gap_to_torch(found, dtype) / torch.finfo(dtype).eps for dtype in _NAMES)
    if not gap < 8:
        log.warning("compiled kernels are left out: they differ from torch by %.0f times the precision", gap)
        return None
    return found


class Kernels:
    """The functions of a compiled library, on tensors."""

    def __init__(self, built: ctypes.CDLL) -> None:
        self._calls: dict[tuple[str, torch.dtype], Any] = {}
        self._steps: dict[tuple[str, torch.dtype], tuple[Any, list[int]]] = {}
        self._local = threading.local()
        for name, (result, arguments) in _SIGNATURES.items():
            for dtype, suffix in _NAMES.items():
                call = getattr(built, f"{name}_{suffix}")
                call.restype, call.argtypes = result, arguments
                self._calls[name, dtype] = call
                if name != "draw":
                    step = ctypes.cast(getattr(built, f"{name}_{suffix}_step"), _P).value
                    self._steps[name, dtype] = (step, [i for i, kind in enumerate(arguments) if kind is _P])
        self._run = built.run
        self._run.restype, self._run.argtypes = None, [_P, _N]
        built.product_outputs.restype = ctypes.c_int64
        self._block: int = built.product_outputs()  # outputs that a product computes side by side; 0: none

    def attend(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float
    ) -> torch.Tensor | None:
        """Attention of every row's queries over the row's keys.

        Args:
            query: Shape ``(rows, heads, queries, width)``.
            key: Shape ``(rows, key heads, slots, width)``.
            value: The same shape.
            mask: Added to the scores, shape ``(rows or 1, 1, queries, slots)``.
            scale: Multiplies the scores.

        Returns:
            Shape ``(rows, queries, heads, width)``.
        """
        call = self._call("attend", query, key, value, *(() if mask is None else (mask,)))
        rows, heads, queries, width = query.shape
        key_heads, slots = key.shape[1:3]
        if call is None or value.shape != key.shape or heads % key_heads or key.stride(3) != 1 or value.stride(3) != 1:
            return None
        if mask is not None and (mask.shape[1:] != (1, queries, slots) or mask.stride(3) != 1):
            return None
        by_token = query.transpose(1, 2).contiguous()
        out = torch.empty_like(by_token)
        done = call(
            by_token.data_ptr(),
            key.data_ptr(),
            value.data_ptr(),
            None if mask is None else mask.data_ptr(),
            out.data_ptr(),
            *(rows, queries, key_heads, heads // key_heads, width, slots),
            *key.stride()[:3],
            *value.stride()[:3],
            0 if mask is None or len(mask) == 1 else mask.stride(0),
            0 if mask is None else mask.stride(2),
            scale,
        )
        if not done:
            _left_to_torch("attention", f"heads {width} wide")
        return out if done else None

    def put(
        self,
        key: torch.Tensor,
        value: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        slots: torch.Tensor,
    ) -> bool:
        """Write ``key[i, :, 0]`` to ``keys[i, :, slots[i]]``, and values likewise; whether it was done."""
        call = self._call("put", key, value, keys, values)
        if call is None or key.shape != value.shape or not (keys.is_contiguous() and values.is_contiguous()):
            return False
        key, value = key.contiguous(), value.contiguous()
        rows, heads, room, width = keys.shape
        pointers = (part.data_ptr() for part in (key, value, keys, values, slots))
        call(*pointers, rows, heads, room, width)
        return True

    def rms_norm(self, x: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor | None:
        """Rows ``(..., width)`` divided by their root mean square, times `weight` ``(width,)``."""
        width = x.shape[-1]
        call = self._call("rms_norm", x, weight)
        if call is None or weight.shape != (width,) or width % _LANES:
            return None
        x = x.contiguous()
        out = torch.empty_like(x)
        call(x.data_ptr(), weight.data_ptr(), out.data_ptr(), x.numel() // width, width, epsilon)
        return out

    def add(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor | None:
        """The sum of two tensors of one shape."""
        call = self._call("add", x, y)
        if call is None or x.shape != y.shape or x.numel() % _LANES or not (x.is_contiguous() and y.is_contiguous()):
            return None
        out = torch.empty_like(x)
        call(x.data_ptr(), y.data_ptr(), out.data_ptr(), x.numel())
        return out

    def gate(self, gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor | None:
        """``silu(gate) * up``, in the memory of `gate`."""
        call = self._call("gate", gate, up)
        if call is None or gate.shape != up.shape or gate.numel() % _LANES:
            return None
        if not (gate.is_contiguous() and up.is_contiguous()):
            return None
        call(gate.data_ptr(), up.data_ptr(), gate.numel())
        return gate

    def rotate(self, x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor | None:
        """Heads ``(rows, heads, tokens, width)`` turned by angles ``(rows, tokens, width)``, half against half."""
        rows, heads, tokens, width = x.shape
        call = self._call("rotate", x, cosine, sine)
        if call is None or width % (2 * _LANES) or cosine.shape != (rows, tokens, width) or sine.shape != cosine.shape:
            return None
        by_token, cosine, sine = x.transpose(1, 2).contiguous(), cosine.contiguous(), sine.contiguous()
        out = torch.empty_like(by_token)
        pointers = (part.data_ptr() for part in (by_token, cosine, sine, out))
        call(*pointers, rows * tokens, heads, width)
        return out.transpose(1, 2)

    def draw(self, logits: torch.Tensor, u: torch.Tensor, temperature: float) -> torch.Tensor | None:
        """One token a row of ``(rows, vocabulary)`` by inverting its cumulative distribution at `u`, float64."""
        rows, count = logits.shape
        call = self._call("draw", logits)
        if call is None or count % _LANES or u.dtype != torch.float64 or not u.is_cpu:
            return None
        logits, u = logits.contiguous(), u.contiguous()
        tokens = torch.empty(rows, dtype=torch.int64)
        call(logits.data_ptr(), u.data_ptr(), tokens.data_ptr(), rows, count, 1 / temperature)
        return tokens

    def pack(self, matrix: torch.Tensor) -> torch.Tensor | None:
        """A matrix ``(outputs, inputs)`` laid out for :meth:`product`, flat; None where oneDNN's products are faster.

        In blocks of outputs, the last of what is left; in a block input after input (two of bfloat16, which the
        processor multiplies together), output beside output.
        """
        outputs, inputs = matrix.shape
        together = 4 // matrix.element_size()
        if not self._block or self._call("product", matrix) is None:
            return None
        if outputs % _LANES or inputs % together:
            _left_to_torch("product", f"{inputs} x {outputs}")
            return None
        whole = outputs - outputs % self._block
        parts = (matrix[:whole].view(-1, self._block, inputs), matrix[whole:][None])
        laid_out = [
            part.reshape(*part.shape[:2], -1, together).transpose(1, 2).flatten() for part in parts if part.numel()
        ]
        return torch.cat(laid_out)

    def product(self, x: torch.Tensor, packed: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor | None:
        """Rows ``(..., inputs)`` times a matrix from :meth:`pack`; an element does not depend on the other rows."""
        inputs = x.shape[-1]
        call = self._call("product", x, packed, *(() if bias is None else (bias,)))
        if call is None:
            return None
        x, outputs = x.contiguous(), packed.numel() // inputs
        out = x.new_empty((*x.shape[:-1], outputs))
        added = None if bias is None else bias.data_ptr()
        call(x.data_ptr(), packed.data_ptr(), added, out.data_ptr(), x.numel() // inputs, inputs, outputs)
        return out

    def _call(self, name: str, *tensors: torch.Tensor) -> Any:
        """The function for tensors of one covered dtype on the CPU; None for others, and where gradients are due."""
        dtype = tensors[0].dtype
        grad = torch.is_grad_enabled()
        for tensor in tensors:
            if tensor.dtype != dtype or not tensor.is_cpu or (grad and tensor.requires_grad):
                return None
        call = self._calls.get((name, dtype))
        if call is None:
            _left_to_torch(name, str(dtype))
        note = getattr(self._local, "note", None)
        if note is None or call is None:
            return call
        function, pointers = self._steps[name, dtype]

        def noted(*arguments: Any) -> Any:
            note(Call(function, [0 if argument is None else argument for argument in arguments], pointers, tensors))
            return call(*arguments)

        return noted

    @contextmanager
    def noted(self, note: Callable[[Call], None]) -> Iterator[None]:
        """Within it, this thread's calls are told to `note`."""
        self._local.note = note
        try:
            yield
        finally:
            self._local.note = None

    def run(self, words: Any) -> None:
        """Make recorded calls, one after the other; see :meth:`Call.words`."""
        self._run(words, len(words) // Call.LENGTH)


@functools.cache
def _left_to_torch(name: str, what: str) -> None:
    """Say once what the kernels do not cover."""
    log.debug("no compiled %s for %s: torch computes it", name, what)
