"""Intervals by resampling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from morl_envs.errors import require

__all__ = ["bootstrap_interval"]

Statistic = Callable[[NDArray[np.int64]], NDArray[np.float64]]


def bootstrap_interval(
    statistic: Statistic, n_units: int, *, level: float = 0.95, n_resamples: int = 1000, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile interval of a statistic of units (prompts, seeds) that are drawn with replacement.

    Efron and Tibshirani (1993), "An introduction to the bootstrap", chapter 13.

    Args:
        statistic: Maps the indices of the drawn units, shape ``(n_units,)``, to values of any one shape.
        n_units: How many units there are.
        level: Share of the resamples inside.
        n_resamples: Draws.
        seed: Of the draws.

    Returns:
        Lower and upper ends, each of the statistic's shape; NaN throughout for fewer than two units.
    """
    require(0 < level < 1, "level", "must be in (0, 1)", level)
    require(n_resamples >= 1, "n_resamples", "must be at least 1", n_resamples)
    rng = np.random.default_rng(seed)
    if n_units < 2:
        missing = np.full(np.shape(statistic(np.arange(n_units))), np.nan)
        return missing, missing.copy()
    values = np.stack([statistic(rng.integers(n_units, size=n_units)) for _ in range(n_resamples)])
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail], axis=0)
    return low, high
