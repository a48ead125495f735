"""Decoding steps on a CPU, recorded once as a list of kernel calls and replayed without the model's Python code.

What CUDA graphs are for a GPU (:mod:`morl_envs.lm.graphs`). For a layer, the model's code makes some hundred Python
calls between kernels that stream through the caches, so that each of them starts cold: a fifth of a step of 64 rows. A
recording holds the kernels' calls, the memory that they read and write, and the few operations of torch that remain.
"""

from __future__ import annotations

import bisect
import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from morl_envs.lm.kernels import Call, Kernels, kernels

__all__ = ["Tape"]

_MOST_OPERATIONS = 64  # of torch between the kernels: with more, Python's share is small

_aten = torch.ops.aten
_ALLOCATIONS = {
    _aten.empty.memory_format,
    _aten.empty_like.default,
    _aten.empty_strided.default,
    _aten.new_empty.default,
    _aten.new_empty_strided.default,
}
_UNREPEATABLE = {_aten._local_scalar_dense.default}  # a number that Python has decided by

Run = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _base(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


@dataclass
class _Operation:
    """One operation of torch; its results are copied to where the recording has them."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: list[torch.Tensor]

    def __call__(self) -> None:
        found = _tensors(self.function(*self.args, **self.kwargs))
        if not self.function._schema.is_mutable:
            for result, value in zip(self.results, found, strict=True):
                result.copy_(value)


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes what is computed, and keeps all memory, so that no address is given twice."""

    def __init__(self, compiled: Kernels) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.compiled = compiled
        self.entries: list[_Operation | Call] = []
        self.kept: list[torch.Tensor] = []
        self.allocated: dict[int, torch.Tensor] = {}  # by address: written by kernels before it is read

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _UNREPEATABLE:
            raise RuntimeError(f"{func} depends on what was computed")
        if func is _aten.add.Tensor and not kwargs and isinstance(args[1], torch.Tensor):
            found = self.compiled.add(*args)
            if found is not None:
                self._take_memory([found])
                return found
        found = func(*args, **kwargs)
        results, given = _tensors(found), _tensors((args, kwargs))
        self.kept += results
        if func in _ALLOCATIONS:
            self._take_memory(results)
        elif given:
            views = {_base(part) for part in given}
            if func._schema.is_mutable or any(_base(result) not in views for result in results):
                self.entries.append(_Operation(func, args, kwargs, results))
        return found

    def _take_memory(self, results: list[torch.Tensor]) -> None:
        self.kept += results
        self.allocated.update({_base(result): result for result in results})


class Tape:
    """A step of fixed tensors that can be repeated.

    Args:
        run: A step that, run twice on the same tokens and slots, writes the same keys to the same places.
        tokens: Buffer that a later step's tokens are written to.
        slots: Buffer that its slots are written to.

    Raises:
        RuntimeError: without kernels, or if the step is not of a kind that can be repeated or gains by it.
    """

    def __init__(self, run: Run, tokens: torch.Tensor, slots: torch.Tensor) -> None:
        compiled = kernels()
        if compiled is None:
            raise RuntimeError("there are no compiled kernels")
        self._compiled = compiled
        recorder = _Recorder(compiled)
        with compiled.noted(recorder.entries.append), recorder:
            self._outputs = run(tokens, slots)
        entries = recorder.entries
        operations = [entry for entry in entries if isinstance(entry, _Operation)]
        if len(operations) > _MOST_OPERATIONS:
            raise RuntimeError(f"{len(operations)} operations are torch's")
        fixed = {_base(part) for entry in operations for part in _tensors((entry.args, entry.kwargs, entry.results))}
        fixed |= {_base(output) for output in self._outputs}
        planned = {base: part for base, part in recorder.allocated.items() if base not in fixed}
        calls = [entry for entry in entries if isinstance(entry, Call)]
        given = [part for call in calls for part in call.tensors]
        self._kept = [part for part in recorder.kept + given if _base(part) not in planned]
        self._memory = _plan(calls, planned)
        self._parts = self._in_batches(entries)
        self._logits_at = self._mentions(self._outputs[0].data_ptr())

    def replay(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and hidden states, fresh tensors, of the tokens and slots that the buffers hold by now."""
        logits, hidden = self._outputs
        if len(self._logits_at) == 1:  # a large tensor, which is better written where it stays
            logits = torch.empty_like(logits)
            batch, at = self._logits_at[0]
            batch[at] = logits.data_ptr()
        self._run()
        return logits if logits is not self._outputs[0] else logits.clone(), hidden.clone()

    def _run(self) -> None:
        for part in self._parts:
            if isinstance(part, _Operation):
                part()
            else:
                self._compiled.run(part)

    def _mentions(self, address: int) -> list[tuple[Any, int]]:
        batches = [part for part in self._parts if not isinstance(part, _Operation)]
        return [(batch, i) for batch in batches for i, word in enumerate(batch) if word == address]

    def _in_batches(self, entries: list[_Operation | Call]) -> list[Any]:
        parts: list[Any] = []
        calls: list[Call] = []
        for entry in [*entries, None]:
            if isinstance(entry, Call):
                calls.append(entry)
                continue
            if calls:
                words = [word for call in calls for word in call.words()]
                parts.append((ctypes.c_int64 * len(words))(*words))
                calls = []
            if entry is not None:
                parts.append(entry)
        return parts


def _plan(calls: list[Call], planned: dict[int, torch.Tensor]) -> list[torch.Tensor]:
    """Let the calls share memory, each piece held from the call that first writes it to the last that reads it.

    Args:
        calls: Their addresses are changed.
        planned: Memory that only these calls know, by address.

    Returns:
        What the addresses lie in by now.
    """
    bases = sorted(planned)

    def owner(address: int) -> int | None:
        nearest = bisect.bisect_right(bases, address) - 1
        held = nearest >= 0 and address < bases[nearest] + planned[bases[nearest]].untyped_storage().nbytes()
        return bases[nearest] if held else None

    mentions = [[(i, base) for i in call.pointers if (base := owner(call.arguments[i]))] for call in calls]
    last = {base: at for at, mentioned in enumerate(mentions) for _, base in mentioned}
    free: dict[int, list[torch.Tensor]] = {}
    given: dict[int, torch.Tensor] = {}
    memory = []
    for at, (call, mentioned) in enumerate(zip(calls, mentions, strict=True)):
        for _, base in mentioned:
            size = planned[base].untyped_storage().nbytes()
            if base not in given and not free.get(size):
                memory.append(torch.empty(size, dtype=torch.uint8))
                free[size] = [memory[-1]]
            if base not in given:
                given[base] = free[size].pop()
        for i, base in mentioned:
            call.arguments[i] += given[base].data_ptr() - base
        for base in {base for _, base in mentioned if last[base] == at}:
            free.setdefault(given[base].numel(), []).append(given[base])
    return memory
