"""Contrast pairs: what an objective should prefer, written by hand, and how often it does.

``data/contrast/<objective>.jsonl`` holds one pair a line: ``{"prompt", "better", "worse"}``, and ``"reference"`` where
the objective needs one. Better and worse texts are alike in length on average; the worse ones fail in different ways.
Pairs with an even index are for tuning a scorer; those with an odd index are held out, to judge it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from morl_envs.errors import require, require_one_of
from morl_envs.objectives.base import Objective, checked_scores
from morl_envs.spec import Prompt

__all__ = ["Pair", "accuracy", "auc", "held_out", "names", "pairs", "scores", "tuning"]

_FOLDER = files("morl_envs.objectives") / "data" / "contrast"


@dataclass(frozen=True)
class Pair:
    """Two answers to one prompt, of which the first is better by the objective that the pair was written for."""

    prompt: Prompt
    better: str
    worse: str


def names() -> tuple[str, ...]:
    """The objectives that have contrast pairs, sorted."""
    return tuple(sorted(file.name.removesuffix(".jsonl") for file in _FOLDER.iterdir() if file.name.endswith(".jsonl")))


@cache
def pairs(name: str) -> tuple[Pair, ...]:
    """All contrast pairs of an objective, in file order.

    Raises:
        InvalidParameter: for an objective without contrast pairs.
    """
    require_one_of("name", name, names())
    rows = [json.loads(line) for line in (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return tuple(
        Pair(
            Prompt(row["prompt"], id=f"contrast/{name}/{i:04d}", reference=row.get("reference")),
            row["better"],
            row["worse"],
        )
        for i, row in enumerate(rows)
    )


def tuning(name: str) -> tuple[Pair, ...]:
    """The pairs with an even index, which a scorer may be tuned on."""
    return pairs(name)[::2]


def held_out(name: str) -> tuple[Pair, ...]:
    """The pairs with an odd index, which only judge."""
    return pairs(name)[1::2]


def scores(objective: Objective, chosen: Sequence[Pair]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores of the better and of the worse texts, each of shape ``(n,)``."""
    require(len(chosen) > 0, "pairs", "must not be empty", chosen)
    prompts = [pair.prompt for pair in chosen]
    found = checked_scores(objective, prompts * 2, [p.better for p in chosen] + [p.worse for p in chosen])
    return found[: len(chosen)], found[len(chosen) :]


def auc(objective: Objective, chosen: Sequence[Pair]) -> float:
    """Probability that some better text scores above some worse one, over all n x n combinations; ties count half.

    0.5 is chance. Because texts of different prompts are compared, a scorer must be calibrated across prompts.
    """
    better, worse = scores(objective, chosen)
    return float(np.mean((np.sign(better[:, None] - worse[None, :]) + 1) / 2))


def accuracy(objective: Objective, chosen: Sequence[Pair]) -> float:
    """Share of pairs whose better text scores above its own worse one; ties count half."""
    better, worse = scores(objective, chosen)
    return float(np.mean((np.sign(better - worse) + 1) / 2))
