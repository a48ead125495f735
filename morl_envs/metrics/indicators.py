"""Numbers that describe a set of returns."""

from __future__ import annotations

import moocore
import numpy as np
from numpy.typing import ArrayLike

from morl_envs.errors import require
from morl_envs.metrics.dominance import checked_points

__all__ = ["expected_utility", "hypervolume"]


def hypervolume(points: ArrayLike, ref_point: ArrayLike) -> float:
    """Volume dominated by `points` (shape ``(n, k)``, maximised) above `ref_point` (shape ``(k,)``).

    Points that do not exceed the reference everywhere add nothing.

    >>> hypervolume([[1, 2], [2, 1]], ref_point=[0, 0])
    3.0
    """
    array = checked_points(points)
    reference = np.asarray(ref_point, dtype=np.float64)
    require(reference.shape == array.shape[1:], "ref_point", f"must have shape {array.shape[1:]}", reference.shape)
    above = array[(array > reference).all(axis=1)]
    return float(moocore.hypervolume(above, ref=reference, maximise=True)) if len(above) else 0.0


def expected_utility(points: ArrayLike, weights: ArrayLike) -> float:
    """Mean over `weights` (shape ``(m, k)``) of the best linear utility among `points` (shape ``(n, k)``).

    Zintgraf et al. (2015), "Quality assessment of MORL algorithms: a utility-based approach".

    >>> expected_utility([[1, 0], [0, 1]], weights=[[1, 0], [0.5, 0.5]])
    0.75
    """
    array = checked_points(points)
    grid = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    require(grid.shape[1:] == array.shape[1:], "weights", f"must have shape (m, {array.shape[1]})", grid.shape)
    return float((grid @ array.T).max(axis=1).mean())
