"""What every way of decoding a batch keeps of its rows, and the checks of what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from morl_envs.errors import require
from morl_envs.lm.sampling import draw

if TYPE_CHECKING:
    from morl_envs.lm.model import CausalModel

__all__ = ["Rows", "active_rows", "check_contexts", "pad_right"]


def pad_right(contexts: Sequence[Sequence[int]], device: torch.device) -> torch.Tensor:
    """Token ids as one int64 tensor ``(rows, longest)``, zeros after each row's end."""
    width = max(map(len, contexts))
    padded = np.zeros((len(contexts), width), dtype=np.int64)
    for i, context in enumerate(contexts):
        padded[i, : len(context)] = context
    return torch.from_numpy(padded).to(device)


def check_contexts(contexts: Sequence[Sequence[int]]) -> None:
    """Refuse a batch without rows, and a row without tokens."""
    require(len(contexts) > 0, "contexts", "must hold at least one row", contexts)
    for i, context in enumerate(contexts):
        require(len(context) > 0, f"contexts[{i}]", "must hold at least one token", context)


def active_rows(n: int, active: NDArray[np.bool_] | None, fresh: Mapping[int, Sequence[int]]) -> NDArray[np.bool_]:
    """Which rows take a step: those marked, none of which may be in `fresh`; without marks, all that are not."""
    mask = np.ones(n, dtype=bool) if active is None else np.array(active, dtype=bool)
    if active is None:
        mask[list(fresh)] = False
    require(not mask[list(fresh)].any(), "active", "must not mark rows that start afresh", active)
    return mask


class Rows:
    """The next-token logits, the hidden states and the lengths of the rows."""

    def __init__(self, model: CausalModel, n_rows: int) -> None:
        self.model = model
        self._lengths = np.zeros(n_rows, dtype=np.int64)
        self._logits: torch.Tensor | None = None
        self._hidden: torch.Tensor | None = None

    @property
    def logits(self) -> torch.Tensor:
        """Next-token logits, a fresh float32 tensor of shape ``(n, vocabulary)``."""
        assert self._logits is not None  # every constructor prefills
        return self._logits.to(torch.float32, copy=True)

    def draw(
        self, u: torch.Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
    ) -> torch.Tensor:
        """One next token a row; see :func:`morl_envs.lm.sampling.draw`. Spares the copy that `logits` is."""
        assert self._logits is not None
        return draw(self._logits, u, temperature, top_k, top_p)

    @property
    def hidden(self) -> torch.Tensor:
        """What the output layer read, a fresh float32 tensor of shape ``(n, hidden_size)``."""
        assert self._hidden is not None
        return self._hidden.to(torch.float32, copy=True)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens held per row, shape ``(n,)``."""
        return self._lengths.copy()

    def _update(self, computed: NDArray[np.bool_], logits: torch.Tensor, hidden: torch.Tensor) -> None:
        """Keep, of what a pass gave for every row, what it gave for those that are marked."""
        if computed.all():
            self._logits, self._hidden = logits, hidden
        else:
            rows = self._rows(np.flatnonzero(computed))
            self._store(rows, logits[rows], hidden[rows])

    def _store(self, rows: torch.Tensor, logits: torch.Tensor, hidden: torch.Tensor) -> None:
        n = len(self._lengths)
        if self._logits is None or self._hidden is None:
            self._logits = logits.new_zeros((n, logits.shape[-1]))
            self._hidden = hidden.new_zeros((n, hidden.shape[-1]))
        self._logits.index_copy_(0, rows, logits)
        self._hidden.index_copy_(0, rows, hidden)

    def _rows(self, rows: Sequence[int] | NDArray[np.int64]) -> torch.Tensor:
        # a copy: lengths given here change later, and a tensor would share their memory
        return torch.as_tensor(np.array(rows, dtype=np.int64), device=self.model.device)
