"""Every kernel against torch, on small numbers, before any is used."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.nn import functional

from morl_envs.lm.kernels import Kernels

__all__ = ["gap_to_torch"]

Pair = tuple[torch.Tensor | None, torch.Tensor]


def gap_to_torch(found: Kernels, dtype: torch.dtype) -> float:
    """The largest difference between a kernel's result and torch's in float32, as a share of the largest number.

    Infinite where a kernel gives nothing.
    """
    with torch.no_grad():
        return max(
            float("inf") if result is None else float((result.float() - expected).abs().max() / expected.abs().max())
            for result, expected in _results(found, dtype)
        )


def _results(found: Kernels, dtype: torch.dtype) -> Iterator[Pair]:
    """Results of kernels, and what they should be."""
    steps = torch.linspace(-1, 1, 2 * 2 * 20 * 32)
    key = steps.sin().view(2, 2, 20, 32).to(dtype)
    query = (3 * steps[:256]).cos().view(2, 4, 1, 32).to(dtype)
    wide, raised = (part.float().repeat_interleave(2, dim=1) for part in (key, key + 1))
    exact = functional.scaled_dot_product_attention(query.float(), wide, raised, scale=0.5)
    yield found.attend(query, key, key + 1, None, 0.5), exact.transpose(1, 2)

    x, y, matrix = key.reshape(-1)[:64][None], query.reshape(-1)[:64][None], key.reshape(-1)[: 64 * 32].view(32, 64)
    packed = found.pack(matrix)
    if packed is not None:
        yield found.product(x, packed, None), x.float() @ matrix.float().T
    yield found.rms_norm(x, y[0], 1e-6), functional.rms_norm(x.float(), (64,), y[0].float(), 1e-6)
    yield found.add(x, y), x.float() + y.float()
    yield found.gate(x.clone(), y), functional.silu(x.float()) * y.float()

    cos, sin = query[:, 0].abs(), key[:, 0, :1]
    half = torch.cat([-query[..., 16:], query[..., :16]], dim=-1).float()
    yield found.rotate(query, cos, sin), query.float() * cos[:, None].float() + half * sin[:, None].float()

    stores, slots = (torch.zeros_like(key), torch.zeros_like(key)), torch.tensor([3, 7])
    done = found.put(key[:, :, :1] + 2, key[:, :, 1:2] + 2, *stores, slots)
    for i, store in enumerate(stores):
        expected = torch.zeros(key.shape)
        expected[torch.arange(2), :, slots] = (key[:, :, i] + 2).float()
        yield (store if done else None), expected

    logits, u = 9 * key.reshape(2, -1), torch.tensor([0.25, 0.75], dtype=torch.float64)
    drawn = (logits.double().softmax(-1).cumsum(-1) <= u[:, None]).sum(-1)
    yield found.draw(logits, u, 1.0), drawn.float()
