"""All answers worth giving in a lab, and the exact sets that follow from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import moocore
import numpy as np
from numpy.typing import NDArray

from morl_envs.envs.dial.fronts import winners
from morl_envs.errors import ModelUnavailable, require, require_one_of

__all__ = ["AnswerSets", "best_answers", "read", "shipped"]

_DATA = resources.files("morl_envs.envs") / "data"


@dataclass(frozen=True)
class AnswerSets:
    """Per prompt, the answers that no other beats in reward and speed together.

    Args:
        lattice: Scores are multiples of ``1 / lattice``.
        points: Per prompt, scores times `lattice`, int64, ``(n, k)``.
        steps: Per prompt, how many decisions each answer takes, ``(n,)``.
        actions: Per prompt, the decisions of each answer.
    """

    lattice: int
    points: tuple[NDArray[np.int64], ...]
    steps: tuple[NDArray[np.int64], ...]
    actions: tuple[list[list[int]], ...]

    def pareto_front(self, gamma: float = 1.0) -> NDArray[np.float64]:
        """Mean returns over the prompts that no deterministic policy dominates, shape ``(n, k)``, sorted.

        Whole numbers are added and pruned prompt by prompt, so that the result is exact for ``gamma=1``.
        """
        require(0 < gamma <= 1, "gamma", "must be in (0, 1]", gamma)
        total: NDArray[np.float64] = np.zeros((1, self.points[0].shape[1]))
        for values in self._discounted(gamma):
            sums = (total[:, None] + values[None]).reshape(-1, total.shape[1])
            total = _front(sums)
        return total / (self.lattice * len(self.points))

    def convex_coverage_set(self, gamma: float = 1.0) -> NDArray[np.float64]:
        """The points of the front that win for some linear weights, shape ``(n, k)``, sorted."""
        scale = self.lattice * len(self.points)
        return winners(self.pareto_front(gamma) * scale) / scale

    def optimal_actions(self, weights: NDArray[np.float64], gamma: float = 1.0) -> list[list[int]]:
        """Per prompt, the decisions of an answer that maximises ``weights @ return``."""
        k = self.points[0].shape[1]
        require(weights.shape == (k,), "weights", f"must have shape ({k},)", weights.shape)
        return [
            actions[int((values @ weights).argmax())]
            for values, actions in zip(self._discounted(gamma), self.actions, strict=True)
        ]

    def _discounted(self, gamma: float) -> Iterable[NDArray[np.float64]]:
        # the reward comes with the last decision
        return (p * gamma ** (s[:, None] - 1.0) for p, s in zip(self.points, self.steps, strict=True))


def best_answers(points: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the answers that no other matches in reward and speed and beats in one, each value once."""
    both = np.column_stack([points, -steps]).astype(np.float64)
    return np.flatnonzero(moocore.is_nondominated(both, maximise=True, keep_weakly=False))


def read(task: str) -> dict[str, Any]:
    """What ships with the package on the lab of `task`, its hash verified.

    Raises:
        InvalidParameter: for a task without a lab.
        ModelUnavailable: if the file was changed.
    """
    known = json.loads((_DATA / "labs.json").read_text())
    require_one_of("task", task, known)
    raw = (_DATA / f"lab-{task}.json").read_bytes()
    if hashlib.sha256(raw).hexdigest() != known[task]:
        raise ModelUnavailable(f"lab-{task}.json must have SHA-256 {known[task][:12]}…, but it differs: reinstall")
    found: dict[str, Any] = json.loads(raw)
    return found


def shipped(task: str, objectives: Sequence[str]) -> AnswerSets:
    """The answer sets of a lab, for some of its objectives in the given order."""
    held = read(task)
    columns = [held["objectives"].index(name) for name in objectives]
    sets = []
    for prompt in held["prompts"]:
        points = np.array(prompt["points"], dtype=np.int64)[:, columns]
        steps = np.array([len(actions) for actions in prompt["actions"]])
        kept = best_answers(points, steps)
        sets.append((points[kept], steps[kept], [prompt["actions"][i] for i in kept]))
    points_, steps_, actions_ = zip(*sets, strict=True)
    return AnswerSets(held["lattice"], points_, steps_, actions_)


def _front(points: NDArray[np.float64]) -> NDArray[np.float64]:
    kept: NDArray[np.float64] = points[moocore.is_nondominated(points, maximise=True, keep_weakly=False)]
    return kept[np.lexsort(kept.T[::-1])]
