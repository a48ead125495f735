"""The certificate of a task, as a value and as a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from morl_envs.errors import InvalidParameter

__all__ = ["Certificate", "Interval", "Matrix"]

Matrix = list[list[float | None]]


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

    model_config = ConfigDict(extra="forbid", frozen=True)

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
