"""The certificate of a task, as a value and as a file."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from morl_envs.evaluation.files import Kept

__all__ = ["Certificate", "Interval", "Matrix"]

Matrix = list[list[float | None]]


class Interval(BaseModel):
    """A measured value between the ends of its 95 % interval; None where it could not be computed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Matrix
    low: Matrix
    high: Matrix


class Certificate(Kept):
    """How the objectives of a task relate; matrices are ``(k, k)``, with intervals over resampled prompts.

    Attributes:
        task: Name.
        lm: The base policy; None for a task that has one of its own and no language model.
        env_kwargs: Other keyword arguments that the environment was made with.
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
        gradient_cosine: Of the policy gradients at the base model; None where there is no language model.
        transfer: Row i: what training on i does to j, as a share of what training on j does.
        kl: Divergence of that training from the base model, in nats.
        hypervolume: Of the normalised front above the base model; 1 where nothing has to be given up.
        labels: For each pair "i, j": conflicting, independent, complementary or unsettled.
    """

    _kind: ClassVar[str] = "a certificate (schema 1)"
    _indent: ClassVar[int | None] = 1

    schema_version: Literal[1] = 1
    task: str
    lm: str | None
    env_kwargs: dict[str, Any]
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
    gradient_cosine: Interval | None
    transfer: Interval
    kl: float
    hypervolume: float
    labels: dict[str, str]
