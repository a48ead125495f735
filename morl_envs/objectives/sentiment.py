"""Positivity: how favourable an answer is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

    A sentence that repeats itself counts in proportion to its distinct words, so that a happy word written fifty
    times says little; a text without words is neutral to nobody and scores 0. "I loved it." scores 0.80,
    "A dull, lifeless film." 0.30, "It lasts two hours." 0.5.
    """

    name: str = "positivity"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(text) for text in completions], dtype=np.float32)

    @staticmethod
    def _one(text: str) -> float:
        sentences = list(dict.fromkeys(part.strip() for part in _SENTENCE.split(text) if part.strip()))
        words = [re.findall(r"\w+", sentence.lower()) for sentence in sentences]
        if not any(words):
            return 0.0
        compounds = [
            _analyser().polarity_scores(sentence)["compound"] * _variety(said)
            for sentence, said in zip(sentences, words, strict=True)
            if said
        ]
        whole = _variety([word for said in words for word in said])
        return float(0.5 + 0.5 * whole * np.mean(compounds))


def _variety(words: Sequence[str]) -> float:
    """1 unless words are repeated more than real text repeats them (six distinct in ten)."""
    return min(1.0, len(set(words)) / (0.6 * len(words)))


OBJECTIVES = {"positivity": Positivity()}
