"""What a joke turns on: words that have little to do with what it was asked about, or with each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.twins.vectors import known, matrix, tokens
from morl_envs.objectives.words import FUNCTION

__all__ = ["FEATURES", "incongruity"]

FEATURES = ("kinship", "strangest", "coherence", "neighbours", "rarity", "loneliest")
_COSINES, _RANKS = 3.0, 0.5  # scales under one penalty with the features of a classifier


def incongruity(prompt: str, text: str) -> NDArray[np.float64]:
    """The features that :data:`FEATURES` names, of a text's known content words; zeros where there is none.

    Largest cosine of each word with a word of the prompt, its mean and its least; mean cosine of two words of the text;
    largest cosine of each with another, its mean and its least; and mean logarithm of how rare the words are, by rank.

    Incongruity as a cause of laughter: Raskin (1985), Semantic mechanisms of humor.
    """
    asked, said = _content(prompt), _content(text)
    if not said:
        return np.zeros(len(FEATURES))
    ours, n = matrix()[said], len(said)
    kin = (ours @ matrix()[asked].T).max(axis=1) if asked else np.zeros(n)
    between = ours @ ours.T
    nearest = (between - 2 * np.eye(n)).max(axis=1) if n > 1 else np.zeros(1)
    coherence = (between.sum() - n) / max(1, n * (n - 1))
    cosines = _COSINES * np.array([kin.mean(), kin.min(), coherence, nearest.mean(), nearest.min()], dtype=np.float64)
    return np.insert(cosines, 4, _RANKS * np.log1p(said).mean())


def _content(text: str) -> list[int]:
    """The rows of the content words; common words come first."""
    table = known()
    return [table[word] for word in tokens(text) if len(word) > 2 and word in table and word not in FUNCTION]
