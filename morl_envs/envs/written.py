"""Episodes written token by token: what the `token` and `choice` controls share."""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs import registry
from morl_envs.envs.episodes import Episodes
from morl_envs.errors import require
from morl_envs.lm.base import Decoding, LanguageModel
from morl_envs.tasks.base import SPLITS

__all__ = ["WrittenEpisodes"]


class WrittenEpisodes(Episodes):
    """Rows of tokens, and a KV cache that follows them only when logits are asked for."""

    def __init__(self, n: int, task: str, **kwargs: Any) -> None:
        super().__init__(n, task, **kwargs)
        self.max_length = _longest_prompt(self.lm, task) + self.task.room + self.max_new_tokens
        self._ends = np.isin(np.arange(self.lm.vocabulary_size), sorted(self.lm.end_token_ids))
        self.tokens = np.zeros((n, self.max_length), dtype=np.int64)
        self.starts = np.zeros(n, dtype=np.int64)
        self.lengths = np.zeros(n, dtype=np.int64)
        self._decoding: Decoding | None = None
        self._context_of = np.zeros(n, dtype=np.int64)  # counts the contexts that a row was given
        self._held: NDArray[np.int64] = np.zeros((2, n), dtype=np.int64)  # (context, length) that the cache has seen

    def begin(self, rows: NDArray[np.int64], prompt_indices: NDArray[np.int64]) -> None:
        """Start new episodes: each row holds its prompt's tokens."""
        super().begin(rows, prompt_indices)
        self._open(rows)

    def append(self, rows: NDArray[np.int64], tokens: Any) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Write one token a row; turns that end are decoded and taken together."""
        ids = np.asarray(tokens, dtype=np.int64)
        lengths = self.lengths[rows]
        # rows that the model had read as they are: what it computes in passing for others is not theirs to pay
        looked = (self._held[0, rows] == self._context_of[rows]) & (self._held[1, rows] == lengths)
        self.meter.charge(generated_tokens=len(rows), forward_passes=int(looked.sum()))
        self.tokens[rows, lengths] = ids
        self.lengths[rows] = lengths + 1
        closed = self._ends[ids] | (lengths + 1 - self.starts[rows] >= self.max_new_tokens)
        rewards = np.zeros((len(rows), len(self.objectives)), dtype=np.float32)
        done = np.zeros(len(rows), dtype=bool)
        if closed.any():
            turns = rows[closed]
            rewards[closed], done[closed] = self.take_turns(turns, self.lm.decode(self._turns(turns)))
            if not done[closed].all():
                self._open(turns[~self.ended[turns]])
        return rewards, done

    def text(self, row: int) -> str:
        """The answer so far."""
        if self.ended[row]:
            return self.answers[row]
        return "\n".join(part for part in (self.answers[row], self.lm.decode(self._turns(np.array([row])))[0]) if part)

    @property
    def decoding(self) -> Decoding:
        """The KV cache, brought up to date: rows that gained one token step together, others are prefilled again."""
        now = np.stack([self._context_of, self.lengths])
        if self._decoding is None:
            contexts = [self._context(row) for row in range(len(self.current))]
            self._decoding = self.lm.start(contexts, max_new_tokens=self.max_new_tokens)
        elif (now != self._held).any():
            same = now[0] == self._held[0]
            stepped = same & (now[1] == self._held[1] + 1)
            stale = np.flatnonzero(~stepped & (now != self._held).any(axis=0)).tolist()
            fresh = {row: self._context(row) for row in stale}
            if stepped.any():
                last = self.tokens[np.arange(len(same)), np.maximum(self.lengths - 1, 0)]
                self._decoding.step(last, stepped, fresh)
            else:
                self._decoding.replace(list(fresh), list(fresh.values()))
        self._held = now
        return self._decoding

    @property
    def next_token_logits(self) -> NDArray[np.float32]:
        """The model's logits for the next token of every row, shape ``(n, vocabulary)``."""
        logits: NDArray[np.float32] = self.decoding.logits.cpu().numpy()
        return logits

    def sample_next_tokens(
        self, u: ArrayLike, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
    ) -> NDArray[np.int64]:
        """The model's own draw of every row's next token, shape ``(n,)``, where its logits are: they are not copied.

        Args:
            u: A number in [0, 1) for each row, shape ``(n,)``, which decides the draw
                (:func:`morl_envs.lm.sampling.draw`).
            temperature: Divides the logits; 0 is greedy.
            top_k: Only the k likeliest tokens can be drawn.
            top_p: Only the smallest set of likeliest tokens whose probability reaches top_p can be drawn.
        """
        import torch

        from morl_envs.lm.sampling import check_sampling

        check_sampling(temperature, top_k, top_p)
        given = np.array(u, dtype=np.float64)
        valid = given.shape == self.lengths.shape and bool(((given >= 0) & (given < 1)).all())
        require(valid, "u", f"must be {len(self.lengths)} numbers in [0, 1)", u)
        tokens: NDArray[np.int64] = self.decoding.draw(torch.from_numpy(given), temperature, top_k, top_p).cpu().numpy()
        return tokens

    def close(self) -> None:
        """Release the cache."""
        self._decoding = None

    def _open(self, rows: NDArray[np.int64]) -> None:
        """Begin a turn: each row holds the tokens of what is shown."""
        contexts = self.lm.encode_prompts([self.shown(row) for row in rows.tolist()])
        lengths = np.fromiter(map(len, contexts), dtype=np.int64, count=len(rows))
        held = np.zeros((len(rows), self.max_length), dtype=np.int64)
        held[np.arange(self.max_length) < lengths[:, None]] = np.fromiter(chain.from_iterable(contexts), dtype=np.int64)
        self.tokens[rows] = held
        self.starts[rows] = self.lengths[rows] = lengths
        self._context_of[rows] += 1

    def _context(self, row: int) -> list[int]:
        # a row that has not been reset yet still needs a token to compute on
        held: list[int] = self.tokens[row, : self.lengths[row]].tolist()
        return held or [0]

    def _turns(self, rows: NDArray[np.int64]) -> list[list[int]]:
        """The tokens that each row has of its turn so far."""
        spans = zip(rows.tolist(), self.starts[rows].tolist(), self.lengths[rows].tolist(), strict=True)
        return [self.tokens[row, start:end].tolist() for row, start, end in spans]


@cache
def _longest_prompt(lm: LanguageModel, task: str) -> int:
    """Tokens of the longest prompt of either split; no text is kept where an agent in training could find it."""
    texts = [prompt.text for split in SPLITS for prompt in registry.task(task).prompts(split)]
    return max(map(len, lm.encode_prompts(texts, remember=False)))
