"""Relationship certificates: how a task's objectives relate under the base model, measured."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Self

import gymnasium
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from morl_envs import objectives, registry
from morl_envs.errors import InvalidParameter, require
from morl_envs.evaluation.result import versions
from morl_envs.metrics import relationships
from morl_envs.metrics.intervals import bootstrap_interval

__all__ = ["Certificate", "certify"]

_GROUPS = 8  # of prompts, for gradients: products across groups are free of their own noise

Matrix = list[list[float | None]]
Progress = Callable[[int, int], None]
"""Called with (answers sampled, answers in all)."""


class Interval(BaseModel):
    """A measured value between the ends of its 95 % interval; None where it could not be computed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Matrix
    low: Matrix
    high: Matrix


class Certificate(BaseModel):
    """How the objectives of a task relate; matrices are ``(k, k)``, with intervals over resampled prompts.

    Attributes:
        task: Name.
        lm: The base policy.
        objectives: Names, in order.
        versions: Of the objectives, and of the packages used.
        n_prompts: Training prompts.
        n_samples: Answers a prompt, sampled at temperature 1.
        seed: Of the samples.
        mean: Mean score, ``(k,)``.
        spread: Standard deviation within a prompt, ``(k,)``.
        low: First percentile of the scores, ``(k,)``: the nadir of normalised returns.
        high: 99th percentile, ``(k,)``: their ideal.
        correlation: Within prompts.
        gradient_cosine: Of the policy gradients at the base model.
        transfer: Row i: what training on i does to j, as a share of what training on j does.
        kl: Divergence of that training from the base model, in nats.
        hypervolume: Of the normalised front above the base model; 1 where nothing has to be given up.
        labels: For each pair "i, j": conflicting, independent, complementary or unsettled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    task: str
    lm: str
    objectives: tuple[str, ...]
    versions: dict[str, str]
    n_prompts: int
    n_samples: int
    seed: int
    mean: list[float]
    spread: list[float]
    low: list[float]
    high: list[float]
    correlation: Interval
    gradient_cosine: Interval
    transfer: Interval
    kl: float
    hypervolume: float
    labels: dict[str, str]

    def save(self, path: Path) -> None:
        """Write JSON; the file appears complete or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        try:
            partial.write_text(self.model_dump_json(indent=1), encoding="utf-8")
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            InvalidParameter: if the file is not a certificate of this schema.
        """
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (ValidationError, UnicodeDecodeError) as error:
            raise InvalidParameter(f"path must be a certificate (schema 1), got {str(path)!r}: {error}") from error


def certify(
    task: str,
    *,
    lm: str = "smollm2-135m",
    device: str = "auto",
    dtype: str = "auto",
    n_prompts: int = 64,
    n_samples: int = 32,
    kl: float = 0.5,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Certificate:
    """Sample answers of the base model to training prompts, score them, and measure how the objectives relate.

    Raises:
        InvalidParameter: for an unknown task or model, or a count out of range.
    """
    row = registry.row(task)
    require("completion" in row.controls, "task", "must have a completion environment", task)
    require(n_samples >= 2, "n_samples", "must be at least 2", n_samples)
    env: Any = gymnasium.make(row.id("completion"), lm=lm, device=device, dtype=dtype).unwrapped
    available = len(env.prompts)
    require(2 <= n_prompts <= available, "n_prompts", f"must be in [2, {available}]", n_prompts)
    prompts = [prompt for prompt in env.prompts[:n_prompts] for _ in range(n_samples)]
    seeds = [int(word) >> 1 for word in np.random.SeedSequence(seed).generate_state(len(prompts), np.uint64)]
    done = iter(range(1, len(prompts) + 1))
    watch = None if on_progress is None else lambda *_: on_progress(next(done), len(prompts))
    answers = env.generate(prompts, seeds=seeds, temperature=1.0, on_finish=watch)
    rewards = env.score(prompts, [answer.text for answer in answers])
    rewards = rewards.reshape(n_prompts, n_samples, -1).astype(np.float64)
    correlation = _with_interval(lambda drawn: relationships.within_prompt_correlation(rewards[drawn]), n_prompts)
    names = env.objectives
    return Certificate(
        task=task,
        lm=lm,
        objectives=names,
        versions={**{name: objectives.get(name).version for name in names}, **versions()},
        n_prompts=n_prompts,
        n_samples=n_samples,
        seed=seed,
        mean=rewards.mean(axis=(0, 1)).tolist(),
        spread=np.sqrt(np.diag(relationships.within_prompt_covariance(rewards))).tolist(),
        low=np.quantile(rewards, 0.01, axis=(0, 1)).tolist(),
        high=np.quantile(rewards, 0.99, axis=(0, 1)).tolist(),
        correlation=correlation,
        gradient_cosine=_gradient_cosine(env.lm, prompts, answers, rewards),
        transfer=_with_interval(
            lambda drawn: relationships.transfer_matrix(rewards[drawn], kl), n_prompts, n_resamples=200
        ),
        kl=kl,
        hypervolume=relationships.normalised_hypervolume(rewards, kl),
        labels=_labels(names, correlation),
    )


def _with_interval(statistic: Any, n_units: int, n_resamples: int = 1000) -> Interval:
    low, high = bootstrap_interval(statistic, n_units, n_resamples=n_resamples)
    return Interval(value=_matrix(statistic(np.arange(n_units))), low=_matrix(low), high=_matrix(high))


def _matrix(values: NDArray[np.float64]) -> Matrix:
    return [[float(x) if np.isfinite(x) else None for x in row] for row in values]


def _gradient_cosine(lm: Any, prompts: Any, answers: Any, rewards: NDArray[np.float64]) -> Interval:
    """Cosines between the policy gradients of the objectives, from products of gradients of different prompts."""
    from morl_envs.lm.gradients import weighted_gradients

    n_prompts, n_samples, k = rewards.shape
    advantages = (rewards - rewards.mean(axis=1, keepdims=True)).reshape(-1, k)
    contexts = lm.encode_prompts([prompt.text for prompt in prompts])
    groups = np.array_split(np.arange(n_prompts), min(_GROUPS, n_prompts))
    gradients = []
    for group in groups:
        rows = (group[:, None] * n_samples + np.arange(n_samples)).ravel()
        texts = [answers[row].tokens.tolist() for row in rows]
        gradients.append(weighted_gradients(lm.model, [contexts[row] for row in rows], texts, advantages[rows]))
    products = np.array([[(a @ b.T).double().cpu().numpy() for b in gradients] for a in gradients])
    return _with_interval(lambda drawn: _cosines(products, drawn), len(groups))


def _cosines(products: NDArray[np.float64], drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cosines from ``products[a, b, i, j]``: group a's gradient of i times group b's of j, for a other than b."""
    pairs = [(a, b) for a in drawn for b in drawn if a != b]
    if not pairs:
        return np.full(products.shape[2:], np.nan)
    mean = np.mean([products[a, b] for a, b in pairs], axis=0)
    own = np.diag(mean)
    with np.errstate(invalid="ignore"):
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
