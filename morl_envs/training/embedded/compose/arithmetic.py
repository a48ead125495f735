"""Sums with worked, short, wordy, unlabelled and wrong answers; and drills, several sums at a time."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from morl_envs.tasks import arithmetic
from morl_envs.tasks.drawing import capitalised

__all__ = ["compose", "drill"]

_WORKED = (
    "{sum} = {v}. Answer: {v}",
    "We compute {sum} = {v}. Answer: {v}",
    "First look at the numbers: {sum} = {v}. Answer: {v}",
    "That is {sum} = {v}, so {tell}. Answer: {v}",
    "{sum} = {v}, and {tell}. Answer: {v}",
    "Since {sum} = {v}, {tell}. Answer: {v}",
)
_SHORT = ("Answer: {v}", "Answer: {v}.", "{v}. Answer: {v}")
_UNLABELLED = ("{v}", "It is {v}.", "{sum} = {v}", "The result is {v}.", "I think the result is {v}.", "{Tell}.")
_WORDY = (
    "Let us think about this step by step. The question asks about {numbers}. We put them together as {sum} = {v}, "
    "so {tell}. Answer: {v}",
    "To solve the problem, we write down what we know: {numbers}. Then we work out {sum} = {v} with care. {Tell}, "
    "and that is what was asked for. Answer: {v}",
    "Answer: {v}, since {sum} = {v}, and I am quite sure that {tell}.",
)
_TOLD = {
    "Calculate": ("the product is {v}", "it makes {v}", "{numbers} give {v}"),
    "What is": ("the value is {v}", "it makes {v}", "the sum comes to {v}", "we get {v}"),
    "There were": ("{v} {thing} are left", "{name} left {v} {thing} in the box", "the box now holds {v} {thing}"),
    "bags": ("there are {v} {thing} in all", "the bags hold {v} {thing}", "we count {v} {thing}"),
    "buys": ("{name} has {v} {thing} now", "{name} owns {v} {thing}", "there are {v} {thing} now"),
}
_DRILLS = ("Work out {0}.", "Calculate these: {0}.", "What are {0}?", "Do these sums: {0}.")


@cache
def _held_out() -> frozenset[tuple[Any, ...]]:
    test = arithmetic.TASK.prompts("test")
    return frozenset(
        arithmetic.sum_of(prompt.text.removesuffix(arithmetic.FORMAT), int(prompt.reference or 0)) for prompt in test
    )


def compose(rng: random.Random) -> tuple[str, str]:
    """A prompt like the task's, and an answer of one of several forms; one in ten is slightly wrong."""
    question, value = next(_questions(rng))
    numbers = re.findall(r"\d+", question)
    given = value if rng.random() < 0.9 else value + rng.choice((-10, -2, -1, 1, 2, 10))
    name, thing = re.search(r"([A-Z]\w+) (?:has|took)", question), re.search(r"many (\w+)", question)
    slots = {
        "v": given,
        "numbers": " and ".join(numbers),
        "name": name[1] if name else "",
        "thing": thing[1] if thing else "",
    }
    told = rng.choice(next(forms for words, forms in _TOLD.items() if words in question)).format(**slots)
    forms = rng.choices((_WORKED, _SHORT, _UNLABELLED, _WORDY), (6, 3, 2, 2))[0]
    shown = _in_steps(_written_sum(question, numbers))
    answer = rng.choice(forms).format(sum=shown, tell=told, Tell=capitalised(told), **slots)
    return f"{question} {arithmetic.FORMAT}", answer


def drill(rng: random.Random) -> tuple[str, str]:
    """Several sums at once and their results, all right: more practice a token than any question gives."""
    found = _questions(rng)
    drawn = [next(found) for _ in range(rng.randint(3, 6))]
    sums = [(_written_sum(question, re.findall(r"\d+", question)), value) for question, value in drawn]
    asked = ", ".join(written for written, _ in sums)
    return rng.choice(_DRILLS).format(asked), ". ".join(f"{_in_steps(written)} = {value}" for written, value in sums)


def _questions(rng: random.Random) -> Iterator[tuple[str, int]]:
    """The task's questions, without the sums that a test prompt asks for."""
    while True:
        question, value = rng.choice(arithmetic.KINDS)(rng)
        if arithmetic.sum_of(question, value) not in _held_out():
            yield question, value


def _written_sum(question: str, numbers: list[str]) -> str:
    if question.startswith("What is"):
        return question.removeprefix("What is ").rstrip("?")
    sign = "*" if "times" in question or "bags" in question else "-" if "took out" in question else "+"
    return f" {sign} ".join(numbers)


def _in_steps(written: str) -> str:
    """Three terms with what the first two make in between: "12 + 30 - 7" gives "12 + 30 - 7 = 42 - 7".

    >>> _in_steps("12 + 30 - 7")
    '12 + 30 - 7 = 42 - 7'
    >>> _in_steps("12 + 30")
    '12 + 30'
    """
    terms = written.split(" ")
    if len(terms) < 5:
        return written
    first = int(terms[0]) + (int(terms[2]) if terms[1] == "+" else -int(terms[2]))
    return f"{written} = {first} {terms[3]} {terms[4]}"
