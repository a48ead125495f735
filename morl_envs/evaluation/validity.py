"""Is the evaluation to be believed? Checks with known answers: what must lose loses, what is best is found best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import kendalltau

from morl_envs.errors import require
from morl_envs.evaluation.compare import best_known
from morl_envs.evaluation.reference import Reference, reference
from morl_envs.evaluation.result import EvaluationResult
from morl_envs.metrics.intervals import percentiles, resampled_means
from morl_envs.metrics.steering import regret

__all__ = [
    "FLOAT_ERROR",
    "TAU",
    "Check",
    "exact_regret",
    "mean_regrets",
    "optimum_has_no_regret",
    "order_agrees",
    "what_must_lose_loses",
]

FLOAT_ERROR = 1e-5
"""Largest regret of an exact optimum: returns are sums and means of float32."""
TAU = 0.9
"""Least Kendall's tau between two orders that agree."""


@dataclass(frozen=True)
class Check:
    """One question to the evaluation.

    Attributes:
        name: The sentence that should be true.
        passed: Whether it is.
        found: The numbers that say so.
    """

    name: str
    passed: bool
    found: str


def mean_regrets(results: Sequence[EvaluationResult]) -> NDArray[np.float64]:
    """Mean regret of each result over its weights, against the exact front or else the best points of all; ``(r,)``."""
    best = best_known(results)
    held = [reference(result, best) for result in results]
    pairs = zip(results, held, strict=True)
    return np.array([regret(r.mean_returns(), r.weights, against.front).mean() for r, against in pairs])


def optimum_has_no_regret(result: EvaluationResult) -> Check:
    """Whether the regret of an optimum for every weight vector is 0 within float error, in every seed."""
    front = reference(result).front
    worst = max(float(np.abs(regret(means, result.weights, front)).max()) for means in result.returns_by_seed())
    return Check(f"{result.label} has no regret", worst <= FLOAT_ERROR, f"largest regret {worst:.2g}")


def what_must_lose_loses(
    control: EvaluationResult, method: EvaluationResult, *, level: float = 0.95, n_resamples: int = 1000
) -> Check:
    """Whether a control's mean regret is above the method's by more than the interval of their difference.

    Both answered the same prompts under the same seeds, which are resampled in pairs. The difference of regrets needs
    no front: it is what the method earns more of what was asked for.
    """
    weights = np.asarray(method.weights)
    same = control.weights == method.weights and control.prompt_ids == method.prompt_ids
    require(same and control.seeds == method.seeds, "control", "must answer what the method answers", control.label)
    gap = np.subtract(method.returns, control.returns, dtype=np.float64)  # (s, m, n, k)
    lost = np.einsum("smnk,mk->sn", gap, weights) / len(weights)
    low, high = percentiles(resampled_means(lost, n_resamples=n_resamples), level)
    found = f"loses {lost.mean():.3f} [{low:.3f}, {high:.3f}] more"
    return Check(f"{control.label} loses to {method.label}", bool(low > 0), found)


def order_agrees(estimated: ArrayLike, exact: ArrayLike) -> Check:
    """Whether agents are ranked by estimated regret as they are by exact regret, both of shape ``(agents,)``."""
    a, b = np.asarray(estimated), np.asarray(exact)
    require(a.shape == b.shape and len(a) >= 2, "exact", f"must have shape {a.shape}, at least two", b.shape)
    tau = float(kendalltau(a, b).statistic)
    return Check(f"{len(a)} agents are ranked as they should be", tau >= TAU, f"Kendall's tau {tau:.3f}")


def exact_regret(returns: ArrayLike, weights: ArrayLike, against: Reference) -> float:
    """Mean regret of policies whose expected returns, shape ``(m, k)``, are known."""
    return float(regret(returns, weights, against.front).mean())
