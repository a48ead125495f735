"""Gradients of the log-likelihood of given text, weighted text by text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from morl_envs.lm.model import CausalModel
from morl_envs.lm.rows import pad_right

__all__ = ["weighted_gradients"]

_FOLDED = 1 << 22
_ROWS = 32  # texts of one backward pass: bounds its activations


def weighted_gradients(
    model: CausalModel,
    contexts: Sequence[Sequence[int]],
    completions: Sequence[Sequence[int]],
    weights: NDArray[np.float64],
) -> torch.Tensor:
    """Gradient of ``sum_i weights[i, j] log p(completions[i] | contexts[i])`` for each j; float32, ``(k, m)``.

    With advantages as weights, these are policy gradients (Williams, 1992, REINFORCE). The coordinates of a model with
    more than four million parameters are folded into four million sums under random signs that are the same in every
    call (Charikar et al., 2002, count sketch): inner products keep their expectation.

    Args:
        model: Its parameters are left as they are, and so are their ``grad``.
        contexts: Token ids.
        completions: Token ids.
        weights: Shape ``(n, k)``.
    """
    parameters = [p for p in model.module.parameters() if p.requires_grad]
    size = sum(p.numel() for p in parameters)
    total = torch.zeros((weights.shape[1], min(size, _FOLDED)), device=model.device)
    order = sorted(range(len(contexts)), key=lambda i: len(contexts[i]) + len(completions[i]))
    for start in range(0, len(order), _ROWS):
        batch = [i for i in order[start : start + _ROWS] if len(completions[i])]
        if not batch:
            continue
        sums = _log_likelihoods(model, [contexts[i] for i in batch], [completions[i] for i in batch])
        chosen = torch.from_numpy(weights[batch]).to(sums)
        for j in range(weights.shape[1]):
            last = j + 1 == weights.shape[1]
            found = torch.autograd.grad((sums * chosen[:, j]).sum(), parameters, retain_graph=not last)
            _add_folded(total[j], found)
    return total


def _add_folded(total: torch.Tensor, parts: Sequence[torch.Tensor]) -> None:
    signs = torch.Generator().manual_seed(0)
    folds = sum(part.numel() for part in parts) > len(total)
    at = 0
    for part in parts:
        values = part.flatten().float()
        if folds:
            drawn = torch.randint(0, 2, values.shape, generator=signs, dtype=torch.int8)
            values = values * (2 * drawn - 1).to(values)
        for piece in torch.split(values, _FOLDED):
            head = piece[: len(total) - at]
            total[at : at + len(head)] += head
            rest = piece[len(head) :]
            total[: len(rest)] += rest
            at = (at + len(piece)) % len(total)


def _log_likelihoods(
    model: CausalModel, contexts: Sequence[Sequence[int]], completions: Sequence[Sequence[int]]
) -> torch.Tensor:
    tokens = pad_right([[*a, *b] for a, b in zip(contexts, completions, strict=True)], model.device)
    at = torch.arange(tokens.shape[1] - 1, device=model.device)[None] + 1
    starts = torch.tensor([len(context) for context in contexts], device=model.device)[:, None]
    ends = starts + torch.tensor([len(completion) for completion in completions], device=model.device)[:, None]
    with torch.enable_grad():
        logits = model.module(input_ids=tokens[:, :-1], use_cache=False).logits.float()
        each = torch.log_softmax(logits, -1).gather(-1, tokens[:, 1:, None])[..., 0]
        return torch.where((at >= starts) & (at < ends), each, 0.0).sum(1)
