"""Small sums with a verifiable answer.

One instance: "Maya has 14 marbles and buys 9 more. How many marbles does Maya have now? End with 'Answer: ' and the
number." with the reference "23". The prompts are drawn once, from a fixed seed; no two ask for the same operation on
the same numbers, whatever the names, the things and the wording.

Not covered: fractions, units, more than three operations.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

from morl_envs.spec import Prompt
from morl_envs.tasks.base import Task

__all__ = ["FORMAT", "KINDS", "TASK", "sum_of"]

_SEED = 31_415
_SIZES = {"train": 500, "test": 200}
FORMAT = "End with 'Answer: ' and the number."

_NAMES = ("Maya", "Omar", "Lena", "Tom", "Aisha", "Ravi", "Nora", "Felix", "Ines", "Kofi", "Yuki", "Sara")
_THINGS = ("marbles", "stamps", "pears", "coins", "books", "shells", "tickets", "pencils", "eggs", "buttons", "cards")


def _chain(rng: random.Random) -> tuple[str, int]:
    terms = [rng.randint(2, 40) for _ in range(rng.randint(2, 3))]
    signs = [rng.choice("+-") for _ in terms[1:]]
    value = terms[0] + sum(t if s == "+" else -t for s, t in zip(signs, terms[1:], strict=True))
    return f"What is {terms[0]}{''.join(f' {s} {t}' for s, t in zip(signs, terms[1:], strict=True))}?", value


def _product(rng: random.Random) -> tuple[str, int]:
    a, b = rng.randint(2, 12), rng.randint(2, 12)
    return f"Calculate {a} times {b}.", a * b


def _gain(rng: random.Random) -> tuple[str, int]:
    name, thing, a, b = rng.choice(_NAMES), rng.choice(_THINGS), rng.randint(3, 40), rng.randint(2, 30)
    return f"{name} has {a} {thing} and buys {b} more. How many {thing} does {name} have now?", a + b


def _loss(rng: random.Random) -> tuple[str, int]:
    name, thing, a = rng.choice(_NAMES), rng.choice(_THINGS), rng.randint(12, 50)
    b = rng.randint(2, a - 1)
    return f"There were {a} {thing} in the box. {name} took out {b}. How many {thing} are left?", a - b


def _groups(rng: random.Random) -> tuple[str, int]:
    thing, a, b = rng.choice(_THINGS), rng.randint(2, 12), rng.randint(2, 12)
    return f"{a} bags hold {b} {thing} each. How many {thing} are there in all?", a * b


KINDS: tuple[Callable[[random.Random], tuple[str, int]], ...] = (_chain, _product, _gain, _loss, _groups)


def sum_of(question: str, value: int) -> tuple[Any, ...]:
    """What makes two questions ask for the same sum: the result and the numbers, whatever the wording."""
    return (value, *sorted(re.findall(r"\d+", question)))


def _draw(split: str) -> tuple[Prompt, ...]:
    rng = random.Random(_SEED)
    questions: dict[tuple[Any, ...], tuple[str, int]] = {}
    while len(questions) < sum(_SIZES.values()):
        kind = rng.choice(KINDS)
        question, value = kind(rng)
        questions.setdefault(sum_of(question, value), (question, value))
    rows = list(questions.values())
    rows = rows[: _SIZES["train"]] if split == "train" else rows[_SIZES["train"] :]
    return tuple(
        Prompt(f"{question} {FORMAT}", id=f"arithmetic/{split}/{i:04d}", reference=str(value))
        for i, (question, value) in enumerate(rows)
    )


TASK = Task(
    name="arithmetic",
    summary="Small sums with a verifiable answer",
    objectives=("correctness", "brevity", "format"),
    max_new_tokens=64,
    load_prompts=_draw,
)
