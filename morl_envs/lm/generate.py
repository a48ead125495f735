"""Answering many prompts with continuous batching: a row whose answer ends takes the next prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from morl_envs.errors import require
from morl_envs.lm.base import Generation
from morl_envs.lm.sampling import check_sampling, uniforms

if TYPE_CHECKING:
    from morl_envs.lm.hf import HuggingFaceLM

__all__ = ["Settings", "generate"]

_LOOK = {"cuda": 8}  # tokens between two looks at what was drawn: each look waits for the device


@dataclass(frozen=True)
class Settings:
    """How answers are drawn; see :meth:`morl_envs.lm.base.LanguageModel.generate`."""

    max_new_tokens: int
    temperature: float
    top_k: int | None
    top_p: float | None
    batch_size: int

    def __post_init__(self) -> None:
        require(self.max_new_tokens >= 1, "max_new_tokens", "must be at least 1", self.max_new_tokens)
        require(self.batch_size >= 1, "batch_size", "must be at least 1", self.batch_size)
        check_sampling(self.temperature, self.top_k, self.top_p)


def generate(
    lm: HuggingFaceLM,
    prompts: Sequence[str],
    seeds: Sequence[int],
    settings: Settings,
    on_finish: Callable[[int, Generation], None] | None,
) -> list[Generation]:
    """Answer each prompt, at most ``settings.batch_size`` at a time."""
    require(len(seeds) == len(prompts), "seeds", f"must be as many as prompts ({len(prompts)})", len(seeds))
    if not prompts:
        return []
    writer = _Writer(lm, lm.encode_prompts(prompts), seeds, settings)
    found: list[Generation | None] = [None] * len(prompts)
    while writer.jobs:
        for job, tokens, ended in writer.step():
            text = lm.decode([tokens])[0]
            answer = Generation(text, np.array(tokens, dtype=np.int64), ended)
            found[job] = answer
            if on_finish is not None:
                on_finish(job, answer)
    return [answer for answer in found if answer is not None]


class _Writer:
    """The rows in flight: which prompt each answers, its tokens so far, its random numbers."""

    def __init__(self, lm: HuggingFaceLM, contexts: list[list[int]], seeds: Sequence[int], settings: Settings) -> None:
        self.settings = settings
        self.contexts = contexts
        self.seeds = seeds
        self.ends = lm.end_token_ids
        self.jobs = list(range(min(settings.batch_size, len(contexts))))
        self.waiting = iter(range(len(self.jobs), len(contexts)))
        self.written: list[list[int]] = [[] for _ in self.jobs]
        device = lm.device
        self.look = _LOOK.get(torch.device(device).type, 1)
        self.random = torch.from_numpy(np.stack([uniforms(seeds[job], settings.max_new_tokens) for job in self.jobs]))
        self.random = self.random.to(device)
        longest = max(map(len, contexts))  # later rows have to fit the model's positions too
        room = settings.max_new_tokens + longest - max(len(contexts[job]) for job in self.jobs)
        self.decoding: Any = lm.start([contexts[job] for job in self.jobs], max_new_tokens=room)

    def step(self) -> list[tuple[int, list[int], bool]]:
        """Write some tokens in every row; return (prompt index, tokens, ended by the model) of the answers that end."""
        drawn = self._draw()
        done: list[int] = []
        finished: list[tuple[int, list[int], bool]] = []
        for row, ids in enumerate(drawn.tolist()):
            end = next((i for i, token in enumerate(ids) if token in self.ends), None)
            self.written[row] += ids if end is None else ids[: end + 1]
            if end is not None or len(self.written[row]) == self.settings.max_new_tokens:
                done.append(row)
                finished.append((self.jobs[row], self.written[row], end is not None))
        tokens = self._refill(done, drawn[:, -1])
        if self.jobs:
            self._advance(tokens)
        return finished

    def _draw(self) -> torch.Tensor:
        """The next tokens of every row, ``(rows, tokens)``: several where a look at each would keep a device waiting.

        What a row draws behind its end is dropped; no row passes its limit.
        """
        s = self.settings
        at = torch.tensor([len(tokens) for tokens in self.written], device=self.random.device)
        rows = torch.arange(len(self.written), device=self.random.device)
        count = min(self.look, s.max_new_tokens - max(map(len, self.written)))
        drawn: list[torch.Tensor] = []
        for i in range(count):
            if i:
                self.decoding.step(drawn[-1])
            drawn.append(self.decoding.draw(self.random[rows, at + i], s.temperature, s.top_k, s.top_p))
        return torch.stack(drawn, dim=1)

    def _refill(self, done: list[int], tokens: torch.Tensor) -> torch.Tensor:
        """Give the rows that ended their next prompts; drop the rows for which there is none."""
        self.fresh = []
        dropped = set()
        for row in done:
            job = next(self.waiting, None)
            if job is None:
                dropped.add(row)
                continue
            self.fresh.append(row)
            self.jobs[row] = job
            self.written[row] = []
            self.random[row] = torch.from_numpy(uniforms(self.seeds[job], self.settings.max_new_tokens))
        if dropped:
            kept = [row for row in range(len(self.jobs)) if row not in dropped]
            self.fresh = [kept.index(row) for row in self.fresh]
            self.jobs = [self.jobs[row] for row in kept]
            self.written = [self.written[row] for row in kept]
            self.random = self.random[kept]
            if kept:
                self.decoding.select(kept)
            tokens = tokens[torch.as_tensor(kept, dtype=torch.int64, device=tokens.device)]
        return tokens

    def _advance(self, tokens: torch.Tensor) -> None:
        active = np.ones(len(self.jobs), dtype=bool)
        active[self.fresh] = False
        fresh = {row: self.contexts[self.jobs[row]] for row in self.fresh}
        if active.any():
            self.decoding.step(tokens, active, fresh)
        else:
            self.decoding.replace(list(fresh), list(fresh.values()))
