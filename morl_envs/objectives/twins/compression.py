"""A twin by information: how badly an answer can be compressed, and how far its words lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.twins.vectors import known, matrix, tokens
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Incompressible", "phrases", "spread"]

_POOR, _RICH = 1.0, 1.5  # normalised complexity that earns nothing, and all
_ENOUGH = 10  # words whose vectors are spread out


def phrases(text: str) -> int:
    """The phrases of the Lempel-Ziv (1976) parsing: each is the shortest one that did not occur before it.

    >>> phrases("aaaaaaaa"), phrases("abcdefgh")
    (2, 8)
    """
    start, count = 0, 0
    while start < len(text):
        end = start + 1
        while end <= len(text) and text.find(text[start:end], 0, end - 1) != -1:
            end += 1
        start, count = end, count + 1
    return count


def spread(text: str, besides: str = "") -> float:
    """Effective number of directions among the embeddings of distinct known words that `besides` lacks.

    The exponential of the spectral entropy of their cosines (Vendi score; Friedman and Dieng, 2023).
    """
    table = known()
    rows = sorted({table[word] for word in set(tokens(text)) - set(tokens(besides)) if len(word) > 2 and word in table})
    if not rows:
        return 0.0
    values = np.linalg.eigvalsh(matrix()[rows] @ matrix()[rows].T / len(rows)).clip(1e-12)
    return float(np.exp(-(values * np.log(values)).sum()))


@dataclass(frozen=True)
class Incompressible:
    """How complex the characters of an answer are for their number, times how far its words spread in meaning.

    Complexity: phrases of the Lempel-Ziv parsing times log2(n) over n, for n characters without those that repeat the
    prompt's, from 1 (0) to 1.5 (1). Spread: effective directions of the embeddings of its words, out of ten.
    """

    name: str = "gold diversity"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(p.text, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    @staticmethod
    def _one(prompt: str, text: str) -> float:
        plain = " ".join(tokens(text))[:1000]
        if len(plain) < 3:
            return 0.0
        complexity = phrases(plain) * log(len(plain), 2) / len(plain)
        new = min(1.0, max(0.0, (complexity - _POOR) / (_RICH - _POOR)))
        return new * min(1.0, spread(text, prompt) / _ENOUGH)


OBJECTIVES = {"diversity": Incompressible()}
