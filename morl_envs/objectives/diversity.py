"""Diversity: whether an answer keeps finding other words, whatever its length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.fluency import known
from morl_envs.objectives.words import FUNCTION, originality, sentences, soundness, stem, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Diversity"]

_ENOUGH = 14  # distinct content words of an answer that could not be richer
_GROWTH = 1.7, 0.83  # expected distinct words of n running ones: 1.7 n^0.83 (Heaps' law)
_LEAST = 0.75  # share of the expected distinct words that earns nothing


@dataclass(frozen=True)
class Diversity:
    """How rich an answer is, times how little it repeats itself, times how much of it is English.

    Rich: its distinct content words (stems) that the prompt does not have, out of fourteen. Little repetition: the
    product of three shares. Distinct words over those expected of a text of its length (1.7 n^0.83 for n words, at most
    n), from three quarters (0) to all (1); distinct content stems over all content words, squared; distinct openings of
    sentences over sentences, to the power 0.7. English: the share of content words that are in a vocabulary of 16,000,
    from a half (0) to nine tenths (1), times a factor for too many content words, from 60% of all (1) to 85% (0).
    Guards against copying, repetition, key words and length. Length pays up to some thirty words. Nothing says that the
    words belong together.

    "I went home, made tea, and watched the pigeons argue about a crust of bread until my temper had cooled." scores
    0.79, "He is bad and he is bad and I say he is bad." 0.00, "Grmf blorq zendle vaxo the prittin of snark." 0.00.
    """

    name: str = "diversity"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(p.text, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    @staticmethod
    def _one(prompt: str, text: str) -> float:
        said = words(text)
        carrying = [word for word in said if word not in FUNCTION and len(word) > 2]
        sound = soundness(text, said)
        if sound == 0 or not carrying:
            return 0.0
        asked = words(prompt)
        stems = [stem(word) for word in carrying]
        rich = min(1.0, len(set(stems) - set(map(stem, asked))) / _ENOUGH)
        fresh = _ramp(len(set(said)) / min(len(said), _GROWTH[0] * len(said) ** _GROWTH[1]), _LEAST, 1.0)
        fresh *= (len(set(stems)) / len(stems)) ** 2 * _openings(text) ** 0.7
        pairs = list(pairwise(said))
        fresh *= len(set(pairs)) / len(pairs) if pairs else 1.0
        english = _ramp(sum(map(known, carrying)) / len(carrying), 0.5, 0.9)
        english *= _ramp(len(carrying) / len(said), 0.85, 0.6)
        return float(rich * fresh * english * originality(asked, said) * sound)


def _ramp(value: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high`, linear between."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _openings(text: str) -> float:
    """Distinct first words of sentences over sentences."""
    first = [said[0] for part in sentences(text) for said in [words(part)] if said]
    return len(set(first)) / len(first)


OBJECTIVES = {"diversity": Diversity()}
