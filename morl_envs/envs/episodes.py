"""n episodes side by side: what the scalar environments (n = 1) and the vector environments share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from morl_envs import lm as language_models
from morl_envs import objectives as known_scorers
from morl_envs import registry
from morl_envs.budget import Meter
from morl_envs.errors import require, require_one_of
from morl_envs.lm.base import Generation, LanguageModel
from morl_envs.objectives.published import choose
from morl_envs.spec import EvaluationProtocol, Prompt
from morl_envs.tasks.base import SPLITS

__all__ = ["Episodes"]


class Episodes(ABC):
    """Prompts, answers and scores of `n` rows under one control.

    Args:
        n: Rows.
        task: Name of a task of the registry.
        lm: Name of a language model (:func:`morl_envs.lm.load`).
        device: Where it runs.
        dtype: What it computes in.
        split: "train" or "test".
        objectives: Names of some of the task's objectives, in reward order; None for all.
        max_new_tokens: Length limit of an answer; None for the task's own.
        scorers: "project", "published" or "published:<folder>" (:func:`morl_envs.objectives.published.choose`).
    """

    single_observation_space: spaces.Space[Any]
    single_action_space: spaces.Space[Any]

    def __init__(
        self,
        n: int,
        task: str,
        lm: str = "embedded",
        device: str = "auto",
        dtype: str = "auto",
        split: str = "train",
        objectives: Sequence[str] | None = None,
        max_new_tokens: int | None = None,
        scorers: str = "project",
    ) -> None:
        require(isinstance(lm, str) and lm != "", "lm", "must be a name, a folder or a hub id", lm)
        require_one_of("split", split, SPLITS)
        self.task = registry.task(task).only(split)
        self.prompts = self.task.prompts(split)
        self.objectives, self.protocol = _chosen(objectives, self.task.objectives, registry.row(task).protocol)
        self.scorers = [choose(scorers, name, known_scorers.get(name), device, dtype) for name in self.objectives]
        limit = self.task.max_new_tokens if max_new_tokens is None else max_new_tokens
        require(isinstance(limit, int) and limit >= 1, "max_new_tokens", "must be at least 1", limit)
        self.max_new_tokens = limit
        self.meter = Meter()
        self._lm_key = (lm, device, dtype)
        self.current: list[Prompt | None] = [None] * n
        self.answers = [""] * n  # whole turns only
        self.taken = np.zeros(n, dtype=np.int64)  # turns
        self.ended = np.ones(n, dtype=bool)
        self.scores = np.zeros((n, len(self.objectives)), dtype=np.float32)

    @cached_property
    def lm(self) -> LanguageModel:
        """The language model, shared by the process; weights load when logits are first needed."""
        return language_models.load(*self._lm_key)

    @property
    def reward_space(self) -> spaces.Box:
        """Bounds of the reward vector: a step before the end earns zeros."""
        low = np.array([min(s.low, 0.0) for s in self.scorers], dtype=np.float32)
        high = np.array([max(s.high, 0.0) for s in self.scorers], dtype=np.float32)
        return spaces.Box(low, high, dtype=np.float32)

    def begin(self, rows: NDArray[np.int64], prompt_indices: NDArray[np.int64]) -> None:
        """Start new episodes in `rows`."""
        for row, index in zip(rows.tolist(), prompt_indices.tolist(), strict=True):
            self.current[row] = self.prompts[index]
            self.answers[row] = ""
        self.scores[rows] = 0
        self.taken[rows] = 0
        self.ended[rows] = False

    def shown(self, row: int) -> str:
        """What the agent reads: the prompt, and in a conversation what was said since."""
        prompt = self.current[row]
        return self.task.shown(prompt, self.answers[row]) if prompt else ""

    def take_turns(
        self, rows: NDArray[np.int64], turns: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Add a whole turn to each row's answer, and score those that end with it.

        Returns:
            Reward vectors, shape ``(len(rows), k)``, zeros where the answer goes on; whether each ended.
        """
        prompts, answers, done = self._continued(rows.tolist(), turns)
        rewards = np.zeros((len(rows), len(self.objectives)), dtype=np.float32)
        if done.any():  # scored before anything is kept: a scorer may raise
            last = np.flatnonzero(done)
            rewards[done] = self.score([prompts[i] for i in last], [answers[i] for i in last])
        for row, answer in zip(rows.tolist(), answers, strict=True):
            self.answers[row] = answer
        self.scores[rows], self.ended[rows] = rewards, done
        self.taken[rows] += 1
        return rewards, done

    def score_turns(self, rows: Sequence[int], turns: Sequence[str]) -> NDArray[np.float32]:
        """What the rows' answers would earn if they ended with these turns, shape ``(len(rows), k)``; none is taken."""
        prompts, answers, _ = self._continued(rows, turns)
        return self.score(prompts, answers)

    def _continued(
        self, rows: Sequence[int], turns: Sequence[str]
    ) -> tuple[list[Prompt], list[str], NDArray[np.bool_]]:
        prompts = [prompt for row in rows if (prompt := self.current[row]) is not None]
        found = [
            self.task.continued(prompt, self.answers[row], turn)
            for prompt, row, turn in zip(prompts, rows, turns, strict=True)
        ]
        return prompts, [answer for answer, _ in found], np.array([over for _, over in found], dtype=bool)

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """Reward vectors of answers, shape ``(n, k)``; each counts as a scored completion.

        Raises:
            ScoringError: if an objective fails.
            BudgetExceeded: before anything is scored.
        """
        self.meter.charge(scored_completions=len(completions))
        stripped = [completion.strip() for completion in completions]
        columns = [known_scorers.checked_scores(scorer, prompts, stripped) for scorer in self.scorers]
        return np.stack(columns, axis=1)

    def generate(self, prompts: Sequence[Prompt], *, seeds: Sequence[int], **settings: Any) -> list[Generation]:
        """:meth:`LanguageModel.generate` on the meter; a prompt under the same seed is answered, and paid for, once.

        Raises:
            BudgetExceeded: if the tokens drawn pass the budget.
        """
        settings.setdefault("max_new_tokens", self.max_new_tokens)
        require(len(seeds) == len(prompts), "seeds", f"must be as many as prompts ({len(prompts)})", len(seeds))
        asked = [(prompt.text, int(seed)) for prompt, seed in zip(prompts, seeds, strict=True)]
        rows: dict[tuple[str, int], list[int]] = {}
        for row, key in enumerate(asked):
            rows.setdefault(key, []).append(row)
        if on_finish := settings.pop("on_finish", None):
            waiting = list(rows.values())
            settings["on_finish"] = lambda i, answer: [on_finish(row, answer) for row in waiting[i]]
        drawn = self.lm.generate([text for text, _ in rows], seeds=[seed for _, seed in rows], **settings)
        tokens = sum(len(answer.tokens) for answer in drawn)
        self.meter.charge(generated_tokens=tokens, forward_passes=tokens)
        answers = dict(zip(rows, drawn, strict=True))
        return [answers[key] for key in asked]

    def close(self) -> None:  # noqa: B027  # nothing to release unless a control holds a cache
        """Release what the episodes hold."""

    @abstractmethod
    def observe(self, rows: NDArray[np.int64]) -> Any:
        """Observations of `rows`, batched as Gymnasium batches them; fresh arrays."""

    @abstractmethod
    def step(self, rows: NDArray[np.int64], actions: Any) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Act in `rows`; rewards ``(len(rows), k)`` and whether each episode ended."""

    @abstractmethod
    def text(self, row: int) -> str:
        """The answer so far."""

    def components(self, reward: NDArray[np.float32]) -> dict[str, float]:
        """The reward vector by objective."""
        return dict(zip(self.objectives, map(float, reward), strict=True))


def _chosen(
    chosen: Sequence[str] | None, known: tuple[str, ...], protocol: EvaluationProtocol
) -> tuple[tuple[str, ...], EvaluationProtocol]:
    if chosen is None:
        return known, protocol
    names = (chosen,) if isinstance(chosen, str) else tuple(chosen)
    require(len(names) > 0 and len(set(names)) == len(names), "objectives", "must be distinct and not empty", chosen)
    for name in names:
        require_one_of("objectives", name, known)
    at = [known.index(name) for name in names]
    ref_point, ideal, nadir = (
        tuple(values[i] for i in at) for values in (protocol.ref_point, protocol.ideal, protocol.nadir)
    )
    return names, replace(protocol, ref_point=ref_point, ideal=ideal, nadir=nadir)
