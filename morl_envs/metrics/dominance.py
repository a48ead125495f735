"""Pareto dominance, strict: a point is out only if another is at least as good everywhere and better somewhere."""

from __future__ import annotations

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs.errors import require

__all__ = ["checked_points", "non_dominated"]


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
