"""Pareto dominance, strict: a point is out only if another is at least as good everywhere and better somewhere."""

from __future__ import annotations

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["non_dominated"]


def non_dominated(points: ArrayLike) -> NDArray[np.bool_]:
    """Which of `points`, shape ``(n, k)``, no other point dominates; equal points are all kept. Shape ``(n,)``.

    >>> non_dominated([[1, 0], [0, 1], [0, 0]]).tolist()
    [True, True, False]
    """
    array = np.atleast_2d(np.asarray(points, dtype=np.float64))
    kept: NDArray[np.bool_] = moocore.is_nondominated(array, maximise=True, keep_weakly=True)
    return kept
