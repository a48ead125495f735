"""Faster ways to compute some modules of a model, installed for as long as decoding runs."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from morl_envs.lm.kernels import kernels
from morl_envs.lm.packing import PackedLinears

__all__ = ["Shortcuts"]

log = logging.getLogger(__name__)

Forward = Callable[[torch.Tensor], torch.Tensor]

_ROTARY = "apply_rotary_pos_emb"  # what transformers' modules of models call the function, where they have it


def _normed(layer: Any, epsilon: float, x: torch.Tensor) -> torch.Tensor:
    compiled = kernels()
    found = compiled.rms_norm(x, layer.weight, epsilon) if compiled else None
    return type(layer).forward(layer, x) if found is None else found


def _gated(layer: Any, x: torch.Tensor) -> torch.Tensor:
    gate, up = layer.gate_proj(x), layer.up_proj(x)
    compiled = kernels()
    mixed = compiled.gate(gate, up) if compiled else None
    product: torch.Tensor = layer.down_proj(layer.act_fn(gate) * up if mixed is None else mixed)
    return product


def _rotated(otherwise: Any, q: torch.Tensor, k: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, *args: Any) -> Any:
    compiled = kernels() if not args else None
    turned = [compiled.rotate(x, cos, sin) if compiled else None for x in (q, k)]
    return otherwise(q, k, cos, sin, *args) if turned[0] is None or turned[1] is None else tuple(turned)


def _like(layer: Any, found: Forward, width: int) -> bool:
    """Whether a shortcut gives what the layer gives, but for rounding."""
    x = torch.linspace(-1, 2, 2 * width).view(2, width).to(next(layer.parameters()))
    return _near(found(x), type(layer).forward(layer, x), type(layer).__name__)


def _near(found: torch.Tensor, expected: torch.Tensor, what: str) -> bool:
    gap = float((found - expected).abs().max() / expected.abs().max())
    near = gap <= 4 * torch.finfo(expected.dtype).eps
    if not near:
        log.debug("%s: computed as it is, the compiled function differs by %.1e", what, gap)
    return near


def _norm_shortcut(layer: Any) -> Forward | None:
    """For an RMS norm; architectures name its epsilon differently, and some add 1 to the weight."""
    names = ("variance_epsilon", "eps")
    epsilon = next((value for name in names if isinstance(value := getattr(layer, name, None), float)), None)
    if epsilon is None or "RMSNorm" not in type(layer).__name__ or len(list(layer.parameters())) != 1:
        return None
    found = functools.partial(_normed, layer, epsilon)
    return found if _like(layer, found, layer.weight.numel()) else None


def _gate_shortcut(layer: Any) -> Forward | None:
    """For a feed-forward layer gated by SiLU, told by the names of its parts."""
    parts = dict(layer.named_children())
    if set(parts) != {"gate_proj", "up_proj", "down_proj", "act_fn"} or type(layer.gate_proj) is not torch.nn.Linear:
        return None
    x = torch.linspace(-8, 8, 64)  # small weights would not tell one activation from another
    if not _near(torch.nn.functional.silu(x), layer.act_fn(x), type(layer.act_fn).__name__):
        return None
    found = functools.partial(_gated, layer)
    return found if _like(layer, found, layer.gate_proj.in_features) else None


def _rotary_functions(module: torch.nn.Module) -> dict[str, Any]:
    """Names of the Python modules that a model's layers are from -> their function for rotary positions."""
    found = {}
    q = torch.linspace(-1, 2, 2 * 3 * 2 * 32).view(2, 3, 2, 32).to(next(module.parameters()).dtype)
    cos, sin = q[:, 0].cos(), q[:, 0].sin()
    for home in {type(layer).__module__ for layer in module.modules()}:
        original = getattr(sys.modules[home], _ROTARY, None)
        if isinstance(original, functools.partial):  # another thread decodes at this very moment
            original = original.args[0]
        if original is None:
            continue
        try:
            pairs = list(zip(_rotated(original, q, q[:, :1], cos, sin), original(q, q[:, :1], cos, sin), strict=True))
        except Exception as error:  # whatever a function says that takes or gives something else
            log.debug("%s.%s: called as it is: %s", home, _ROTARY, error)
            continue
        if all(_near(mine, theirs, home) for mine, theirs in pairs):
            found[home] = original
    return found


class Shortcuts:
    """What a model on a CPU computes faster than its modules say, with the same results but for rounding.

    The model itself is left as it is: its modules take the shortcuts only within :meth:`installed`, so that training,
    saving and copying see plain modules. Each shortcut is compared with what it stands for before it is taken.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        self._packing = PackedLinears(module)
        self._others: dict[torch.nn.Module, Forward] = {}
        self._rotary: dict[str, Any] = {}
        if next(module.parameters()).device.type == "cpu" and kernels() is not None:
            with torch.inference_mode():
                self._compare(module)

    def _compare(self, module: torch.nn.Module) -> None:
        for layer in module.modules():
            if "forward" in vars(layer):  # somebody else's shortcut, or hook
                continue
            try:
                found = _norm_shortcut(layer) or _gate_shortcut(layer)
            except Exception as error:  # whatever a module says that is not what its name or parts suggest
                log.debug("%s: computed as it is: %s", type(layer).__name__, error)
                continue
            if found is not None:
                self._others[layer] = found
        self._rotary = _rotary_functions(module)

    def refresh(self) -> None:
        """Take note of weights that changed."""
        self._packing.refresh()

    @property
    def version(self) -> int:
        """Grows when weights are found to have changed."""
        return self._packing.version

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Take the shortcuts for a while; without gradients only."""
        used = {} if torch.is_grad_enabled() else self._forwards()
        rotary = self._rotary if used else {}
        for layer, forward in used.items():
            layer.__dict__["forward"] = forward
        for home, original in rotary.items():
            setattr(sys.modules[home], _ROTARY, functools.partial(_rotated, original))
        try:
            yield
        finally:
            for layer in used:
                layer.__dict__.pop("forward", None)
            for home, original in rotary.items():
                setattr(sys.modules[home], _ROTARY, original)

    def _forwards(self) -> dict[torch.nn.Module, Forward]:
        return self._others | dict(self._packing.shortcuts())
