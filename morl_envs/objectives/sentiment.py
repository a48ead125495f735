"""Positivity: how favourable an answer is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.words import originality, soundness, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Positivity"]

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@cache
def _analyser() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


@dataclass(frozen=True)
class Positivity:
    """Mean over distinct sentences of VADER's compound score (Hutto and Gilbert, 2014), mapped from [-1, 1] to [0, 1].

    A sentence that repeats itself counts in proportion to its distinct words, and the whole is drawn towards 0.5 as far
    as it is no running text of a few sentences (:func:`morl_envs.objectives.words.soundness`) or copied from the
    prompt: happy words in a row say little. A text without words is neutral to nobody and scores 0.

    "I loved it." scores 0.80, "A dull, lifeless film." 0.30, "It lasts two hours." 0.50.
    """

    name: str = "positivity"
    version: str = "2"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(p.text, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    @staticmethod
    def _one(prompt: str, text: str) -> float:
        distinct = dict.fromkeys(part.strip() for part in _SENTENCE.split(text))
        compounds = [
            _analyser().polarity_scores(sentence)["compound"] * _variety(said)
            for sentence in distinct
            if (said := re.findall(r"\w+", sentence.lower()))
        ]
        if not compounds:
            return 0.0
        said = words(text)
        # one common word is granted, so that a short exclamation needs none
        trusted = soundness(text, ["the", *said]) * originality(words(prompt), said)
        return float(0.5 + 0.5 * trusted * np.mean(compounds))


def _variety(said: Sequence[str]) -> float:
    """1 unless words are repeated more than real text repeats them (six distinct in ten)."""
    return min(1.0, len(set(said)) / (0.6 * len(said)))


OBJECTIVES = {"positivity": Positivity()}
