"""Numbers that describe a set of returns. Sparsity is left out on purpose: a single point scores perfectly."""

from __future__ import annotations

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs.errors import require
from morl_envs.metrics.dominance import checked_points, non_dominated

__all__ = [
    "best_utilities",
    "cardinality",
    "expected_utility",
    "hypervolume",
    "igd_plus",
    "maximum_utility_loss",
]


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


def best_utilities(points: ArrayLike, weights: ArrayLike) -> NDArray[np.float64]:
    """The best linear utility among `points` (shape ``(n, k)``) for each of `weights` (``(m, k)``), shape ``(m,)``.

    >>> best_utilities([[1, 0], [0, 1]], weights=[[1, 0], [0.5, 0.5]]).tolist()
    [1.0, 0.5]
    """
    array = checked_points(points)
    grid = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    require(grid.shape[1:] == array.shape[1:], "weights", f"must have shape (m, {array.shape[1]})", grid.shape)
    best: NDArray[np.float64] = (grid @ array.T).max(axis=1)
    return best


def expected_utility(points: ArrayLike, weights: ArrayLike) -> float:
    """Mean over `weights` (shape ``(m, k)``) of the best linear utility among `points` (shape ``(n, k)``).

    Zintgraf et al. (2015), "Quality assessment of MORL algorithms: a utility-based approach".

    >>> expected_utility([[1, 0], [0, 1]], weights=[[1, 0], [0.5, 0.5]])
    0.75
    """
    return float(best_utilities(points, weights).mean())


def maximum_utility_loss(points: ArrayLike, reference: ArrayLike, weights: ArrayLike) -> float:
    """The most that having `points` and not `reference` (``(r, k)``) costs for some of `weights`; 0 where nothing.

    Zintgraf et al. (2015), as above. It is negative where the points beat the reference for all weights.

    >>> maximum_utility_loss([[0, 1]], reference=[[1, 0], [0, 1]], weights=[[1, 0], [0, 1]])
    1.0
    """
    return float((best_utilities(reference, weights) - best_utilities(points, weights)).max())


def igd_plus(points: ArrayLike, reference: ArrayLike) -> float:
    """Mean distance from the points of `reference` (shape ``(r, k)``) to what `points` leave undominated; 0 is best.

    Ishibuchi et al. (2015), "Modified distance calculation in generational distance and inverted generational
    distance". Meaningful against an exact front only.

    >>> igd_plus([[1, 1]], reference=[[1, 0], [0, 1]])
    0.0
    """
    found, wanted = checked_points(points), checked_points(reference)
    require(found.shape[1] == wanted.shape[1], "reference", f"must have shape (r, {found.shape[1]})", wanted.shape)
    return float(moocore.igd_plus(found, ref=wanted, maximise=True))


def cardinality(points: ArrayLike) -> int:
    """How many different `points`, shape ``(n, k)``, are not dominated.

    >>> cardinality([[1, 0], [1, 0], [0, 1], [0, 0]])
    2
    """
    array = checked_points(points)
    return len(np.unique(array[non_dominated(array)], axis=0))
