"""Readability: short words, sentences of moderate length, simply built."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.words import originality, sentences, soundness, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Readability", "syllables"]

_VOWELS = re.compile(r"[aeiouyáéíóúàèäöü]+")
_SILENT = re.compile(
    r"(?:[^aeiouylr]|[aeiouy][lr])e$|(?:[^aeiouylrsxzcgh]|[aeiouy][lr])es$|[^aeiouytd]ed$|[^aeiouy]e(?:ly|ful|less)$"
)
_MARKS = re.compile(r"[,;:()—–]")
_CLUTTER = re.compile(r"[<>{}\[\]|\\_*#=@^~]|https?:|[A-Z]{4,}")
_SYLLABLES = (1.3, 2.0)  # per word, up to which a text reads easily, and from which it does not
_SHORTEST, _EASY, _LONGEST = 4, 16, 34  # words of a sentence
_SMALLEST = 8  # words of an answer that can be called readable


@dataclass(frozen=True)
class Readability:
    """The product of how easy words and sentences are, each 1 in a target band and falling linearly outside.

    Syllables per word: 1 up to 1.3, 0 from 2. Words per sentence, averaged over sentences by their lengths: 1 from 4 to
    16, 0 from 34, and in proportion below 4. Marks inside a sentence: 1 up to one for seven words, a half at worst. A
    sentence that does not begin with a capital letter counts 0.7 of one that does, one that does not end with a mark
    0.7; capitals and markup halve it. Answers of fewer than eight words earn in proportion. Guards against copying,
    repetition, key words and length. Syllables are counted by rule, about one word in twenty wrongly; hard words that
    are short pass.

    "The dog ran down to the river. It found a red ball in the wet grass." scores 1.00, "Notwithstanding considerable
    institutional opposition, administrators ultimately authorised the infrastructure." 0.00, "the cat sat on a mat and
    it was warm and then it ran and" 0.49.
    """

    name: str = "readability"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(p.text, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    @staticmethod
    def _one(prompt: str, text: str) -> float:
        said = words(text)
        sound = soundness(text, said)
        if sound == 0:
            return 0.0
        easy, hard = _SYLLABLES
        words_easy = min(1.0, max(0.0, (hard - sum(map(syllables, said)) / len(said)) / (hard - easy)))
        parts = [(part, n) for part in sentences(text) for n in [len(words(part))] if n]
        built = sum(n * _built(part, n) for part, n in parts) / sum(n for _, n in parts)
        enough = min(1.0, len(said) / _SMALLEST)
        return words_easy * built * enough * originality(words(prompt), said) * sound


def _built(sentence: str, n: int) -> float:
    """How easily a sentence of `n` words is taken in."""
    length = min(1.0, n / _SHORTEST, max(0.0, (_LONGEST - n) / (_LONGEST - _EASY)))
    marks = len(_MARKS.findall(sentence))
    simple = max(0.5, 1 - max(0.0, marks - 1 - n / 7) / 4)
    starts = 1.0 if sentence.lstrip("\"'“‘(")[:1].isupper() else 0.7
    ends = 1.0 if sentence.rstrip("\"'”’)")[-1:] in tuple(".!?") else 0.7
    return length * simple * starts * ends * (0.5 if _CLUTTER.search(sentence) else 1.0)


@lru_cache(maxsize=1 << 15)
def syllables(word: str) -> int:
    """The syllables of a lower-case word, by rule: groups of vowels, without silent endings; never none.

    >>> [syllables(word) for word in ("time", "walked", "table", "beautiful", "wanted", "horses")]
    [1, 1, 2, 3, 2, 2]
    """
    groups = len(_VOWELS.findall(word))
    return max(1, groups - bool(groups > 1 and _SILENT.search(word)))


OBJECTIVES = {"readability": Readability()}
