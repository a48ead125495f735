"""Several agents, on one task or several: aggregates over tasks, and who beats whom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morl_envs.evaluation.reference import reference
from morl_envs.evaluation.report import Estimate
from morl_envs.evaluation.result import EvaluationResult
from morl_envs.metrics import interquartile_mean, non_dominated, probability_of_improvement, regret
from morl_envs.metrics.intervals import percentiles, resampled_runs

__all__ = ["Comparison", "best_known", "compare", "scores", "task_of"]


@dataclass(frozen=True)
class Comparison:
    """Agents compared on the tasks that all of them were evaluated on.

    Attributes:
        tasks: Ids, each with its keyword arguments where those differ.
        agents: Labels.
        scores: ``scores[agent][task]``, one score a seed; see :func:`scores`.
        iqm: For each agent, the interquartile mean over tasks and seeds.
        improvement: For each pair of agents, the probability that the first beats the second.
    """

    tasks: tuple[str, ...]
    agents: tuple[str, ...]
    scores: dict[str, list[NDArray[np.float64]]]
    iqm: dict[str, Estimate]
    improvement: dict[tuple[str, str], Estimate]


def scores(result: EvaluationResult, front: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """One score a seed, comparable across tasks: 1 less the mean regret, as a share of what can be gained; ``(s,)``.

    The regret for weights w is divided by ``w . (ideal - nadir)``. 1 is the front; below 0 is worse than the nadir.
    """
    held = reference(result, front)
    weights = np.asarray(result.weights)
    gains = weights @ np.subtract(result.ideal, result.nadir)
    return np.array([1 - (regret(m, weights, held.front) / gains).mean() for m in result.returns_by_seed()])


def best_known(results: Sequence[EvaluationResult]) -> NDArray[np.float64]:
    """The mean returns of all results, of one environment, that no other dominates, each once; shape ``(n, k)``."""
    points = np.concatenate([result.mean_returns() for result in results])
    return np.unique(points[non_dominated(points)], axis=0)


def task_of(result: EvaluationResult) -> str:
    """The environment that results must share to be compared: its id and what was asked of it, not where it ran."""
    asked = {k: v for k, v in result.env_kwargs.items() if k not in ("device", "dtype", "autoreset_mode")}
    return f"{result.id} {json.dumps(asked, sort_keys=True)}"


def compare(results: Sequence[EvaluationResult], *, level: float = 0.95, n_resamples: int = 1000) -> Comparison:
    """Aggregates of agents over the tasks that all of them share; results of one agent on one task are more seeds.

    Intervals are of a stratified bootstrap over seeds. Where no exact front is known, regret is against the best points
    of all the results given.
    """
    by_task: dict[str, list[EvaluationResult]] = {}
    for result in results:
        by_task.setdefault(task_of(result), []).append(result)
    agents = tuple(dict.fromkeys(result.label for result in results))
    shared = [name for name, held in by_task.items() if {result.label for result in held} == set(agents)]
    found: dict[str, list[NDArray[np.float64]]] = {agent: [] for agent in agents}
    for name in shared:
        front = best_known(by_task[name])
        for agent in agents:
            runs = [scores(result, front) for result in by_task[name] if result.label == agent]
            found[agent].append(np.concatenate(runs))
    if not shared:
        return Comparison((), agents, found, {}, {})
    draws = {
        agent: resampled_runs(runs, n_resamples=n_resamples, seed=i) for i, (agent, runs) in enumerate(found.items())
    }
    iqm = {
        agent: _estimate(interquartile_mean(runs), [interquartile_mean(draw) for draw in draws[agent]], level)
        for agent, runs in found.items()
    }
    improvement = {
        (a, b): _estimate(
            probability_of_improvement(found[a], found[b]),
            [probability_of_improvement(x, y) for x, y in zip(draws[a], draws[b], strict=True)],
            level,
        )
        for a in agents
        for b in agents
        if a != b
    }
    return Comparison(tuple(shared), agents, found, iqm, improvement)


def _estimate(value: float, draws: Sequence[float], level: float) -> Estimate:
    return Estimate(np.array(value), *percentiles(draws, level))
