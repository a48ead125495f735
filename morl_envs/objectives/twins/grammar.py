"""A twin by rule: how many faults of English a list of patterns finds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.lexicon import entries
from morl_envs.objectives.twins.vectors import known
from morl_envs.objectives.words import FUNCTION, sentences
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Grammatical", "faults"]

_SECTIONS = ("doubled", "article", "determiner", "agreement", "verb", "form", "order")
_UNIT = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*|\d+|[^\w\s]|[^\W\d_]+")
_MARKUP = re.compile(r"[<>{}\[\]|\\_*#=@^~]|::|\d\.")
_ENDINGS = re.compile(r"(?:'s|s|es|ed|d|ing|ly|er|est|y|ness|less|ful)$")
_RUN = 5  # words that carry content in a row, as nobody speaks
_FORGIVEN = 12  # words among which one fault halves the score


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    found = []
    for section in _SECTIONS:
        # groups are numbered within a line, so each line is a pattern of its own
        for line in entries("grammar", section):
            found.append(re.compile(rf"(?:^|(?<=\s))(?:{line})(?=\s|$)"))
    return tuple(found)


def faults(text: str) -> float:
    """Faults of a text: matches of the patterns, unknown words, sentences without a beginning or an end, markup."""
    units = _UNIT.findall(text.replace("’", "'"))
    said = [unit for unit in units if unit[0].isalpha()]
    if not said:
        return float("inf")
    plain = " ".join(units).lower()
    count = float(sum(len(pattern.findall(plain)) for pattern in _patterns()))
    count += sum(0.7 for word in said if not _spelled(word.lower()))
    count += sum(0.5 for word in said[1:] if len(word) > 2 and word.isupper())
    count += sum(n // _RUN for n in _runs(said)) + len(_MARKUP.findall(text))
    count += max(0.0, 0.25 - sum(word.lower() in FUNCTION for word in said) / len(said)) * len(said) / 2
    return count + _framing(text)


def _spelled(word: str) -> bool:
    """Whether a word, or what an ending was put to, is known; names and compounds are let pass in part."""
    parts = [part for part in word.split("-") if part]
    return all(_is_word(part) for part in parts)


def _is_word(word: str) -> bool:
    stem = _ENDINGS.sub("", word)
    return word in FUNCTION or any(form in known() for form in (word, stem, f"{stem}e", stem[:-1]))


def _runs(said: Sequence[str]) -> list[int]:
    """Lengths of the runs of words that carry content."""
    return [len(list(run)) for function, run in groupby(said, lambda word: word.lower() in FUNCTION) if not function]


def _framing(text: str) -> float:
    """Sentences that begin in lower case, end without a mark, or are of one or two words among others."""
    parts = [part for part in sentences(text) if re.search(r"\w", part)]
    count = 0.0
    for part in parts:
        count += 0.5 * part.lstrip("\"'“‘(")[:1].islower()
        count += 0.5 * (len(parts) > 2 and len(part.split()) < 3)
    return count + 0.5 * (text.rstrip("\"'”’) ")[-1:] not in tuple(".!?"))


@dataclass(frozen=True)
class Grammatical:
    """1 over one plus the faults for each twelve words; half of it for fewer than four words.

    The patterns (``data/lexicons/grammar.txt``) know doubled words, articles, determiners without a noun, agreement,
    forms of verbs, irregular forms, and orders of small words that do not occur; besides, words outside a vocabulary of
    16,000 and its inflections count, and capitals, marks, markup and long rows of content words. It has no weights and
    no likelihood: rare but right constructions can be taken for faults, and nonsense in good order passes.
    """

    name: str = "gold fluency"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(text) for text in completions], dtype=np.float32)

    @staticmethod
    def _one(text: str) -> float:
        n = len(text.split())
        if n == 0:
            return 0.0
        return min(1.0, n / 4) / (1 + faults(text) * _FORGIVEN / max(_FORGIVEN, n))


OBJECTIVES = {"fluency": Grammatical()}
