"""Does asking for a trade-off get it? Row i of `returns` is what the policy for row i of `weights` earned.

Measures of a set take its best point for each preference as an oracle would; these take the point that was asked for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs.errors import require
from morl_envs.metrics.dominance import checked_points
from morl_envs.metrics.indicators import best_utilities

__all__ = ["corners", "goals", "miscalibration", "rank_correlation", "regret", "side_effects"]

_TIE = 1e-9


def regret(returns: ArrayLike, weights: ArrayLike, front: ArrayLike) -> NDArray[np.float64]:
    """What each request lost against the best of `front`, in units of ``weights @ return``; shape ``(m,)``.

    ``max_p w . p - w . r(w)``. Below 0 only where the front is not complete or the returns are estimates.

    Args:
        returns: Shape ``(m, k)``.
        weights: Shape ``(m, k)``.
        front: Shape ``(n, k)``; a convex coverage set will do.

    >>> regret([[1, 0], [1, 0]], weights=[[1, 0], [0, 1]], front=[[1, 0], [0, 1]]).tolist()
    [0.0, 1.0]
    """
    points, grid = _pair(returns, weights)
    lost: NDArray[np.float64] = best_utilities(front, grid) - (grid * points).sum(axis=1)
    return lost


def corners(weights: ArrayLike) -> NDArray[np.bool_]:
    """Which of `weights`, shape ``(m, k)``, ask for one objective alone; shape ``(m,)``.

    >>> corners([[1, 0], [0.5, 0.5]]).tolist()
    [True, False]
    """
    found: NDArray[np.bool_] = checked_points(weights).max(axis=1) > 1 - _TIE
    return found


def goals(returns: ArrayLike, weights: ArrayLike, front: ArrayLike) -> NDArray[np.float64]:
    """The point of `front` that each request is after, shape ``(m, k)``; of equally good ones, the nearest to it."""
    points, grid = _pair(returns, weights)
    found = checked_points(front)
    utilities = grid @ found.T
    tied = utilities >= utilities.max(axis=1, keepdims=True) - _TIE
    distances = np.linalg.norm(points[:, None] - found[None], axis=2)
    nearest: NDArray[np.float64] = found[np.where(tied, distances, np.inf).argmin(axis=1)]
    return nearest


def miscalibration(returns: ArrayLike, wanted: ArrayLike, origin: ArrayLike) -> NDArray[np.float64]:
    """How far each request fell short of, or went past, its goal along the way there, as a share of the way; ``(m,)``.

    ``|(z* - z) . (z* - z0)| / |z* - z0|**2``, Chang et al. (2025), "A course correction in steerability evaluation"
    (arXiv 2505.23816): 0 at the goal, 1 at the origin. NaN where the goal is the origin.

    Args:
        returns: z, shape ``(m, k)``, in units in which objectives can be compared.
        wanted: z*, shape ``(m, k)``; see :func:`goals`.
        origin: z0, where steering starts, shape ``(k,)``.

    >>> miscalibration([[0.5, 0.5]], wanted=[[1, 0]], origin=[0, 0]).tolist()
    [0.5]
    """
    points, way, start = _ways(returns, wanted, origin)
    left = (start + way - points) * way
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = np.abs(left.sum(axis=1)) / (way**2).sum(axis=1)
    return found


def side_effects(returns: ArrayLike, wanted: ArrayLike, origin: ArrayLike) -> NDArray[np.float64]:
    """The share of each movement from the origin that does not lead to the goal, in [0, 1]; shape ``(m,)``.

    The length of the part of ``z - z0`` that is orthogonal to ``z* - z0``, over the length of the whole
    ("orthogonality" of Chang et al., as above). 0 where nothing moved; NaN where the goal is the origin. Arguments as
    above.

    >>> side_effects([[0.3, 0.4]], wanted=[[1, 0]], origin=[0, 0]).tolist()
    [0.8]
    """
    points, way, start = _ways(returns, wanted, origin)
    moved = points - start
    length = np.linalg.norm(moved, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        along = (moved * way).sum(axis=1, keepdims=True) / (way**2).sum(axis=1, keepdims=True) * way
        share = np.linalg.norm(moved - along, axis=1) / length
    return np.where((length == 0) & (way != 0).any(axis=1), 0.0, np.minimum(share, 1))


def rank_correlation(returns: ArrayLike, weights: ArrayLike) -> NDArray[np.float64]:
    """For each objective, whether its return rises with its weight; in [-1, 1], shape ``(k,)``.

    Over all pairs of requests that differ in an objective's weight, the share in which its return moves the same way
    less the share in which it moves the other way: Somers' D (1962), which is Kendall's tau where there are no ties, 1
    for every strictly monotone response however many weights are tied, and 0 for a policy that ignores its weights. NaN
    where the weights do not differ.

    >>> rank_correlation([[3, 0], [2, 0], [1, 0]], weights=[[1, 0], [0.5, 0.5], [0, 1]]).tolist()
    [1.0, 0.0]
    """
    points, grid = _pair(returns, weights)
    asked = np.sign(grid[:, None] - grid[None])
    given = np.sign(points[:, None] - points[None])
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = (asked * given).sum(axis=(0, 1)) / np.abs(asked).sum(axis=(0, 1))
    return found


def _pair(returns: ArrayLike, weights: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points, grid = checked_points(returns), checked_points(weights)
    require(points.shape == grid.shape, "weights", f"must have the returns' shape {points.shape}", grid.shape)
    return points, grid


def _ways(
    returns: ArrayLike, wanted: ArrayLike, origin: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    points, ends = checked_points(returns), checked_points(wanted)
    require(points.shape == ends.shape, "wanted", f"must have the returns' shape {points.shape}", ends.shape)
    start = np.asarray(origin, dtype=np.float64)
    require(start.shape == points.shape[1:], "origin", f"must have shape {points.shape[1:]}", start.shape)
    return points, ends - start, start
