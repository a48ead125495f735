"""What a task is: prompts in two fixed splits, objectives in a fixed order, a length limit, perhaps a partner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

from morl_envs.errors import require, require_one_of
from morl_envs.spec import Prompt, content_hash

__all__ = ["SPLITS", "Partner", "Task"]

SPLITS = ("train", "test")
_BREAK = "\n\n"  # between a prompt and what was said since


@dataclass(frozen=True)
class Partner:
    """Who answers in a task that is a conversation; what has been said so far is one text, the dialogue.

    Args:
        answer: Maps the prompt, the dialogue ("" at the start) and the agent's turn to the dialogue with that turn and
            the reply to it, and whether that ends it. Pure, so that a dialogue can be gone through again.
        turns: Of the agent, at most.
        longest: Characters that a dialogue has at most, whatever the agent says; each encodes to at most one token.
    """

    answer: Callable[[Prompt, str, str], tuple[str, bool]]
    turns: int
    longest: int


@dataclass(frozen=True)
class Task:
    """A source of prompts and the names of the objectives that score an answer.

    Args:
        name: Lower case, one word: ``review``.
        summary: One sentence for tables.
        objectives: Names of objectives (:func:`morl_envs.objectives.get`), in reward order.
        max_new_tokens: Length limit of an answer, or of each turn of a conversation.
        load_prompts: Maps a split name to its prompts; called at most once per split.
        partner: Who answers each turn; None where the agent's first answer is the last word.
    """

    name: str
    summary: str
    objectives: tuple[str, ...]
    max_new_tokens: int
    load_prompts: Callable[[str], tuple[Prompt, ...]] = field(repr=False, compare=False)
    partner: Partner | None = field(default=None, repr=False, compare=False)

    @cached_property
    def _cache(self) -> dict[str, tuple[Prompt, ...]]:
        return {}

    def prompts(self, split: str) -> tuple[Prompt, ...]:
        """The prompts of "train" or "test", always in the same order."""
        require_one_of("split", split, SPLITS)
        if split not in self._cache:
            self._cache[split] = self.load_prompts(split)
        return self._cache[split]

    def only(self, split: str) -> Self:
        """The same task without the prompts of its other split, as environments show it.

        Whoever is trained in an environment can read all that hangs on it; test prompts must not hang there.
        """
        return replace(self, load_prompts=_Only(split, self.prompts(split)))

    def content_hash(self, split: str) -> str:
        """SHA-256 (hex) of a split; see :func:`morl_envs.spec.content_hash`."""
        return content_hash(self.prompts(split))

    @property
    def turns(self) -> int:
        """How often the agent speaks in an episode, at most."""
        return self.partner.turns if self.partner else 1

    @property
    def room(self) -> int:
        """Characters that a dialogue adds to what is shown, at most."""
        return len(_BREAK) + self.partner.longest if self.partner else 0

    def shown(self, prompt: Prompt, dialogue: str) -> str:
        """What the agent reads before its turn: the prompt, and what was said since."""
        return prompt.text + _BREAK + dialogue if self.partner and dialogue else prompt.text

    def continued(self, prompt: Prompt, dialogue: str, turn: str) -> tuple[str, bool]:
        """The dialogue after the agent's turn, and whether it is over; without a partner, `turn` is all of it."""
        return self.partner.answer(prompt, dialogue, turn) if self.partner else (turn, True)

    def as_trl_reward_funcs(self) -> list[Callable[..., list[float]]]:
        """Reward functions for TRL's trainers; see :func:`morl_envs.adapters.trl.reward_funcs`."""
        from morl_envs.adapters.trl import reward_funcs

        return reward_funcs(self)

    def as_trl_dataset(self, split: str = "train") -> Any:
        """The prompts of a split as a data set for TRL's trainers; see :func:`morl_envs.adapters.trl.dataset`."""
        from morl_envs.adapters.trl import dataset

        return dataset(self, split)


@dataclass(frozen=True)
class _Only:
    split: str
    prompts: tuple[Prompt, ...] = field(repr=False)

    def __call__(self, split: str) -> tuple[Prompt, ...]:
        require(split == self.split, "split", f"must be {self.split!r}, that of this environment", split)
        return self.prompts
