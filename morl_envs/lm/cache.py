"""One preallocated KV cache for a ragged batch, in the shape that transformers' models ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

from morl_envs.lm.kernels import kernels

__all__ = ["Piece", "RaggedCache"]

_FEW = 4  # rows that are faster written one by one than by their indices


def _grown(store: torch.Tensor, capacity: int) -> torch.Tensor:
    """A copy with room for `capacity` slots; each number is written once, as fresh memory is slow to touch."""
    held = store.shape[2]
    grown = store.new_empty((*store.shape[:2], capacity, store.shape[3]))
    grown[:, :, :held] = store
    grown[:, :, held:] = 0  # attention gives these slots no weight, but no weight times NaN is NaN
    return grown


class _RaggedLayer(CacheLayerMixin):
    """Keys and values of one layer; row i holds its tokens in slots 0 … length_i - 1, without padding in between.

    What `update` does is told by the owning :class:`RaggedCache`: during a prefill new keys are only collected
    (behind the shared prefix); during a step each row's key is written to its own slot.
    """

    is_sliding = False

    def __init__(self, cache: RaggedCache) -> None:
        super().__init__()
        self.cache = cache
        self.fresh: tuple[torch.Tensor, torch.Tensor] | None = None
        self.prefix: tuple[torch.Tensor, torch.Tensor] | None = None

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        rows, capacity = self.cache.n_rows, self.cache.capacity
        # heads and widths can differ between keys and values, and between layers
        self.keys = key_states.new_zeros((rows, key_states.shape[1], capacity, key_states.shape[3]))
        self.values = value_states.new_zeros((rows, value_states.shape[1], capacity, value_states.shape[3]))
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        step = self.cache.pending_step
        if step is not None and step.pieces:
            self._take_flat(step, key_states[0], value_states[0])
            return self.keys, self.values
        if step is not None:
            compiled = kernels() if self.keys.is_cpu else None
            if not (compiled and compiled.put(key_states, value_states, self.keys, self.values, step.slots)):
                self.keys[step.rows, :, step.slots] = key_states[:, :, 0]
                self.values[step.rows, :, step.slots] = value_states[:, :, 0]
            return self.keys, self.values  # whole: a slice would be copied by each matrix product
        self.fresh = (key_states, value_states)
        if self.prefix is None:
            return self.fresh
        count = key_states.shape[0]
        keys, values = (part.expand(count, -1, -1, -1) for part in self.prefix)
        return torch.cat([keys, key_states], dim=2), torch.cat([values, value_states], dim=2)

    def _take_flat(self, step: _Step, *states: torch.Tensor) -> None:
        """Store keys and values ``(heads, tokens, width)`` of one token a row, then of the pieces of new texts."""
        for part, (store, fresh) in enumerate(zip((self.keys, self.values), states, strict=True)):
            store[step.rows, :, step.slots] = fresh[:, : len(step.rows)].transpose(0, 1)
            for piece in step.pieces:  # behind the step, which writes in the rows that begin anew too
                store[piece.row, :, piece.start : piece.end] = fresh[:, piece.tokens]
                if self.prefix is not None:
                    store[piece.row, :, : piece.start] = self.prefix[part][0]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.get_seq_length() + query_length, 0

    def get_seq_length(self) -> int:
        return 0 if self.prefix is None else self.prefix[0].shape[2]

    def get_max_length(self) -> int:
        return self.cache.capacity


@dataclass(frozen=True)
class Piece:
    """Consecutive tokens of a new text, computed in the same pass as a step of all rows.

    Args:
        row: Which row the text is for.
        start: Slot of the first; those before it hold the shared prefix.
        at: Where the first stands in the pass.
        length: Tokens.
    """

    row: int
    start: int
    at: int
    length: int

    @property
    def end(self) -> int:
        """The slot behind the last."""
        return self.start + self.length

    @property
    def tokens(self) -> slice:
        """Where they stand in the pass."""
        return slice(self.at, self.at + self.length)


@dataclass(frozen=True)
class _Step:
    rows: torch.Tensor  # (n,)
    slots: torch.Tensor  # (n,): where each row's new key goes
    pieces: tuple[Piece, ...]


class RaggedCache(Cache):
    """KV cache of `n_rows` rows with room for `capacity` tokens each, allocated a block ahead of need.

    Attention reads all slots, so that no step copies the cache; a block bounds what is read in vain.
    """

    def __init__(self, n_layers: int, n_rows: int, capacity: int, block: int = 32) -> None:
        self.n_rows = n_rows
        self.block = block
        self.capacity = self._whole_blocks(capacity)
        self.generation = 0  # counts how often keys and values moved to other memory
        self.pending_step: _Step | None = None
        self.prefix_tokens: tuple[int, ...] = ()
        self._with_prefix: set[int] = set()  # rows whose first slots hold it
        super().__init__(layers=[_RaggedLayer(self) for _ in range(n_layers)])

    def begin_prefill(self) -> None:
        """From now on keys are collected, to be stored by :meth:`commit` or :meth:`commit_prefix`."""
        self.pending_step = None

    def begin_step(self, rows: torch.Tensor, slots: torch.Tensor, pieces: tuple[Piece, ...] = ()) -> None:
        """From now on one key per row is written to ``slots``, and all slots are read.

        With `pieces`, a pass is one line of tokens: a step of every row, and behind it the pieces.
        """
        self.pending_step = _Step(rows, slots, pieces)

    def commit_prefix(self, tokens: tuple[int, ...]) -> None:
        """Keep the collected keys of a one-row prefill as the prefix that later prefills continue."""
        for layer in self.layers:
            layer.prefix, layer.fresh = layer.fresh, None
        self.prefix_tokens = tokens

    def drop_prefix(self) -> None:
        """Forget the shared prefix."""
        for layer in self.layers:
            layer.prefix = None
        self.prefix_tokens = ()
        self._with_prefix.clear()

    def commit(self, rows: Sequence[int], sources: Sequence[int]) -> None:
        """Store the collected keys: row ``rows[i]`` takes prefix and fresh keys of prefill row ``sources[i]``."""
        device = self.layers[0].keys.device
        lacking = torch.as_tensor([row for row in rows if row not in self._with_prefix], device=device)
        targets, origin = torch.as_tensor(rows, device=device), torch.as_tensor(sources, device=device)
        for layer in self.layers:
            start = 0 if layer.prefix is None else layer.prefix[0].shape[2]
            for part, (store, fresh) in enumerate(zip((layer.keys, layer.values), layer.fresh, strict=True)):
                behind = store[:, :, start : start + fresh.shape[2]]
                if len(rows) > _FEW:
                    behind[targets] = fresh[origin]
                else:
                    for row, source in zip(rows, sources, strict=True):
                        behind[row] = fresh[source]
                if start and len(lacking):
                    store[lacking, :, :start] = layer.prefix[part]
            layer.fresh = None
        self._with_prefix.update(rows)

    def make_room(self, capacity: int) -> None:
        """Hold at least `capacity` tokens a row from now on."""
        if capacity <= self.capacity:
            return
        self.capacity = self._whole_blocks(capacity)
        self.generation += 1
        for layer in self.layers:
            if layer.is_initialized:
                layer.keys = _grown(layer.keys, self.capacity)
                layer.values = _grown(layer.values, self.capacity)

    def select(self, rows: torch.Tensor) -> None:
        """Keep only the given rows, in that order."""
        self.n_rows = len(rows)
        self.generation += 1
        self._with_prefix = {new for new, old in enumerate(rows.tolist()) if old in self._with_prefix}
        for layer in self.layers:
            layer.keys, layer.values = layer.keys[rows], layer.values[rows]

    def _whole_blocks(self, slots: int) -> int:
        return -(-slots // self.block) * self.block
