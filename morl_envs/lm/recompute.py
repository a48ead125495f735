"""Decoding by computing the whole text again at each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from morl_envs.lm.rows import Rows, active_rows, check_contexts, pad_right

if TYPE_CHECKING:
    from morl_envs.lm.model import CausalModel

__all__ = ["RecomputedDecoding"]


class RecomputedDecoding(Rows):
    """Decoding without a cache, for architectures whose state is not keys and values: slow, and always right."""

    def __init__(self, model: CausalModel, contexts: Sequence[Sequence[int]], max_new_tokens: int = 1) -> None:
        check_contexts(contexts)
        super().__init__(model, len(contexts))
        self._contexts = [list(context) for context in contexts]
        self._compute(range(len(contexts)))

    def step(
        self,
        tokens: Any,
        active: NDArray[np.bool_] | None = None,
        fresh: Mapping[int, Sequence[int]] | None = None,
    ) -> None:
        """Append one token to each active row, start the rows of `fresh` anew, and compute their next logits."""
        ids = torch.as_tensor(tokens).tolist()
        rows = np.flatnonzero(active_rows(len(ids), active, fresh or {})).tolist()
        for i in rows:
            self._contexts[i].append(ids[i])
        self._compute(rows)
        if fresh:
            self.replace(list(fresh), list(fresh.values()))

    def replace(self, rows: Sequence[int], contexts: Sequence[Sequence[int]]) -> None:
        """Start the given rows afresh from new contexts."""
        check_contexts(contexts)
        for row, context in zip(rows, contexts, strict=True):
            self._contexts[row] = list(context)
        self._compute(rows)

    def select(self, rows: Sequence[int]) -> None:
        """Keep only the given rows, in that order."""
        chosen = self._rows(rows)
        assert self._logits is not None and self._hidden is not None
        self._logits, self._hidden = self._logits[chosen], self._hidden[chosen]
        self._contexts = [self._contexts[i] for i in rows]
        self._lengths = self._lengths[np.asarray(rows)]

    @torch.inference_mode()
    def _compute(self, rows: Sequence[int]) -> None:
        if not len(rows):
            return
        contexts = [self._contexts[i] for i in rows]
        ends = torch.tensor([len(context) - 1 for context in contexts], device=self.model.device)
        at = torch.arange(len(contexts), device=self.model.device)
        # right padding cannot reach back: the model is causal
        logits, hidden = self.model.forward_plain(
            pad_right(contexts, self.model.device), keep=lambda states: states[at, ends]
        )
        self._store(self._rows(rows), logits, hidden)
        self._lengths[np.asarray(rows)] = [len(context) for context in contexts]
