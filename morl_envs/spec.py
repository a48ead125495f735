"""Frozen descriptions shared by every layer: what a prompt is, and how an environment is judged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from morl_envs.errors import require

__all__ = ["EvaluationProtocol", "Prompt", "content_hash"]


@dataclass(frozen=True)
class Prompt:
    """What the model is asked.

    Args:
        text: The request, as a user would type it.
        id: Stable name within the suite, such as ``review/test/0012``; empty for a prompt made on the spot.
        reference: What a verifiable answer must contain (the result of a sum); None where there is none.
    """

    text: str
    id: str = ""
    reference: str | None = None


def content_hash(prompts: Sequence[Prompt]) -> str:
    """SHA-256 (hex) of the ids, texts and references of prompts, in their order."""
    rows = [[prompt.id, prompt.text, prompt.reference] for prompt in prompts]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class EvaluationProtocol:
    """How every agent on an environment is judged; frozen per id version.

    Args:
        ref_point: Reference point of the hypervolume, shape ``(k,)``; strictly below anything attainable.
        ideal: Upper end of each objective after which returns are normalised, shape ``(k,)``.
        nadir: Lower end of each objective after which returns are normalised, shape ``(k,)``.
        gamma: Discount of the returns; 1 because texts are episodes.
        weight_divisions: The weights are the simplex lattice with this many steps between two corners.
        seeds: Evaluation seeds.
        n_prompts: How many test prompts each (seed, weights) pair answers.
    """

    ref_point: tuple[float, ...]
    ideal: tuple[float, ...]
    nadir: tuple[float, ...]
    gamma: float = 1.0
    weight_divisions: int = 4
    seeds: tuple[int, ...] = field(default=(0, 1, 2, 3, 4))
    n_prompts: int = 100

    def __post_init__(self) -> None:
        sizes = {len(self.ref_point), len(self.ideal), len(self.nadir)}
        require(len(sizes) == 1, "ref_point, ideal and nadir", "must have the same length", sorted(sizes))
        require(len(self.ref_point) > 0, "ref_point, ideal and nadir", "must not be empty", self.ref_point)
        require(
            all(r < n < i for r, n, i in zip(self.ref_point, self.nadir, self.ideal, strict=True)),
            "ref_point, nadir, ideal",
            "must satisfy ref_point < nadir < ideal in every objective",
            (self.ref_point, self.nadir, self.ideal),
        )
        require(0 < self.gamma <= 1, "gamma", "must be in (0, 1]", self.gamma)
        require(self.weight_divisions >= 1, "weight_divisions", "must be at least 1", self.weight_divisions)
        require(self.n_prompts >= 1, "n_prompts", "must be at least 1", self.n_prompts)
        require(len(self.seeds) >= 1, "seeds", "must not be empty", self.seeds)
