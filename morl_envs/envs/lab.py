"""The `lab` control: few enough answers that each one is known, and with them the exact front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs import registry
from morl_envs.envs.answers import AnswerSets, shipped
from morl_envs.envs.choice import ChoiceEpisodes
from morl_envs.envs.scalar import TextEnv
from morl_envs.envs.vector import TextVectorEnv
from morl_envs.errors import require
from morl_envs.lm.base import LanguageModel
from morl_envs.spec import Prompt
from morl_envs.tasks.base import Task

__all__ = ["CANDIDATES", "DECISIONS", "LATTICE", "LabEnv", "LabEpisodes", "LabVectorEnv"]

DECISIONS = 5
CANDIDATES = 4
_STRIDE = 7  # tokens a decision: the chosen one, and the model's own likeliest ones after it
LATTICE = 16  # scores are rounded to multiples of 1/16, so that fronts of averages stay finite


class LabEpisodes(ChoiceEpisodes):
    """Rows written by a few choices, each carried on by the model."""

    def __init__(self, n: int, task: str, **kwargs: Any) -> None:
        for name, fixed in (("max_new_tokens", DECISIONS * _STRIDE), ("n_candidates", CANDIDATES)):
            given = kwargs.pop(name, None)
            require(given in (None, fixed), name, f"must be left out: it is {fixed} in a lab", given)
            kwargs[name] = fixed
        super().__init__(n, task, **kwargs)
        id = registry.row(task).id("lab")
        self.prompts = registry.prompts(id, "train")  # under either split: nothing is generalised here
        self.protocol = replace(self.protocol, n_prompts=len(self.prompts))

    def step(self, rows: NDArray[np.int64], actions: Any) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Append the chosen candidates, then greedily the rest of the stride."""
        rewards, done = super().step(rows, actions)
        for _ in range(_STRIDE - 1):
            live = np.flatnonzero(~done)
            if not len(live):
                break
            likeliest = self.decoding.logits[rows[live]].argmax(-1).cpu().numpy()
            rewards[live], done[live] = self.append(rows[live], likeliest)
        return rewards, done

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """Reward vectors rounded to multiples of 1/16, shape ``(n, k)``."""
        return np.round(super().score(prompts, completions) * LATTICE) / np.float32(LATTICE)


class _Known:
    """What is known of a lab: its front, and the best answers for any weights."""

    lm: LanguageModel
    task: Task
    objectives: tuple[str, ...]

    def _answers(self) -> AnswerSets:
        name, dtype = self.lm.name, getattr(self.lm, "dtype", "float32")
        require(name == "embedded", "lm", "must be 'embedded': fronts are known for its answers only", name)
        require(dtype == "float32", "dtype", "must be 'float32': others choose other words", dtype)
        return shipped(self.task.name, self.objectives)

    def pareto_front(self, gamma: float = 1.0, n_prompts: int | None = None) -> list[NDArray[np.float64]]:
        """Mean returns over the prompts of all deterministic policies that no other dominates; each of shape ``(k,)``.

        Exact: every answer was enumerated (``morl-envs enumerate``), and averages of lattice points are lattice points.

        Args:
            gamma: Discount.
            n_prompts: Over how many of the prompts, the first ones; None for all.
        """
        known = self._answers()
        return list((known if n_prompts is None else known.first(n_prompts)).pareto_front(gamma))

    def convex_coverage_set(self, gamma: float = 1.0) -> list[NDArray[np.float64]]:
        """The points of the front that are best for some linear weights; each of shape ``(k,)``."""
        return list(self._answers().convex_coverage_set(gamma))

    def optimal_actions(self, weights: ArrayLike, gamma: float = 1.0) -> list[list[int]]:
        """For each of the prompts, the actions of an answer that is best for `weights`, shape ``(k,)``."""
        return self._answers().optimal_actions(np.asarray(weights, dtype=np.float64), gamma)


class LabEnv(_Known, TextEnv):
    """Five decisions write a whole answer, and all answers are known.

    ## Description
    At each decision the language model proposes its four likeliest tokens; the agent picks one, and the model carries
    on with its own likeliest tokens until seven are written. There are 8 prompts and at most 1,024 answers to each, all
    enumerated with the embedded model: ``env.unwrapped.pareto_front()``, ``convex_coverage_set()`` and
    ``optimal_actions(weights)`` are exact.

    ## Observation Space
    `Box(n_features + 1 + 4)`, as for `choice`.

    ## Action Space
    `Discrete(4)`: 0 is the likeliest token; equals are ordered by token id.

    ## Reward Space
    `Box(k)`: zeros until the answer ends, then one score per objective, rounded to a multiple of 1/16, all to be
    maximised.

    ## Starting State
    One of the task's first 8 training prompts, under either split, drawn by the environment's generator or named by
    ``options={"prompt_index": i}``.

    ## Episode Termination
    On an end-of-text token, or after 35 tokens. Episodes are never truncated.

    ## Arguments
    `n_features`; `lm`, `device`, `dtype`, `split`, `objectives`, `render_mode` as for `token`. Fronts are known for
    ``lm="embedded"`` in float32, and for any other model through ``morl-envs enumerate`` and
    :func:`morl_envs.envs.answers.load`.

    ## Version History
    * v0: first release.
    """

    episodes = LabEpisodes


class LabVectorEnv(_Known, TextVectorEnv):
    """Many :class:`LabEnv` over one model and one KV cache; see :class:`TextVectorEnv` for its arguments."""

    episodes = LabEpisodes
