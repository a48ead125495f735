"""What a task is: prompts in two fixed splits, objectives in a fixed order, and a length limit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from morl_envs.errors import require_one_of
from morl_envs.spec import Prompt

__all__ = ["SPLITS", "Task"]

SPLITS = ("train", "test")


@dataclass(frozen=True)
class Task:
    """A source of prompts and the names of the objectives that score an answer.

    Args:
        name: Lower case, one word: ``review``.
        summary: One sentence for tables.
        objectives: Names of objectives (:func:`morl_envs.objectives.get`), in reward order.
        max_new_tokens: Length limit of an answer.
        load_prompts: Maps a split name to its prompts; called at most once per split.
    """

    name: str
    summary: str
    objectives: tuple[str, ...]
    max_new_tokens: int
    load_prompts: Callable[[str], tuple[Prompt, ...]] = field(repr=False, compare=False)

    @cached_property
    def _cache(self) -> dict[str, tuple[Prompt, ...]]:
        return {}

    def prompts(self, split: str) -> tuple[Prompt, ...]:
        """The prompts of "train" or "test", always in the same order."""
        require_one_of("split", split, SPLITS)
        if split not in self._cache:
            self._cache[split] = self.load_prompts(split)
        return self._cache[split]

    def content_hash(self, split: str) -> str:
        """SHA-256 (hex) of the ids, texts and references of a split."""
        rows = [[p.id, p.text, p.reference] for p in self.prompts(split)]
        return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()

    def as_trl_reward_funcs(self) -> list[Callable[..., list[float]]]:
        """Reward functions for TRL's trainers; see :func:`morl_envs.adapters.trl.reward_funcs`."""
        from morl_envs.adapters.trl import reward_funcs

        return reward_funcs(self)

    def as_trl_dataset(self, split: str = "train") -> Any:
        """The prompts of a split as a data set for TRL's trainers; see :func:`morl_envs.adapters.trl.dataset`."""
        from morl_envs.adapters.trl import dataset

        return dataset(self, split)
