"""Relationship certificates: how a task's objectives relate under the base policy, measured."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from morl_envs import objectives, registry
from morl_envs.errors import require
from morl_envs.evaluation.base_policy import Progress, Samples, sampled_by_lm, sampled_by_prior
from morl_envs.evaluation.certificate import Certificate, Interval, Matrix
from morl_envs.evaluation.result import versions
from morl_envs.metrics import relationships
from morl_envs.metrics.intervals import bootstrap_interval

__all__ = ["Certificate", "certify"]

_GROUPS = 8  # of prompts, for gradients: products across groups are free of their own noise


def certify(
    task: str,
    *,
    n_prompts: int = 64,
    n_samples: int = 32,
    kl: float = 0.5,
    seed: int = 0,
    on_progress: Progress | None = None,
    **env_kwargs: Any,
) -> Certificate:
    """Sample answers of the base policy to training prompts, score them, and measure how the objectives relate.

    The base policy is the language model at temperature 1, or the prior of a task that has none.

    Args:
        task: A task with a `completion` environment, or without a language model.
        n_prompts: The first prompts of the training split, at least 2.
        n_samples: Answers a prompt, at least 2.
        kl: Divergence, in nats, that training is taken to move the policy by; more than 0.
        seed: Of the samples.
        on_progress: Called as the work goes on.
        env_kwargs: Of the environment, such as ``lm``, or ``correlation`` for `dial`.

    Raises:
        InvalidParameter: for an unknown task or keyword argument, or a number out of range.
    """
    id, with_lm = _measured_id(task)
    require(isinstance(n_samples, int) and n_samples >= 2, "n_samples", "must be an integer of at least 2", n_samples)
    require(np.isfinite(kl) and kl > 0, "kl", "must be finite and more than 0", kl)
    require(isinstance(seed, int) and seed >= 0, "seed", "must be an integer of at least 0", seed)
    env: Any = gymnasium.make(id, **env_kwargs).unwrapped
    valid = isinstance(n_prompts, int) and 2 <= n_prompts <= len(env.prompts)
    require(valid, "n_prompts", f"must be an integer in [2, {len(env.prompts)}]", n_prompts)
    watch = on_progress or (lambda done, total: None)
    sample = sampled_by_lm if with_lm else sampled_by_prior
    sampled = sample(id, env_kwargs, n_prompts, n_samples, seed, watch)
    scored = {name: objectives.get(name).version for name in env.objectives} if with_lm else {}
    return Certificate(
        task=task,
        lm=env.lm.name if with_lm else None,
        env_kwargs={name: value for name, value in env_kwargs.items() if name != "lm"},
        objectives=env.objectives,
        versions={**scored, **versions()},
        n_prompts=n_prompts,
        n_samples=n_samples,
        seed=seed,
        kl=kl,
        gradient_cosine=_gradient_cosine(env.lm, sampled, watch) if with_lm else None,
        **_scales(sampled.rewards),
        **_relations(sampled.rewards, env.objectives, kl),
    )


def _measured_id(task: str) -> tuple[str, bool]:
    """The id that a task is measured in, and whether that takes a language model."""
    row = registry.row(task)
    control = "completion" if "completion" in row.controls else row.controls[0]
    with_lm = registry.uses_lm(row.id(control))
    require(not with_lm or control == "completion", "task", "must have a completion environment", task)
    return row.id(control), with_lm


def _scales(rewards: NDArray[np.float64]) -> dict[str, Any]:
    """Where the scores lie, each objective by itself."""
    return {
        "mean": rewards.mean(axis=(0, 1)).tolist(),
        "spread": np.sqrt(np.diag(relationships.within_prompt_covariance(rewards))).tolist(),
        "low": np.quantile(rewards, 0.01, axis=(0, 1)).tolist(),
        "high": np.quantile(rewards, 0.99, axis=(0, 1)).tolist(),
    }


def _relations(rewards: NDArray[np.float64], names: tuple[str, ...], kl: float) -> dict[str, Any]:
    """How the objectives go together, from their scores."""
    n_prompts = len(rewards)
    correlation = _with_interval(lambda drawn: relationships.within_prompt_correlation(rewards[drawn]), n_prompts)
    transfer = _with_interval(
        lambda drawn: relationships.transfer_matrix(rewards[drawn], kl), n_prompts, n_resamples=200
    )
    return {
        "correlation": correlation,
        "transfer": transfer,
        "hypervolume": relationships.normalised_hypervolume(rewards, kl),
        "labels": _labels(names, correlation),
    }


def _with_interval(statistic: Any, n_units: int, n_resamples: int = 1000) -> Interval:
    low, high = bootstrap_interval(statistic, n_units, n_resamples=n_resamples)
    return Interval(value=_matrix(statistic(np.arange(n_units))), low=_matrix(low), high=_matrix(high))


def _matrix(values: NDArray[np.float64]) -> Matrix:
    return [[float(x) if np.isfinite(x) else None for x in row] for row in values]


def _gradient_cosine(lm: Any, sampled: Samples, watch: Progress) -> Interval:
    """Cosines between the policy gradients of the objectives, from products of gradients of different prompts."""
    from morl_envs.lm.gradients import weighted_gradients

    n_prompts, n_samples, k = sampled.rewards.shape
    n = n_prompts * n_samples
    advantages = (sampled.rewards - sampled.rewards.mean(axis=1, keepdims=True)).reshape(-1, k)
    groups = np.array_split(np.arange(n_prompts), min(_GROUPS, n_prompts))
    gradients = []
    for group in groups:
        turns = [turn for turn in sampled.turns if turn.row // n_samples in group]
        contexts, tokens = [turn.context for turn in turns], [turn.tokens for turn in turns]
        gradients.append(weighted_gradients(lm.model, contexts, tokens, advantages[[turn.row for turn in turns]]))
        watch(n + n_samples * (1 + int(group[-1])), 2 * n)
    products = np.array([[(a @ b.T).double().cpu().numpy() for b in gradients] for a in gradients])
    return _with_interval(lambda drawn: _cosines(products, drawn), len(groups))


def _cosines(products: NDArray[np.float64], drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cosines from ``products[a, b, i, j]``: group a's gradient of i times group b's of j, for a other than b."""
    pairs = [(a, b) for a in drawn for b in drawn if a != b]
    if not pairs:
        return np.full(products.shape[2:], np.nan)
    mean = np.mean([products[a, b] for a, b in pairs], axis=0)
    own = np.diag(mean)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.sqrt(np.outer(own, own))
        cosines: NDArray[np.float64] = np.where((own[:, None] > 0) & (own > 0), mean / scale, np.nan)
    return np.clip((cosines + cosines.T) / 2, -1, 1)


def _labels(names: tuple[str, ...], correlation: Interval) -> dict[str, str]:
    found = {}
    for i, a in enumerate(names):
        for j in range(i + 1, len(names)):
            low, high = correlation.low[i][j], correlation.high[i][j]
            settled = None if low is None or high is None else relationships.relationship(low, high)
            found[f"{a}, {names[j]}"] = settled or "unsettled"
    return found
