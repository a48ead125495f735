"""Everything that is computed from a result, with intervals: values only, for whoever prints or ranks them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs.evaluation.guards import gold_scores, text_guards
from morl_envs.evaluation.reference import Reference, reference
from morl_envs.evaluation.result import EvaluationResult
from morl_envs.metrics import cardinality, hypervolume, igd_plus, indicators, steering
from morl_envs.metrics.intervals import percentiles, resampled_means
from morl_envs.metrics.selection import split_score, split_utilities

__all__ = ["Estimate", "Report", "report"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value between the ends of its interval, all of one shape; NaN where it could not be computed."""

    value: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Report:
    """What a result says, by name. k objectives, m weight vectors.

    Attributes:
        result: What it was computed from.
        reference: What regret is held against.
        steering: ``regret`` ``(m,)``, its ``mean_regret``, ``corner_regret`` ``(corners,)`` and ``worst_regret``;
            ``miscalibration`` and ``side_effects``, means over the weights, of normalised returns and from the nadir;
            ``rank_correlation`` ``(k,)``; ``utility`` of what was asked for, mean over the weights (SER, linear). Where
            the environment's utility is not linear also ``ser_utility``, ``esr_utility`` and ``esr_regret``.
        front: ``hypervolume``, ``expected_utility`` and ``cardinality``, chosen on one half of the prompts and scored
            on the other; with a front from elsewhere ``maximum_utility_loss``, with an exact one ``igd_plus``.
        guards: ``gold_<objective>``, ``kl`` (nats an answer), ``words``, ``distinct_1``, ``distinct_2``, all ``(m,)``.
        costs: Counts, seconds and bytes.
    """

    result: EvaluationResult
    reference: Reference
    steering: dict[str, Estimate]
    front: dict[str, Estimate]
    guards: dict[str, Estimate]
    costs: dict[str, float]


def report(
    result: EvaluationResult, front: ArrayLike | None = None, *, level: float = 0.95, n_resamples: int = 1000
) -> Report:
    """Every metric of a result with its interval over seeds, prompts nested.

    Args:
        result: Of an evaluation.
        front: The best front known, shape ``(n, k)``, for environments that do not know theirs.
        level: Share of the resamples inside an interval.
        n_resamples: Draws.

    Raises:
        ScoringError: if a gold scorer fails.
    """
    held = reference(result, front)
    resample = _Resampler(level, n_resamples)
    returns = np.asarray(result.returns, dtype=np.float64).transpose(0, 2, 1, 3)  # (s, n, m, k)
    return Report(
        result=result,
        reference=held,
        steering={**_steering(result, held, returns, resample), **_by_episode(held, returns, resample)},
        front=_front(result, held, returns, resample),
        guards=_guards(result, resample),
        costs={**result.costs, **result.measured},
    )


@dataclass(frozen=True)
class _Resampler:
    level: float
    n: int

    def __call__(self, values: Array, statistic: Callable[..., Any]) -> Estimate:
        """A statistic of the mean over seeds and prompts of `values`, shape ``(s, n, ...)``."""
        return self._estimate([values], statistic)

    def halves(self, values: Array, statistic: Callable[..., Any]) -> Estimate:
        """A statistic of the means on the two halves of the prompts, which are resampled apart."""
        parts = [values[:, ::2], values[:, 1::2]]
        if not parts[1].size:  # a single prompt has no halves
            return Estimate(*[np.array(np.nan)] * 3)
        return self._estimate(parts, statistic)

    def _estimate(self, parts: list[Array], statistic: Callable[..., Any]) -> Estimate:
        value = np.asarray(statistic(*(part.mean(axis=(0, 1)) for part in parts)), dtype=np.float64)
        if len(parts[0]) < 2:  # one seed says nothing about how seeds differ
            return Estimate(value, *[np.full(value.shape, np.nan)] * 2)
        draws = [resampled_means(part, n_resamples=self.n, seed=i) for i, part in enumerate(parts)]
        return Estimate(value, *percentiles([statistic(*means) for means in zip(*draws, strict=True)], self.level))


def _steering(result: EvaluationResult, held: Reference, returns: Array, resample: _Resampler) -> dict[str, Estimate]:
    weights, front = np.asarray(result.weights), held.front
    nadir, width = np.asarray(result.nadir), np.subtract(result.ideal, result.nadir)
    at_corner = steering.corners(weights)

    def regret(means: Array) -> Array:
        return steering.regret(means, weights, front)

    def aimed(measure: Callable[..., Array]) -> Callable[[Array], Any]:
        def of(means: Array) -> Any:
            wanted = steering.goals(means, weights, front)
            return measure((means - nadir) / width, (wanted - nadir) / width, np.zeros_like(nadir)).mean()

        return of

    measures: dict[str, Callable[[Array], Any]] = {
        "regret": regret,
        "mean_regret": lambda means: regret(means).mean(),
        "worst_regret": lambda means: regret(means).max(),
        "corner_regret": lambda means: regret(means)[at_corner],
        "miscalibration": aimed(steering.miscalibration),
        "side_effects": aimed(steering.side_effects),
        "rank_correlation": lambda means: steering.rank_correlation(means, weights),
        "utility": lambda means: (weights * means).sum(axis=1).mean(),
    }
    return {name: resample(returns, measure) for name, measure in measures.items()}


def _by_episode(held: Reference, returns: Array, resample: _Resampler) -> dict[str, Estimate]:
    """Both tracks where the utility is not linear; where it is, they are one."""
    if held.utilities is None or held.best is None:
        return {}
    utilities, best = held.utilities, held.best
    by_episode = np.stack([u(returns[:, :, w]) for w, u in enumerate(utilities)], axis=-1)  # (s, n, m)
    return {
        "ser_utility": resample(returns, lambda means: np.mean([u(means[w]) for w, u in enumerate(utilities)])),
        "esr_utility": resample(by_episode, np.mean),
        "esr_regret": resample(by_episode, lambda means: best - means),
    }


def _front(result: EvaluationResult, held: Reference, returns: Array, resample: _Resampler) -> dict[str, Estimate]:
    weights = np.asarray(result.weights)
    found = {
        "hypervolume": resample.halves(
            returns, lambda a, b: split_score(a, b, lambda points: hypervolume(points, result.ref_point))
        ),
        "expected_utility": resample.halves(returns, lambda a, b: split_utilities(a, b, weights).mean()),
        "cardinality": resample.halves(returns, lambda a, b: split_score(a, b, cardinality)),
    }
    if held.origin != "own":
        best = indicators.best_utilities(held.front, weights)
        loss = resample.halves(returns, lambda a, b: (best - split_utilities(a, b, weights)).max())
        found["maximum_utility_loss"] = loss
    if held.origin == "exact":
        found["igd_plus"] = resample.halves(
            returns, lambda a, b: split_score(a, b, lambda points: igd_plus(points, held.front))
        )
    return found


def _guards(result: EvaluationResult, resample: _Resampler) -> dict[str, Estimate]:
    def whole(means: Array) -> Array:
        return means

    found = {f"gold_{name}": resample(scores.transpose(0, 2, 1), whole) for name, scores in gold_scores(result).items()}
    if result.log_ratios is not None:
        found["kl"] = resample(np.asarray(result.log_ratios).transpose(0, 2, 1), whole)
    for name, by_seed in text_guards(result).items():  # of all texts of a seed together: prompts are not resampled
        found[name] = resample(by_seed[:, None], whole)
    return found
