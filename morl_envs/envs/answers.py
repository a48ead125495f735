"""All answers worth giving in a lab, and the exact sets that follow from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import moocore
import numpy as np
from numpy.typing import NDArray

from morl_envs.envs.dial.fronts import winners
from morl_envs.errors import ModelUnavailable, require, require_one_of

__all__ = ["AnswerSets", "best_answers", "load", "shipped"]

Points = NDArray[np.float64]
_TIE = 1e-9
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
        return self._summed(gamma, _front)

    def convex_coverage_set(self, gamma: float = 1.0) -> NDArray[np.float64]:
        """The points of the front that win for some linear weights, shape ``(n, k)``, sorted.

        A corner of a sum of sets is a sum of corners, so that these too are pruned prompt by prompt.
        """
        return self._summed(gamma, lambda points: winners(_front(points)))

    def optimal_actions(self, weights: NDArray[np.float64], gamma: float = 1.0) -> list[list[int]]:
        """Per prompt, the decisions of an answer that maximises ``weights @ return``.

        Among equals, as there may be at a corner, the one with the largest sum of objectives: no other dominates it.
        """
        k = self.points[0].shape[1]
        valid = weights.shape == (k,) and bool(np.isfinite(weights).all() and (weights >= 0).all())
        require(valid, "weights", f"must be {k} non-negative numbers", weights.tolist())
        chosen = []
        for values, actions in zip(self._discounted(gamma), self.actions, strict=True):
            worth = values @ weights
            tied = np.flatnonzero(worth >= worth.max() - _TIE)
            chosen.append(actions[int(tied[values[tied].sum(axis=1).argmax()])])
        return chosen

    def first(self, n: int) -> AnswerSets:
        """Those of the first `n` prompts."""
        require(1 <= n <= len(self.points), "n_prompts", f"must be in [1, {len(self.points)}]", n)
        return AnswerSets(self.lattice, self.points[:n], self.steps[:n], self.actions[:n])

    def _summed(self, gamma: float, pruned: Callable[[Points], Points]) -> Points:
        total: NDArray[np.float64] = np.zeros((1, self.points[0].shape[1]))
        for values in self._discounted(gamma):
            total = pruned((total[:, None] + pruned(values)[None]).reshape(-1, total.shape[1]))
        mean: Points = total / (self.lattice * len(self.points))
        return mean

    def _discounted(self, gamma: float) -> Iterable[NDArray[np.float64]]:
        require(0 < gamma <= 1, "gamma", "must be in (0, 1]", gamma)
        # the reward comes with the last decision
        return (p * gamma ** (s[:, None] - 1.0) for p, s in zip(self.points, self.steps, strict=True))


def best_answers(points: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the answers that no other matches in reward and speed and beats in one, each value once."""
    both = np.column_stack([points, -steps]).astype(np.float64)
    return np.flatnonzero(moocore.is_nondominated(both, maximise=True, keep_weakly=False))


def shipped(task: str, objectives: Sequence[str]) -> AnswerSets:
    """The answer sets that ship with the package; see :func:`load`."""
    return load(_DATA, task, objectives)


def load(folder: Any, task: str, objectives: Sequence[str] | None = None) -> AnswerSets:
    """The answer sets of a lab that ``morl-envs enumerate`` wrote into a folder.

    Args:
        folder: Holds ``labs.json`` and ``lab-<task>.json``; a path.
        task: Name.
        objectives: Some of the lab's, in reward order; None for all.

    Raises:
        ModelUnavailable: if the lab was not enumerated, or its file was changed since.
    """
    known = json.loads((folder / "labs.json").read_text()) if (folder / "labs.json").is_file() else {}
    if task not in known:
        raise ModelUnavailable(
            f"the lab of {task!r} is not among those enumerated ({', '.join(known) or 'none'}): "
            f"run `morl-envs enumerate {task}`"
        )
    raw = (folder / f"lab-{task}.json").read_bytes()
    if hashlib.sha256(raw).hexdigest() != known[task]:
        raise ModelUnavailable(f"lab-{task}.json must have SHA-256 {known[task][:12]}…, but it differs: write it again")
    held = json.loads(raw)
    names = held["objectives"] if objectives is None else objectives
    for name in names:
        require_one_of("objectives", name, held["objectives"])
    return _restricted(held, [held["objectives"].index(name) for name in names])


def _restricted(held: dict[str, Any], columns: list[int]) -> AnswerSets:
    sets = []
    for prompt in held["prompts"]:
        points = np.array(prompt["points"], dtype=np.int64)[:, columns]
        steps = np.array([len(actions) for actions in prompt["actions"]])
        kept = best_answers(points, steps)
        sets.append((points[kept], steps[kept], [prompt["actions"][i] for i in kept]))
    points_, steps_, actions_ = zip(*sets, strict=True)
    return AnswerSets(held["lattice"], points_, steps_, actions_)


def _front(points: NDArray[np.float64]) -> NDArray[np.float64]:
    points = np.round(points, 9)  # discounted sums that are equal differ in their last bits; whole numbers stay exact
    kept: NDArray[np.float64] = points[moocore.is_nondominated(points, maximise=True, keep_weakly=False)]
    return kept[np.lexsort(kept.T[::-1])]
