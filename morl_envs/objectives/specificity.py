"""Specificity: how much an answer says that could not be said of anything else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.lexicon import entries
from morl_envs.objectives.words import FUNCTION, soundness, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Specificity"]

_COMMON = FUNCTION | frozenset(entries("specificity", "stock"))
_ABSTRACT = re.compile(rf"(?:{'|'.join(entries('specificity', 'abstract'))})\Z")
_VAGUE = 0.25  # what an abstract word counts
_FULL = 20  # concrete words of an answer that could not say more
_ABOUT = 3  # words of the prompt that show what an answer is about


@dataclass(frozen=True)
class Specificity:
    """Share of twenty: distinct words of the answer's own that are neither common nor stock phrases of critics.

    A word with an abstract ending ("achievement", "emotionally") counts a quarter. The count is halved for an answer
    that takes up no word of the prompt, and whole from three, so that details have to be about the subject; a copy of
    the prompt has no words of its own. It is scaled by how far the answer is running text
    (:func:`morl_envs.objectives.words.soundness`).

    To "Review a thriller about a piano tuner.": "A great film." scores 0.00, "Undoubtedly a powerful achievement."
    0.01, "The tuner's cracked fingers, the dusty varnish, a map on the hotel bed: every clue rings like a struck
    string." 0.32. Of 80 answers of SmolLM2-135M to review prompts, 34 words long on average, the mean is 0.30, the
    largest 0.54, and the first and last tenths begin at 0.12 and 0.46.
    """

    name: str = "specificity"
    version: str = "2"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(p.text, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    @staticmethod
    def _one(prompt: str, text: str) -> float:
        said = words(text)
        particular, asked = _particular(said), _particular(words(prompt))
        count = sum(_VAGUE if _ABSTRACT.search(word) else 1.0 for word in particular - asked)
        about = 0.5 + 0.5 * min(1.0, len(particular & asked) / _ABOUT)
        return min(1.0, count / _FULL) * about * soundness(text, said)


def _particular(said: Sequence[str]) -> set[str]:
    plain = {word.removesuffix("'s") for word in said}
    return {word for word in plain if word not in _COMMON and len(word) > 2}


OBJECTIVES = {"specificity": Specificity()}
