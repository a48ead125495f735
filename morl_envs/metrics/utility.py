"""Weights on the simplex."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs.errors import require

__all__ = ["checked_weights", "simplex_lattice"]


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
