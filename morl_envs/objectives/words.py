"""What the lexical scorers share: words, stems, sentences, and guards against texts that are not running text."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from morl_envs.objectives.lexicon import entries

__all__ = ["FUNCTION", "content", "originality", "sentences", "soundness", "stem", "words"]

_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")
FUNCTION = frozenset(entries("words", "function"))
_FREE_CHARACTERS, _MOST_CHARACTERS = 700, 1500
_SUFFIXES = (
    ("ies", "y"), ("ied", "y"), ("ily", "y"), ("ness", ""), ("ing", ""), ("edly", ""), ("ed", ""), ("es", ""),
    ("ly", ""), ("s", ""),
)  # fmt: skip


def words(text: str) -> list[str]:
    """The words of a text in lower case.

    >>> words("Don't re-read it, twice!")
    ["don't", 're-read', 'it', 'twice']
    """
    return _WORD.findall(text.lower().replace("’", "'"))


def sentences(text: str) -> list[str]:
    """The sentences of a text, their marks included; a line break ends one too."""
    return [part for part in _SENTENCE.split(text.strip()) if part]


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """A crude stem: possessives, plurals, and the commonest endings cut off.

    >>> [stem(word) for word in ("tired", "worries", "mother's", "putting", "loses", "lose")]
    ['tir', 'worry', 'mother', 'put', 'los', 'los']
    """
    word = word.removesuffix("'s")
    for ending, instead in _SUFFIXES:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending) + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def content(said: Collection[str]) -> set[str]:
    """Stems of the words that carry content: no function words, at least three letters."""
    return {stem(word) for word in said if word not in FUNCTION and len(word) > 2}


def soundness(text: str, said: Sequence[str]) -> float:
    """1 for running text of a few sentences; towards 0 for repeated words, lists of key words, and very long answers.

    The product of three factors. Distinct words: 1 from six in ten. Function words: 1 from a fifth of all. Length: 1 up
    to 700 characters, 0 from 1,500.
    """
    if not said:
        return 0.0
    varied = min(1.0, len(set(said)) / (0.6 * len(said))) ** 2
    prose = min(1.0, 5 * sum(word in FUNCTION for word in said) / len(said))
    room = (_MOST_CHARACTERS - len(text)) / (_MOST_CHARACTERS - _FREE_CHARACTERS)
    return varied * prose * min(1.0, max(0.0, room))


def originality(asked: Sequence[str], said: Sequence[str]) -> float:
    """1 if at most three in ten of the word triples of the answer come from the prompt, 0 from nine in ten."""
    triples = set(zip(said, said[1:], said[2:], strict=False))
    if not triples:
        return 1.0
    copied = len(triples & set(zip(asked, asked[1:], asked[2:], strict=False))) / len(triples)
    return min(1.0, max(0.0, (0.9 - copied) / 0.6))
