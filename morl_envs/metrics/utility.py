"""Weights on the simplex, and what returns are worth to a user."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs.errors import require

__all__ = ["checked_weights", "esr", "ser", "simplex_lattice"]

Utility = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Maps returns ``(..., k)`` to what they are worth, ``(...)``."""


def simplex_lattice(n_objectives: int, divisions: int) -> NDArray[np.float64]:
    """All weights whose entries are multiples of 1/divisions and sum to 1, shape ``(m, n_objectives)``.

    Das and Dennis (1998). The corners come first and last.

    >>> simplex_lattice(2, 2).tolist()
    [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]
    """
    require(n_objectives >= 1, "n_objectives", "must be at least 1", n_objectives)
    require(divisions >= 1, "divisions", "must be at least 1", divisions)
    rows = [[divisions]]  # the last entry of a row is what is left to share out
    for _ in range(n_objectives - 1):
        rows = [[*row[:-1], first, row[-1] - first] for row in rows for first in range(row[-1], -1, -1)]
    return np.array(rows) / divisions


def checked_weights(weights: ArrayLike, n_objectives: int) -> NDArray[np.float64]:
    """`weights` as an array ``(m, n_objectives)``, after checking that each row lies on the simplex.

    Raises:
        InvalidParameter: naming the first row that does not.
    """
    array = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    shaped = array.ndim == 2 and array.shape[1] == n_objectives and len(array) > 0
    require(shaped, "weights", f"must have shape (m, {n_objectives})", np.shape(weights))
    for i, row in enumerate(array):
        on_simplex = bool(np.isfinite(row).all() and (row >= 0).all() and abs(row.sum() - 1) < 1e-6)
        require(on_simplex, f"weights[{i}]", "must be non-negative and sum to 1", row.tolist())
    return array


def ser(returns: ArrayLike, utility: Utility) -> float:
    """Scalarised expected return: the utility of the mean of `returns`, shape ``(n, k)``.

    The user lives through many episodes and cares about their mean. Roijers et al. (2013), section 2.2.

    >>> ser([[0, 2], [2, 0]], lambda r: r.prod(axis=-1))
    1.0
    """
    return float(utility(np.atleast_2d(np.asarray(returns, dtype=np.float64)).mean(axis=0)))


def esr(returns: ArrayLike, utility: Utility) -> float:
    """Expected scalarised return: the mean utility of each of `returns`, shape ``(n, k)``.

    The user lives through one episode. Equal to :func:`ser` for a linear utility, never above it for a concave one.

    >>> esr([[0, 2], [2, 0]], lambda r: r.prod(axis=-1))
    0.0
    """
    return float(utility(np.atleast_2d(np.asarray(returns, dtype=np.float64))).mean())
