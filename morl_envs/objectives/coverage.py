"""Coverage: how many of an article's facts a summary takes up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.claims import article, clauses, copied
from morl_envs.objectives.words import soundness, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Coverage"]

_LEAD = 2.0  # weight of the first sentence, of which the others have 1
_TOLD = 0.7  # share of a sentence's words that tells it
_HEARD = 0.2  # share of a sentence's words that tells nothing of it


@dataclass(frozen=True)
class Coverage:
    """Share of the article's sentences that the answer tells, of which the first counts twice.

    A sentence is told to the degree that its content words, names and numbers occur in the answer (by stem and by
    groups of synonyms; names and numbers count twice): not at all up to a fifth of them, whole from 70%. An answer that
    holds more than 70% of the prompt earns less, from 95% nothing. Guards against repetition, key words and length. The
    article is the prompt's reference, or the prompt. It does not look at whether what is told is right.

    Reference "The council in Arlow closed the old bridge on Monday. Repairs cost 40 thousand pounds. Nobody was hurt.":
    "The Arlow council closed its old bridge on Monday for repairs that cost 40 thousand pounds." scores 0.75, "A bridge
    was closed on Monday." 0.30, "Something happened." 0.00.
    """

    name: str = "coverage"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(p, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    @staticmethod
    def _one(prompt: Prompt, text: str) -> float:
        said = words(text)
        sound = soundness(text, said)
        if sound == 0:
            return 0.0
        facts = _facts(article(prompt))
        told = {word for sentence in clauses(text) for clause in sentence for word in clause.words}
        total = sum(weight for weight, _ in facts)
        if not told or total == 0:
            return 0.0
        heard = sum(weight * _told(worth, told) for weight, worth in facts)
        return heard / total * copied(prompt.text, said) * sound


def _told(worth: dict[str, int], told: set[str]) -> float:
    share = sum(w for word, w in worth.items() if word in told) / sum(worth.values())
    return min(1.0, max(0.0, (share - _HEARD) / (_TOLD - _HEARD)))


@lru_cache(maxsize=1 << 12)
def _facts(text: str) -> tuple[tuple[float, dict[str, int]], ...]:
    """(weight, what each word is worth) of each sentence of an article."""
    found = []
    for i, sentence in enumerate(clauses(text)):
        worth = {
            word: 2 if word in clause.names or word[0].isdigit() else 1 for clause in sentence for word in clause.words
        }
        found.append((_LEAD if i == 0 else 1.0, worth))
    return tuple(found)


OBJECTIVES = {"coverage": Coverage()}
