"""Sums with worked, short, wordy, unlabelled and wrong answers."""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Any

from morl_envs.tasks import arithmetic

__all__ = ["compose"]

_WORKED = (
    "{sum} = {v}. Answer: {v}",
    "We compute {sum}, which is {v}. Answer: {v}",
    "First look at the numbers: {sum} makes {v}. Answer: {v}",
    "That is {sum}, so there are {v}. Answer: {v}",
)
_SHORT = ("Answer: {v}", "Answer: {v}.", "{v}. Answer: {v}")
_UNLABELLED = ("{v}", "It is {v}.", "{sum} = {v}", "The result is {v}.", "I think the result is {v}.")
_WORDY = (
    "Let us think about this step by step. The question asks about {numbers}. We put them together as {sum}, and "
    "that gives us {v} in the end. Answer: {v}",
    "To solve the problem, we write down what we know: {numbers}. Then we work out {sum} with care. The result is {v}, "
    "and that is what was asked for. Answer: {v}",
    "Answer: {v}, since {sum} is {v}, and I am quite sure of it.",
)


@cache
def _held_out() -> frozenset[tuple[Any, ...]]:
    test = arithmetic.TASK.prompts("test")
    return frozenset(
        arithmetic.sum_of(prompt.text.removesuffix(arithmetic.FORMAT), int(prompt.reference or 0)) for prompt in test
    )


def compose(rng: random.Random) -> tuple[str, str]:
    """A prompt like the task's, and an answer of one of several forms; one in five is slightly wrong."""
    question, value = rng.choice(arithmetic.KINDS)(rng)
    while arithmetic.sum_of(question, value) in _held_out():
        question, value = rng.choice(arithmetic.KINDS)(rng)
    numbers = re.findall(r"\d+", question)
    shown = _written_sum(question, numbers)
    given = value if rng.random() < 0.8 else value + rng.choice((-10, -2, -1, 1, 2, 10))
    forms = rng.choices((_WORKED, _SHORT, _UNLABELLED, _WORDY), (5, 3, 2, 2))[0]
    answer = rng.choice(forms).format(v=given, sum=shown, numbers=" and ".join(numbers))
    return f"{question} {arithmetic.FORMAT}", answer


def _written_sum(question: str, numbers: list[str]) -> str:
    if question.startswith("What is"):
        return question.removeprefix("What is ").rstrip("?")
    sign = "*" if "times" in question or "bags" in question else "-" if "took out" in question else "+"
    return f" {sign} ".join(numbers)
