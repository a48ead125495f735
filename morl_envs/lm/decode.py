"""Batched decoding: every row at its own length, one token a step, over one KV cache that no step copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from morl_envs.lm.cache import Piece, RaggedCache
from morl_envs.lm.graphs import StepGraph
from morl_envs.lm.rows import Rows, active_rows, check_contexts, pad_right

if TYPE_CHECKING:
    from morl_envs.lm.model import CausalModel

__all__ = ["CachedDecoding"]

# padded tokens in one prefill pass; on CPUs, so many that activations stay in the cache
_PREFILL_TOKENS = {"cpu": 1024, "cuda": 8192}
# tokens of new texts that a step takes along where it is not replayed; more make good passes of their own
_IN_LINE_TOKENS = {"cpu": 256}
_BLOCK = {"cpu": 32, "cuda": 256}  # slots by which a cache grows, which undoes a recorded step
_AHEAD = 128  # new tokens that a cache has room for from the first: answers may end long before their limit
_MIN_PREFIX = 4  # a shorter shared prefix is not worth a pass of its own


class CachedDecoding(Rows):
    """Decoding with a KV cache; see :class:`morl_envs.lm.base.Decoding`.

    Equal contexts are prefilled once, and so is the prefix that all contexts share (a chat template's head).
    """

    def __init__(self, model: CausalModel, contexts: Sequence[Sequence[int]], max_new_tokens: int = 1) -> None:
        check_contexts(contexts)
        super().__init__(model, len(contexts))
        room = max(map(len, contexts)) + min(max_new_tokens, _AHEAD)
        self._cache = RaggedCache(model.n_layers, len(contexts), room, _BLOCK.get(model.device.type, 32))
        self._slots = torch.zeros(len(contexts), dtype=torch.int64, device=model.device)  # lengths, where they are used
        self._graph = StepGraph()
        self.replace(range(len(contexts)), contexts)

    @torch.inference_mode()
    def step(
        self,
        tokens: Any,
        active: NDArray[np.bool_] | None = None,
        fresh: Mapping[int, Sequence[int]] | None = None,
    ) -> None:
        """Append one token to each active row, start the rows of `fresh` anew, and compute their next logits.

        Where `tokens` lie on the device and every row is active, nothing waits for it.
        """
        n, device = len(self._lengths), self.model.device
        tokens = torch.as_tensor(tokens, device=device).view(n, 1)
        self._make_room(int(self._lengths.max()) + 1)
        if fresh:
            active = active_rows(n, active, fresh)
            if self._fits_in_line(list(fresh.values())):
                self._step_in_line(tokens, active, fresh)
            else:
                self._step(tokens, active, overwritten=list(fresh))
                self.replace(list(fresh), list(fresh.values()))
        else:
            self._step(tokens, active_rows(n, active, {}))

    def _step(self, tokens: torch.Tensor, active: NDArray[np.bool_], overwritten: Sequence[int] = ()) -> None:
        """A pass with one token in every row, of which those that are not active forget it."""
        n, slots = len(self._lengths), self._slots
        if self.model.replays and not self.model.is_watched:
            shape = (n, self._cache.generation, self.model.version)
            logits, hidden = self._graph(self._forward_step, tokens, slots, shape)
            self.model.replays = not self._graph.has_failed
        else:
            logits, hidden = self._forward_step(tokens, slots)
        self._lengths += active
        self._slots = slots + 1 if active.all() else self._rows(self._lengths)
        computed = active.copy()
        computed[list(overwritten)] = True
        self._update(computed, logits, hidden)

    def _fits_in_line(self, contexts: Sequence[Sequence[int]]) -> bool:
        """Whether a step can take the contexts along, behind the shared prefix as it is."""
        check_contexts(contexts)
        held = self._cache.prefix_tokens
        shared = all(len(c) > len(held) and tuple(c[: len(held)]) == held for c in contexts)
        size = sum(len(context) - len(held) for context in contexts)
        in_line = self.model.in_line and not self.model.replays
        return in_line and shared and size <= _IN_LINE_TOKENS.get(self.model.device.type, 0)

    def _step_in_line(
        self, tokens: torch.Tensor, active: NDArray[np.bool_], fresh: Mapping[int, Sequence[int]]
    ) -> None:
        """One pass over a line of tokens: one of every row, and behind them the contexts of `fresh`."""
        n, device = len(self._lengths), self.model.device
        self._make_room(max(map(len, fresh.values())) + 1)
        start, at = len(self._cache.prefix_tokens), n
        pieces, read_at = [], np.arange(n)  # where each row's last token stands in the line
        for row, context in fresh.items():
            pieces.append(Piece(row, start, at, len(context) - start))
            at += len(context) - start
            read_at[row] = at - 1
        contexts = [torch.tensor(context[start:], device=device) for context in fresh.values()]
        slots = torch.cat([self._slots, *(start + torch.arange(len(part), device=device) for part in contexts)])
        self._cache.begin_step(torch.arange(n, device=device), self._slots, tuple(pieces))
        seen, last = torch.arange(self._cache.capacity, device=device)[None, :], self._rows(read_at)
        logits, hidden = self.model.forward(
            torch.cat([tokens[:, 0], *contexts])[None],
            positions=slots[None],
            allowed=(seen <= slots[:, None])[:, None, None, :],
            distance=(slots[:, None] - seen)[:, None, None, :],
            cache=self._cache,
            keep=lambda states: states[0, last],
            pieces=tuple(pieces),
        )
        self._lengths[active] += 1
        self._lengths[list(fresh)] = [len(context) for context in fresh.values()]
        self._slots = self._rows(self._lengths)
        computed = active.copy()
        computed[list(fresh)] = True
        self._update(computed, logits, hidden)

    @torch.inference_mode()
    def replace(self, rows: Sequence[int], contexts: Sequence[Sequence[int]]) -> None:
        """Start the given rows afresh from new contexts."""
        check_contexts(contexts)
        self._make_room(max(map(len, contexts)) + 1)
        unique = sorted({tuple(context) for context in contexts}, key=len)
        where = {context: i for i, context in enumerate(unique)}
        sources = np.array([where[tuple(context)] for context in contexts])
        targets = np.asarray(rows, dtype=np.int64)
        self._prefill_prefix(unique)
        start, most = 0, _PREFILL_TOKENS.get(self.model.device.type, 8192)
        while start < len(unique):
            stop = self._chunk_end(unique, start, most)
            inside = (sources >= start) & (sources < stop)
            self._prefill(unique[start:stop], targets[inside], sources[inside] - start)
            start = stop
        self._lengths[targets] = [len(context) for context in contexts]
        self._slots = self._rows(self._lengths)

    def select(self, rows: Sequence[int]) -> None:
        """Keep only the given rows, in that order."""
        chosen = self._rows(rows)
        self._graph.forget()
        self._cache.select(chosen)
        self._slots = self._slots[chosen]
        assert self._logits is not None and self._hidden is not None
        self._logits, self._hidden = self._logits[chosen], self._hidden[chosen]
        self._lengths = self._lengths[np.asarray(rows)]

    def _make_room(self, capacity: int) -> None:
        if capacity > self._cache.capacity:
            self._graph.forget()  # which holds the memory that is about to be given back
        self._cache.make_room(capacity)

    def _forward_step(self, tokens: torch.Tensor, slots: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and hidden states after one more token in every row, whose key goes to the row's slot."""
        device = self.model.device
        self._cache.begin_step(torch.arange(len(slots), device=device), slots)
        seen = torch.arange(self._cache.capacity, device=device)[None, :]
        return self.model.forward(
            tokens,
            positions=slots[:, None],
            allowed=(seen <= slots[:, None])[:, None, None, :],
            distance=(slots[:, None] - seen)[:, None, None, :],
            cache=self._cache,
            keep=lambda states: states[:, 0],
        )

    @staticmethod
    def _chunk_end(contexts: Sequence[Sequence[int]], start: int, most: int) -> int:
        """End of the longest run of contexts (sorted by length) whose padded size fits one pass; at least one row."""
        stop = start + 1
        while stop < len(contexts) and (stop + 1 - start) * len(contexts[stop]) <= most:
            stop += 1
        return stop

    def _prefill_prefix(self, contexts: Sequence[tuple[int, ...]]) -> None:
        held = self._cache.prefix_tokens
        if held and all(len(c) > len(held) and c[: len(held)] == held for c in contexts):
            return
        self._cache.drop_prefix()
        if len(contexts) < 2:
            return
        first, last = min(contexts), max(contexts)  # their common prefix is everybody's
        limit = min(map(len, contexts)) - 1  # every row keeps a token of its own, whose logits are needed
        shared = 0
        while shared < limit and first[shared] == last[shared]:
            shared += 1
        if shared >= _MIN_PREFIX:
            self._forward_contexts([first[:shared]])
            self._cache.commit_prefix(first[:shared])

    def _prefill(
        self, contexts: Sequence[tuple[int, ...]], rows: NDArray[np.int64], sources: NDArray[np.int64]
    ) -> None:
        start = len(self._cache.prefix_tokens)
        logits, hidden = self._forward_contexts([context[start:] for context in contexts])
        self._cache.commit(rows.tolist(), sources.tolist())
        origin = self._rows(sources)
        self._store(self._rows(rows), logits[origin], hidden[origin])

    def _forward_contexts(self, contexts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and hidden states at the last token of each context, behind the shared prefix."""
        start, device = len(self._cache.prefix_tokens), self.model.device
        tokens = pad_right(contexts, device)
        ends = torch.tensor([len(context) - 1 for context in contexts], device=device)
        positions = torch.arange(start, start + tokens.shape[1], device=device)
        distance = positions[:, None] - torch.arange(start + tokens.shape[1], device=device)[None, :]
        self._cache.begin_prefill()
        return self.model.forward(
            tokens,
            positions=positions.expand(len(contexts), -1),
            allowed=(distance >= 0)[None, None],
            distance=distance[None, None],
            cache=self._cache,
            keep=lambda states: states[torch.arange(len(contexts), device=device), ends],
        )
