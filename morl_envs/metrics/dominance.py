"""Pareto dominance, strict: a point is out only if another is at least as good everywhere and better somewhere."""

from __future__ import annotations

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs.errors import require

__all__ = ["checked_points", "dominates", "non_dominated"]


def checked_points(points: ArrayLike) -> NDArray[np.float64]:
    """`points` as an array ``(n, k)`` of finite numbers; one point may be given as ``(k,)``.

    Raises:
        InvalidParameter: for an empty set, another shape, or a number that is not finite.
    """
    array = np.atleast_2d(np.asarray(points, dtype=np.float64))
    shaped = array.ndim == 2 and array.size > 0
    require(shaped, "points", "must have shape (n, k) with at least one point", np.shape(points))
    require(bool(np.isfinite(array).all()), "points", "must be finite", array.tolist())
    return array


def non_dominated(points: ArrayLike) -> NDArray[np.bool_]:
    """Which of `points`, shape ``(n, k)``, no other point dominates; equal points are all kept. Shape ``(n,)``.

    >>> non_dominated([[1, 0], [0, 1], [0, 0]]).tolist()
    [True, True, False]
    """
    kept: NDArray[np.bool_] = moocore.is_nondominated(checked_points(points), maximise=True, keep_weakly=True)
    return kept


def dominates(points: ArrayLike, others: ArrayLike) -> bool:
    """Whether every one of `others`, shape ``(m, k)``, is dominated by some of `points`, shape ``(n, k)``.

    Strict dominance between sets, relation "A ≻ B" of Zitzler et al. (2003), "Performance assessment of multiobjective
    optimizers", table 1: an equal point does not dominate.

    >>> dominates([[1, 1]], [[1, 0], [0, 1]]), dominates([[1, 0]], [[1, 0]])
    (True, False)
    """
    a, b = checked_points(points), checked_points(others)
    require(a.shape[1] == b.shape[1], "others", f"must have shape (m, {a.shape[1]})", b.shape)
    at_least = (a[:, None] >= b[None]).all(axis=2)
    better = (a[:, None] > b[None]).any(axis=2)
    return bool((at_least & better).any(axis=0).all())
