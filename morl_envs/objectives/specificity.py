"""Specificity: how much an answer says that belongs to its own subject."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Specificity"]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_STOCK = """
a about after all also an and any are as at be been but by can could did do does even every few film films for from
get had has have he her him his how i if in into is it it's its just like made make makes many me more most movie
movies much my no not of on one or other our out over really review see she should so some story such than that the
their them then there these they thing things this those to too truly up us very was watch watching way we well were
what when where which while who will with would you your good great bad nice amazing best worst better overall quite
must lot highly recommend recommended perfect wonderful fantastic terrible awful excellent beautiful interesting
boring feel feels felt think experience absolutely definitely simply
"""
_COMMON = frozenset(_STOCK.split())
_FULL = 12  # distinct particular words of an answer that says enough
_SHARED = 4  # of which this many may come from the prompt


@dataclass(frozen=True)
class Specificity:
    """Share of twelve: distinct words that are neither common nor stock praise, at least some of them the answer's own.

    Words of the prompt show that the answer is about its subject, but only the first four count, so that copying the
    prompt earns little. The count is scaled by how much of the answer is running text: the share of common words in
    prose lies near a half, and falls below a quarter in a list of key words. "A great film." scores 0.
    """

    name: str = "specificity"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(p.text, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    @staticmethod
    def _one(prompt: str, text: str) -> float:
        words = [word.lower() for word in _WORD.findall(text)]
        if not words:
            return 0.0
        asked = {word.lower() for word in _WORD.findall(prompt)}
        particular = {word for word in words if word not in _COMMON and len(word) > 2}
        shared = len(particular & asked)
        count = min(shared, _SHARED) + len(particular - asked)
        prose = min(1.0, 4 * sum(word in _COMMON for word in words) / len(words))
        varied = min(1.0, len(set(words)) / (0.5 * len(words)))
        return min(1.0, count / _FULL) * prose * varied


OBJECTIVES = {"specificity": Specificity()}
