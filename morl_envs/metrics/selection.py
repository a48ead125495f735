"""Fronts chosen on one half of the episodes and scored on the other.

Points that look best on some episodes look better there than they are; on other episodes they do not. The halves change
places, and the two scores are averaged.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs.errors import require
from morl_envs.metrics.dominance import checked_points, non_dominated

__all__ = ["split_score", "split_utilities"]


def split_score(first: ArrayLike, second: ArrayLike, indicator: Callable[[NDArray[np.float64]], float]) -> float:
    """What `indicator` says of the front, chosen on one half and scored on the other.

    Args:
        first: Mean returns on one half, shape ``(m, k)``.
        second: The same policies' on the other half.
        indicator: Maps the points chosen, shape ``(n, k)``, to a number.

    >>> split_score([[2, 2], [0, 0]], [[1, 1], [3, 3]], lambda points: float(points.sum()))
    1.0
    """
    a, b = _halves(first, second)
    return (indicator(b[non_dominated(a)]) + indicator(a[non_dominated(b)])) / 2


def split_utilities(first: ArrayLike, second: ArrayLike, weights: ArrayLike) -> NDArray[np.float64]:
    """The linear utility of the point that is best for each of `weights`, chosen and scored likewise; shape ``(m,)``.

    >>> split_utilities([[2], [0]], [[1], [3]], weights=[[1]]).tolist()
    [0.5]
    """
    a, b = _halves(first, second)
    on_a, on_b = (checked_points(weights) @ half.T for half in (a, b))
    rows = np.arange(len(on_a))
    scored: NDArray[np.float64] = (on_b[rows, on_a.argmax(axis=1)] + on_a[rows, on_b.argmax(axis=1)]) / 2
    return scored


def _halves(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = checked_points(first), checked_points(second)
    require(a.shape == b.shape, "second", f"must have the first half's shape {a.shape}", b.shape)
    return a, b
