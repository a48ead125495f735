"""A twin by meaning: whether a continuation's words lie where its opening's do, and point back to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.twins.classifier import learned, shape
from morl_envs.objectives.twins.vectors import fine_matrix, known, tokens
from morl_envs.objectives.words import FUNCTION
from morl_envs.spec import Prompt

__all__ = ["FEATURES", "OBJECTIVES", "OnTopic", "features"]

FEATURES = (
    "mean cosine", "nearest said", "nearest asked", "supported", "overall", "share near", "reference", "distinct",
    "copied", "short",
)  # fmt: skip
_OPENING = re.compile(r"^[^:?.]{0,60}[:?]\s+")
_REFERENCE = frozenset((
    "i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine", "we", "us", "our", "he", "him", "his", "himself", "she",
    "her",
    "hers", "herself", "they", "them", "their",
))  # fmt: skip
_COMMON = 300  # rank of a word that counts half, after Arora et al. (2017)
_NEAR = 0.5
_BEST = 3


def features(prompt: Prompt, text: str) -> NDArray[np.float64]:
    """The features that :data:`FEATURES` names; zeros where either text has no known content word.

    Of the cosines between content words of the opening and of the answer: that of the two means, rare words counting
    more; means of the best three of the answer's words, and of the opening's; the mean best match of the answer's, rare
    words counting more; the mean of all; the share of the answer's words with a match above 0.5. Then the share of its
    words that refer to persons, and the shape of the text.
    """
    asked, said = _content(_OPENING.sub("", prompt.text, count=1)), _content(text)
    if not asked or not said:
        return np.zeros(len(FEATURES))
    cosines = fine_matrix()[said] @ fine_matrix()[asked].T
    best, weights = cosines.max(axis=1), _weights(said)
    spoken = tokens(text)
    return np.array(
        [
            float(_mean(asked) @ _mean(said)),
            np.sort(best)[-_BEST:].mean(),
            np.sort(cosines.max(axis=0))[-_BEST:].mean(),
            weights @ best / weights.sum(),
            cosines.mean(),
            (best > _NEAR).mean(),
            sum(word in _REFERENCE for word in spoken) / len(spoken),
            *shape(prompt.text, text),
        ]
    )


def _content(text: str) -> list[int]:
    table = known()
    return [table[word] for word in tokens(text) if len(word) > 2 and word in table and word not in FUNCTION]


def _weights(rows: list[int]) -> NDArray[np.float64]:
    ranks = np.array(rows, dtype=np.float64)
    return (ranks + 1) / (ranks + 1 + _COMMON)


def _mean(rows: list[int]) -> NDArray[np.float64]:
    mean = _weights(rows) @ fine_matrix()[rows]
    return np.asarray(mean / max(1e-6, float(np.linalg.norm(mean))))


@cache
def _fitted() -> NDArray[np.float64]:
    return learned()["relevance.topic"]


@dataclass(frozen=True)
class OnTopic:
    """Probability that a continuation belongs to its opening, by where their words lie in meaning; see `features`.

    The opening is the prompt without its instruction. The weights of the features are fitted
    (``morl_envs.training.objectives.twins``) to pairs, to the better texts of other openings, and to cheap tricks. It
    has no list of topics, no stems, and does not read who speaks of whom; another story of everyday life can pass.
    """

    name: str = "gold relevance"
    version: str = "2"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(p, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    @staticmethod
    def _one(prompt: Prompt, text: str) -> float:
        found = features(prompt, text)
        if not found.any():
            return 0.0
        *slopes, intercept = _fitted()
        return 1 / (1 + exp(-(float(found @ slopes) + intercept)))


OBJECTIVES = {"relevance": OnTopic()}
