"""Exact sets of returns by dynamic programming: the Pareto front and the convex coverage set."""

from __future__ import annotations

from functools import lru_cache

import moocore
import numpy as np
from numpy.typing import NDArray

from morl_envs.envs.dial.mdp import LATTICE, DialMDP
from morl_envs.errors import require

__all__ = ["convex_coverage_set", "pareto_front", "winners", "words_for"]

_MOST_POINTS = 600_000
"""Points that the sets of one time step may hold together."""
_TOLERANCE = 1e-9  # two discounted returns this close are one
_MARGIN = 1e-7  # by which a point of the convex coverage set must win for some weights, in sixteenths


def pareto_front(mdp: DialMDP, gamma: float = 1.0) -> NDArray[np.float64]:
    """Returns of all deterministic policies that no other dominates, shape ``(n, k)``, in lexicographic order.

    Transitions are deterministic, so these are the returns of answers; equal returns appear once. With ``gamma=1`` the
    arithmetic is in whole sixteenths and the result exact; below, returns closer than 1e-9 in every objective are one.

    Raises:
        InvalidParameter: for a discount outside (0, 1], or if the sets grow past 600,000 points at one time step.
    """
    return _sets(mdp, gamma)[0][0] / LATTICE


def convex_coverage_set(mdp: DialMDP, gamma: float = 1.0) -> NDArray[np.float64]:
    """The smallest set of returns that holds an optimum for all linear weights, shape ``(n, k)``, sorted.

    The points of the front that, for some weights on the simplex, beat all others. Roijers et al. (2013), "A survey
    of multi-objective sequential decision-making", definition 9; pruning after their algorithm of Clark's kind: a
    point is settled by a linear programme against the points found so far.

    Raises:
        InvalidParameter: as :func:`pareto_front`.
    """
    front = _sets(mdp, gamma)[0][0].astype(np.float64)
    return winners(front[_hull_vertices(front)]) / LATTICE


def words_for(mdp: DialMDP, point: NDArray[np.float64], gamma: float = 1.0) -> list[int]:
    """The word numbers of an answer whose return is `point`, a member of :func:`pareto_front`.

    Raises:
        InvalidParameter: if the point is not on the front.
    """
    sets = _sets(mdp, gamma)
    left, row, words = np.asarray(point, dtype=np.float64) * LATTICE, 0, []
    for t in range(mdp.horizon):
        rest = (left - gamma**t * mdp.units[row]) / gamma ** (t + 1)  # what each next word would have to earn
        close = 1e-6 / gamma ** (t + 1)
        if t + 1 < mdp.horizon:
            found = [bool((np.abs(sets[t + 1][w] - rest[w]).max(axis=1) < close).any()) for w in range(len(rest))]
        else:
            found = list(np.abs(rest).max(axis=1) < close)
        require(any(found), "point", "must be on the Pareto front", point)
        word = found.index(True)
        left, row = left - gamma**t * mdp.units[row, word], 1 + word
        words.append(word)
    return words


@lru_cache(maxsize=8)
def _sets(mdp: DialMDP, gamma: float) -> list[list[NDArray[np.float64]]]:
    """For each time, the non-dominated returns-to-go after each last word, in sixteenths; at time 0 the one start."""
    require(0 < gamma <= 1, "gamma", "must be in (0, 1]", gamma)
    v, k = mdp.vocabulary_size, mdp.n_objectives
    following = [np.zeros((1, k)) for _ in range(v)]  # whole numbers below 2**53 are exact in floats
    sets: list[list[NDArray[np.float64]]] = []
    for t in reversed(range(mdp.horizon)):
        points = gamma * np.concatenate(following)
        words = np.repeat(np.arange(v), [len(found) for found in following])
        rows = range(1, v + 1) if t else range(1)
        following = []
        for row in rows:
            following.append(_pruned(points + mdp.units[row, words]))
            require(
                sum(map(len, following)) <= _MOST_POINTS,
                "n_objectives, vocabulary_size and horizon",
                f"must keep the exact front below {_MOST_POINTS:,} points a time step",
                (k, v, mdp.horizon),
            )
        sets.append(following)
    return sets[::-1]


def _pruned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The non-dominated ones, each once, in lexicographic order."""
    kept: NDArray[np.float64] = points[moocore.is_nondominated(points, maximise=True, keep_weakly=False)]
    kept = kept[np.lexsort(kept.T[::-1])]
    if (kept == np.rint(kept)).all():
        return kept
    # sums of the same discounted rewards in another order differ in the last bits
    _, first = np.unique(np.rint(kept / _TOLERANCE), axis=0, return_index=True)
    kept = kept[np.sort(first)]
    better = moocore.is_nondominated(np.rint(kept / _TOLERANCE), maximise=True, keep_weakly=False)
    pruned: NDArray[np.float64] = kept[better]
    return pruned


def _hull_vertices(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the vertices of the convex hull, in whatever flat the points lie: no other can be a lone winner."""
    from scipy.spatial import ConvexHull

    centred = points - points.mean(axis=0)
    directions, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    flat = directions[:, sizes > 1e-9 * max(sizes[0], 1.0)] * sizes[sizes > 1e-9 * max(sizes[0], 1.0)]
    if len(points) <= flat.shape[1] + 1:
        return np.arange(len(points))
    if flat.shape[1] == 1:
        return np.array([flat.argmin(), flat.argmax()])
    vertices: NDArray[np.int64] = ConvexHull(flat).vertices
    return vertices


def winners(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Which points win alone for some weights on the simplex."""
    found = [int(np.lexsort(points.T[::-1])[-1])]  # the best in the first objective, then the second, ...
    open_ = [i for i in range(len(points)) if i != found[0]]
    while open_:
        i = open_[-1]
        weights = _weights_where_it_wins(points[i], points[found])
        if weights is None:
            open_.pop()
            continue
        scores = points[open_] @ weights
        tied = [open_[j] for j in np.flatnonzero(scores >= scores.max() - _MARGIN)]
        best = max(tied, key=lambda j: tuple(points[j]))
        open_.remove(best)
        found.append(best)
    kept = points[found]
    return kept[np.lexsort(kept.T[::-1])]


def _weights_where_it_wins(point: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Weights for which `point` beats all `others`, by the widest margin; None if there are none."""
    from scipy.optimize import linprog

    k = len(point)
    # maximise m subject to w . (other - point) + m <= 0, w on the simplex
    rows = np.concatenate([others - point, np.ones((len(others), 1))], axis=1)
    cost = np.append(np.zeros(k), -1.0)
    simplex = np.append(np.ones(k), 0.0)[None]
    bounds = [(0, None)] * k + [(None, None)]
    solved = linprog(cost, A_ub=rows, b_ub=np.zeros(len(others)), A_eq=simplex, b_eq=[1.0], bounds=bounds)
    return solved.x[:k] if solved.x[k] > _MARGIN else None
