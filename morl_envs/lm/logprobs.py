"""Log-probabilities of given text, in parallel passes without a cache."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from morl_envs.lm.model import CausalModel
from morl_envs.lm.rows import pad_right

__all__ = ["log_probs"]

_LOGITS = 2048 * 50_000  # logits held at once: bounds the memory of a pass


@torch.inference_mode()
def log_probs(
    model: CausalModel, contexts: Sequence[Sequence[int]], completions: Sequence[Sequence[int]]
) -> list[NDArray[np.float32]]:
    """Log-probability of each token of ``completions[i]`` after ``contexts[i]``, each of shape ``(length,)``."""
    model.refresh()
    order = sorted(range(len(contexts)), key=lambda i: len(contexts[i]) + len(completions[i]))
    found: list[NDArray[np.float32]] = [np.zeros(0, dtype=np.float32)] * len(contexts)
    limit = max(1, _LOGITS // int(model.config.vocab_size))
    batch: list[int] = []
    held = 0
    for i in [i for i in order if len(completions[i])]:
        if batch and held + len(completions[i]) > limit:
            _score(model, contexts, completions, batch, found)
            batch, held = [], 0
        batch.append(i)
        held += len(completions[i])
    if batch:
        _score(model, contexts, completions, batch, found)
    return found


def _score(
    model: CausalModel,
    contexts: Sequence[Sequence[int]],
    completions: Sequence[Sequence[int]],
    batch: Sequence[int],
    found: list[NDArray[np.float32]],
) -> None:
    sizes = [len(completions[i]) for i in batch]
    tokens = pad_right([[*contexts[i], *completions[i]] for i in batch], model.device)
    rows = torch.from_numpy(np.repeat(np.arange(len(batch)), sizes)).to(model.device)
    # the logits at a position speak of the token after it
    before = torch.from_numpy(
        np.concatenate([np.arange(len(contexts[i]) - 1, len(contexts[i]) - 1 + len(completions[i])) for i in batch])
    ).to(model.device)
    logits, _ = model.forward_plain(tokens, keep=lambda states: states[rows, before])
    chosen = logits.gather(-1, tokens[rows, before + 1][:, None])[:, 0].float()
    values = (chosen - logits.float().logsumexp(-1)).cpu().numpy()
    for i, part in zip(batch, np.split(values, np.cumsum(sizes)[:-1]), strict=True):
        found[i] = part
