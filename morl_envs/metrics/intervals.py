"""Intervals by resampling, and aggregates over tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import trim_mean

from morl_envs.errors import require

__all__ = [
    "bootstrap_interval",
    "interquartile_mean",
    "percentiles",
    "probability_of_improvement",
    "resampled_means",
    "resampled_runs",
]

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
    require(n_resamples >= 1, "n_resamples", "must be at least 1", n_resamples)
    rng = np.random.default_rng(seed)
    if n_units < 2:
        missing = np.full(np.shape(statistic(np.arange(n_units))), np.nan)
        return missing, missing.copy()
    values = np.stack([statistic(rng.integers(n_units, size=n_units)) for _ in range(n_resamples)])
    return percentiles(values, level)


def percentiles(values: ArrayLike, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the central interval that holds a share `level` of `values`, shape ``(resamples, ...)``.

    >>> [float(end) for end in percentiles([0.0, 1.0, 2.0, 3.0, 4.0], level=0.5)]
    [1.0, 3.0]
    """
    require(0 < level < 1, "level", "must be in (0, 1)", level)
    tail = (1 - level) / 2
    low, high = np.quantile(np.asarray(values, dtype=np.float64), [tail, 1 - tail], axis=0)
    return low, high


def resampled_means(values: ArrayLike, *, n_resamples: int = 1000, seed: int = 0) -> NDArray[np.float64]:
    """Means over seeds and prompts of a two-level bootstrap, shape ``(n_resamples, ...)``.

    Seeds are drawn with replacement, and within each drawn seed its prompts: Davison and Hinkley (1997), "Bootstrap
    methods and their application", section 3.8. Draws depend on the numbers of seeds and prompts and on `seed` only,
    so that what two agents earned on the same ones is resampled in pairs.

    Args:
        values: Shape ``(seeds, prompts, ...)``.
        n_resamples: Draws.
        seed: Of the draws.

    Returns:
        NaN throughout for fewer than two seeds: one seed says nothing about how seeds differ.
    """
    array = np.asarray(values, dtype=np.float64)
    require(array.ndim >= 2 and array.size > 0, "values", "must have shape (seeds, prompts, ...)", array.shape)
    require(n_resamples >= 1, "n_resamples", "must be at least 1", n_resamples)
    s, n = array.shape[:2]
    if s < 2:
        return np.full((n_resamples, *array.shape[2:]), np.nan)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(s, np.full(s, 1 / s), size=n_resamples)  # how often each seed
    counts = rng.multinomial(drawn * n, np.full(n, 1 / n))  # how often each of its prompts
    means: NDArray[np.float64] = np.tensordot(counts / (s * n), array, axes=2)
    return means


def interquartile_mean(scores: Sequence[ArrayLike]) -> float:
    """Mean of the middle half of all runs' scores; ``scores[task]`` has shape ``(runs,)``.

    Agarwal et al. (2021), "Deep reinforcement learning at the edge of the statistical precipice".

    >>> interquartile_mean([[0, 1, 2, 100]])
    1.5
    """
    return float(trim_mean(np.concatenate([_runs(task) for task in scores]), 0.25))


def probability_of_improvement(scores: Sequence[ArrayLike], others: Sequence[ArrayLike]) -> float:
    """How likely a run of one agent beats a run of another on a task, averaged over tasks; a tie counts half.

    Agarwal et al. (2021), as above: the Mann-Whitney U statistic over the number of pairs.

    Args:
        scores: ``scores[task]`` has shape ``(runs,)``; higher is better.
        others: The other agent's, on the same tasks.

    >>> probability_of_improvement([[1, 2]], [[0, 2]])
    0.625
    """
    require(len(scores) == len(others) > 0, "others", f"must have as many tasks ({len(scores)}, > 0)", len(others))
    pairs = zip(map(_runs, scores), map(_runs, others), strict=True)
    wins = [np.sign(x[:, None] - y[None]).mean() / 2 + 0.5 for x, y in pairs]
    return float(np.mean(wins))


def resampled_runs(
    scores: Sequence[ArrayLike], *, n_resamples: int = 1000, seed: int = 0
) -> list[list[NDArray[np.float64]]]:
    """Stratified bootstrap: runs drawn with replacement within each task; `n_resamples` lists like `scores`."""
    rng = np.random.default_rng(seed)
    tasks = [_runs(task) for task in scores]
    return [[task[rng.integers(len(task), size=len(task))] for task in tasks] for _ in range(n_resamples)]


def _runs(scores: ArrayLike) -> NDArray[np.float64]:
    runs = np.asarray(scores, dtype=np.float64)
    valid = runs.ndim == 1 and runs.size > 0 and bool(np.isfinite(runs).all())
    require(valid, "scores", "must hold finite numbers of shape (runs,) for each task", runs.tolist())
    return runs
