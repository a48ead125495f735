"""Linear layers whose weights are laid out once for the processor, on CPUs.

A product of few rows with a large matrix is bound by how the matrix is read. With AVX-512 the compiled kernels multiply
by blocks of their own; elsewhere oneDNN's layout is about 1.5 times as fast as a plain matrix, which torch's compiler
puts to use as well when it freezes a model.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch

from morl_envs.lm.kernels import kernels

__all__ = ["PackedLinears"]

_FEWEST = 20_000_000  # parameters: with oneDNN, what the cache holds anyhow gains nothing
_MOST = 1_000_000_000  # parameters that may be held twice

Product = Callable[[torch.Tensor], torch.Tensor]


def _multiplies(dtype: torch.dtype) -> bool:
    """Whether oneDNN multiplies in `dtype` on this processor without emulation."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))


def _compiled_product(packed: torch.Tensor, layer: torch.nn.Linear, x: torch.Tensor) -> torch.Tensor:
    compiled = kernels()
    product = compiled.product(x, packed, layer.bias) if compiled else None
    return torch.nn.functional.linear(x, layer.weight, layer.bias) if product is None else product


def _onednn_product(packed: torch.Tensor, layer: torch.nn.Linear, x: torch.Tensor) -> torch.Tensor:
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, packed, layer.bias, "none", [], "")
    return product


class PackedLinears:
    """The linear layers of a model, and copies of their weights in a faster layout.

    The model itself is left as it is: :class:`morl_envs.lm.shortcuts.Shortcuts` puts the copies to use. A weight that
    has changed is packed again.

    Args:
        module: A causal LM; one that is too small to gain, too large to hold twice, not on a CPU, or in a dtype that
            the processor does not multiply in is left alone.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        weights = list(module.parameters())
        size = sum(weight.numel() for weight in weights)
        first = weights[0]
        self._large = size >= _FEWEST
        self._layers: list[torch.nn.Linear] = []
        if size <= _MOST and first.device.type == "cpu" and _multiplies(first.dtype):
            linear = [layer for layer in module.modules() if type(layer) is torch.nn.Linear]
            self._layers = [layer for layer in linear if "forward" not in vars(layer)]  # or it is somebody's hook
        self._products: list[Product | None] = [None] * len(self._layers)
        self._made_of: list[tuple[Any, ...]] = [()] * len(self._layers)
        self.version = 0  # grows when weights are packed

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles of the model, which hold it by a hook: oneDNN's layout can be neither."""
        n = len(self._layers)
        empty = {"_products": [None] * n, "_made_of": [()] * n, "version": 0}
        return {"_large": self._large, "_layers": self._layers, **empty}

    @torch.inference_mode()
    def refresh(self) -> None:
        """Pack the weights that differ from those packed before, be it by an edit behind autograd's back."""
        for i, layer in enumerate(self._layers):
            weight = layer.weight
            made_of = (weight.data_ptr(), weight.dtype, float(weight.sum()), float(weight.flatten()[::7].sum()))
            if made_of != self._made_of[i]:
                self._products[i] = self._pack(layer)
                self._made_of[i] = made_of
                self.version += 1

    def shortcuts(self) -> Iterator[tuple[torch.nn.Module, Product]]:
        """The layers that were packed, and what computes the same faster."""
        for layer, product in zip(self._layers, self._products, strict=True):
            if product is not None:
                yield layer, product

    def _pack(self, layer: torch.nn.Linear) -> Product | None:
        compiled, weight = kernels(), layer.weight.detach()
        packed = compiled.pack(weight) if compiled else None
        if packed is not None:
            return functools.partial(_compiled_product, packed, layer)
        if self._large:
            return functools.partial(_onednn_product, torch.ops.mkldnn._reorder_linear_weight(weight, None), layer)
        return None
