"""Drawing the next token of every row from its own random numbers."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from morl_envs.errors import require
from morl_envs.lm.kernels import kernels

__all__ = ["check_sampling", "draw", "uniforms"]

_FEW = 256  # tokens that hold nearly all probability, most of the time
_BLOCK = 256  # tokens whose probabilities are summed before any is looked at
_CHUNK = {"cpu": 2**20}  # logits that are worked on together: larger tensors are fresh memory, which is slow to touch


def check_sampling(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Refuse settings that :func:`draw` cannot honour.

    Raises:
        InvalidParameter: naming the setting, its rule and the value.
    """
    require(np.isfinite(temperature) and temperature >= 0, "temperature", "must be finite and at least 0", temperature)
    require(top_k is None or top_k >= 1, "top_k", "must be None or at least 1", top_k)
    require(top_p is None or 0 < top_p <= 1, "top_p", "must be None or in (0, 1]", top_p)


def uniforms(seed: int, count: int) -> NDArray[np.float64]:
    """The random numbers in [0, 1) that a row seeded `seed` uses, one a token, whatever batch it is in."""
    return np.random.default_rng(seed).random(count)


def draw(
    logits: torch.Tensor, u: torch.Tensor, temperature: float, top_k: int | None = None, top_p: float | None = None
) -> torch.Tensor:
    """One token a row by inverting the cumulative distribution at `u`; greedy where `temperature` is 0.

    Args:
        logits: Shape ``(n, vocabulary)``.
        u: Shape ``(n,)``, in [0, 1).
        temperature: Divides the logits.
        top_k: Only the k likeliest tokens can be drawn.
        top_p: Only the smallest set of likeliest tokens whose probability reaches top_p can be drawn.

    Returns:
        Token ids, int64, shape ``(n,)``.
    """
    if temperature == 0:
        return logits.argmax(-1)
    compiled = kernels() if logits.is_cpu and top_k is None and top_p is None else None
    tokens = compiled.draw(logits, u, temperature) if compiled else None
    if tokens is not None:
        return tokens
    rows = max(1, _CHUNK.get(logits.device.type, logits.numel()) // logits.shape[-1])
    parts = zip(torch.split(logits, rows), torch.split(u, rows), strict=True)
    return torch.cat([_draw(some, numbers, temperature, top_k, top_p) for some, numbers in parts])


def _draw(
    logits: torch.Tensor, u: torch.Tensor, temperature: float, top_k: int | None, top_p: float | None
) -> torch.Tensor:
    logits = logits.float() if temperature == 1 else logits.float() / temperature
    if top_k is not None and top_k < logits.shape[-1]:
        logits, ids = logits.topk(top_k, dim=-1)
        probabilities = logits.softmax(-1)
    elif top_p is not None and top_p < 1:
        probabilities, ids = _likeliest(logits.softmax(-1), top_p)
    else:
        return _invert(logits.softmax(-1), u)
    if top_p is not None and top_p < 1:
        mass_before = probabilities.cumsum(-1) - probabilities
        probabilities = probabilities.masked_fill(mass_before >= top_p, 0.0)
    return ids.gather(-1, _invert(probabilities, u)[:, None])[:, 0]


def _likeliest(probabilities: torch.Tensor, top_p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """So many of each row's largest probabilities, sorted, that their sum reaches `top_p`; and their ids.

    Sorting a whole vocabulary takes longer than a model of a hundred million parameters.
    """
    count, size = _FEW, probabilities.shape[-1]
    while count < size:
        largest, ids = probabilities.topk(count, dim=-1)
        if bool((largest.sum(-1) >= top_p).all()):
            return largest, ids
        count *= 8
    return probabilities.sort(dim=-1, descending=True, stable=True)


def _invert(probabilities: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """The first token whose cumulative probability lies above `u`: first its block, then the token within.

    One running sum over a whole vocabulary takes as long as its softmax, and rounds more.
    """
    n, size = probabilities.shape
    width = min(size, _BLOCK)
    padded = torch.nn.functional.pad(probabilities, (0, -size % width)) if size % width else probabilities
    blocks = padded.view(n, -1, width)
    sums = blocks.sum(-1).cumsum_(-1)
    target = _below_last(u.to(sums)[:, None] * sums[:, -1:], sums)
    block = torch.searchsorted(sums, target, right=True)
    before = torch.nn.functional.pad(sums, (1, 0)).gather(1, block)
    inside = blocks.gather(1, block[:, :, None].expand(-1, -1, width))[:, 0].cumsum_(-1)
    token = torch.searchsorted(inside, _below_last(target - before, inside), right=True)
    return (block * width + token)[:, 0]


def _below_last(target: torch.Tensor, cumulative: torch.Tensor) -> torch.Tensor:
    """Strictly below each row's total, so that the first entry above the target has positive probability."""
    total = cumulative[:, -1:]
    return torch.minimum(target, torch.nextafter(total, torch.zeros_like(total)))
