"""The result of an evaluation, as a value and as a file."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from morl_envs.evaluation.files import Kept
from morl_envs.metrics import expected_utility, hypervolume

__all__ = ["EvaluationResult", "versions"]

_PACKAGES = ("morl-envs", "gymnasium", "mo-gymnasium", "numpy", "torch", "transformers", "moocore")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a result depends on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from a checkout that is not installed
            found[name] = "unknown"
    return found


class EvaluationResult(Kept):
    """All that an evaluation found; every number of a leaderboard row can be computed from it.

    Attributes:
        id: Environment id.
        agent: Name of the agent's class.
        settings: The agent's arguments, by name.
        objectives: Names, in reward order; k of them.
        weights: ``(m, k)``.
        seeds: Evaluation seeds, s of them.
        prompt_ids: Test prompts, n of them.
        prompts_sha256: Hash of their ids, texts and references (:func:`morl_envs.spec.content_hash`).
        ref_point: Reference point of the hypervolume, ``(k,)``.
        nadir: Where normalised returns are 0, ``(k,)``.
        ideal: Where they are 1, ``(k,)``.
        env_kwargs: What the environment was made with.
        returns: ``(s, m, n, k)``.
        completions: ``(s, m, n)``.
        log_ratios: Logarithm of how much likelier the policy made each answer than the base model does, in nats,
            ``(s, m, n)``; None where the policy does not know its probabilities.
        costs: What was spent, by name: the same whenever the run is repeated.
        measured: Seconds and bytes, by name: never quite the same.
        versions: Of the packages used.
    """

    _kind: ClassVar[str] = "an evaluation result (schema 2)"

    schema_version: Literal[2] = 2
    id: str
    agent: str
    settings: dict[str, Any] = Field(default_factory=dict)
    objectives: tuple[str, ...]
    weights: list[list[float]]
    seeds: tuple[int, ...]
    prompt_ids: tuple[str, ...]
    prompts_sha256: str
    ref_point: tuple[float, ...]
    nadir: tuple[float, ...]
    ideal: tuple[float, ...]
    env_kwargs: dict[str, Any]
    returns: list[list[list[list[float]]]]
    completions: list[list[list[str]]]
    log_ratios: list[list[list[float]]] | None = None
    costs: dict[str, int]
    measured: dict[str, float] = Field(default_factory=dict)
    versions: dict[str, str]

    @model_validator(mode="after")
    def _shapes(self) -> Self:
        shape = (len(self.seeds), len(self.weights), len(self.prompt_ids), len(self.objectives))
        for name, values, expected in (
            ("returns", self.returns, shape),
            ("completions", self.completions, shape[:3]),
            ("weights", self.weights, (shape[1], shape[3])),
            ("ref_point", self.ref_point, shape[3:]),
            ("nadir", self.nadir, shape[3:]),
            ("ideal", self.ideal, shape[3:]),
            ("log_ratios", self.completions if self.log_ratios is None else self.log_ratios, shape[:3]),
        ):
            found = np.asarray(values).shape
            if found != expected:
                raise ValueError(f"{name} must have shape {expected}, got {found}")
        if not np.isfinite(np.asarray(self.returns)).all():
            raise ValueError("returns must be finite")
        return self

    @property
    def label(self) -> str:
        """The agent with its settings, as tables name it."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"{self.agent}({shown})"

    def mean_returns(self) -> NDArray[np.float64]:
        """Mean return per weight vector over seeds and prompts, shape ``(m, k)``."""
        means: NDArray[np.float64] = np.asarray(self.returns, dtype=np.float64).mean(axis=(0, 2))
        return means

    def returns_by_seed(self) -> NDArray[np.float64]:
        """Mean return per seed and weight vector over prompts, shape ``(s, m, k)``."""
        means: NDArray[np.float64] = np.asarray(self.returns, dtype=np.float64).mean(axis=2)
        return means

    def hypervolume(self) -> float:
        """Hypervolume of the mean returns above the protocol's reference point."""
        return hypervolume(self.mean_returns(), self.ref_point)

    def expected_utility(self) -> float:
        """Expected utility of the mean returns over the evaluated weights."""
        return expected_utility(self.mean_returns(), self.weights)
