"""What a text claims, clause by clause: content words by meaning, numbers, names, and whether it denies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from morl_envs.objectives.lexicon import entries, lexicon
from morl_envs.objectives.words import FUNCTION, sentences, stem
from morl_envs.spec import Prompt

__all__ = ["Clause", "antonyms", "article", "clauses", "copied"]

_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[^\W\d_]+(?:['-][^\W\d_]+)*")
_BREAK = re.compile(rf"[;:()—–]|,(?!\d)|\b(?:{'|'.join(entries('claims', 'clause'))})\b")
_DENIAL = lexicon("claims", "negation")
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being|get|got)\b(?: \w+)? (?:\w+ed|\w+en|\w+[lr]t|found|put|won|hit)\b"
)
_NUMBERS = dict(line.split() for line in entries("claims", "number"))
_NEUTRAL = frozenset(stem(word) for word in entries("claims", "neutral"))
_FREE, _WHOLE = 0.7, 0.95


@dataclass(frozen=True)
class Clause:
    """A part of a sentence.

    Attributes:
        words: Its content words in order: stems, or one stem for all words of a group of synonyms; numbers in digits.
        names: Those of `words` that are written with a capital inside a sentence.
        numbers: Those of `words` that are numbers, each with the words within three places of it.
        denies: Whether it holds a negation.
        passive: Whether it is in the passive voice, as far as "was ... by" and "was stopped" show.
    """

    words: tuple[str, ...]
    names: frozenset[str]
    numbers: tuple[tuple[str, frozenset[str]], ...]
    denies: bool
    passive: bool


@cache
def _meanings() -> dict[str, str]:
    groups = [[stem(word) for word in line.split()] for line in entries("claims", "synonyms")]
    return {word: group[0] for group in reversed(groups) for word in group}


@cache
def antonyms() -> frozenset[tuple[str, str]]:
    """Pairs of meanings that exclude each other, in both orders."""
    pairs = [tuple(_meaning(word) for word in line.split()) for line in entries("claims", "antonyms")]
    return frozenset((a, b) for x, y in pairs for a, b in ((x, y), (y, x)))


@lru_cache(maxsize=1 << 15)
def _meaning(word: str) -> str:
    """What stands for a lower-case word: its number, its synonyms' first stem, or its stem."""
    if word in _NUMBERS:
        return _NUMBERS[word]
    tens, _, units = word.partition("-")
    if units in _NUMBERS and tens in _NUMBERS:
        return str(int(_NUMBERS[tens]) + int(_NUMBERS[units]))
    return _meanings().get(stem(word), stem(word))


def article(prompt: Prompt) -> str:
    """The text that an answer is about: the prompt's reference, or the prompt itself if it has none."""
    return prompt.text if prompt.reference is None else prompt.reference


def copied(prompt: str, said: Sequence[str]) -> float:
    """1 if an answer holds at most 70% of the word triples of `prompt`, 0 from 95%: a summary leaves something out."""
    triples = _triples(prompt)
    if not triples:
        return 1.0
    share = len(triples & set(zip(said, said[1:], said[2:], strict=False))) / len(triples)
    return min(1.0, max(0.0, (_WHOLE - share) / (_WHOLE - _FREE)))


@lru_cache(maxsize=1 << 12)
def _triples(text: str) -> frozenset[tuple[str, ...]]:
    said = [token.lower() for token in _TOKEN.findall(text) if not token[0].isdigit()]
    return frozenset(zip(said, said[1:], said[2:], strict=False))


@lru_cache(maxsize=1 << 12)
def clauses(text: str) -> tuple[tuple[Clause, ...], ...]:
    """The clauses of each sentence of a text; neutral words ("said", "according", "local") are left out.

    >>> [[clause.words for clause in sentence] for sentence in clauses("A mill closed on Monday. 20 jobs remain.")]
    [[('mill', 'clos', 'monday')], [('20', 'job', 'remain')]]
    """
    found = []
    for sentence in sentences(text.replace("’", "'")):
        start, parts = True, []
        for part in _BREAK.split(sentence):
            clause = _clause(part, start)
            if clause.words:
                parts.append(clause)
            start = start and not part.strip()
        if parts:
            found.append(tuple(parts))
    return tuple(found)


def _clause(part: str, start: bool) -> Clause:
    words: list[str] = []
    names: set[str] = set()
    places: list[int] = []
    for token in _TOKEN.findall(part):
        lower = token.lower()
        if token[0].isdigit():
            word = token.replace(",", "").rstrip(".")
        elif lower in FUNCTION or len(lower) < 3:
            start = False
            continue
        else:
            word = _meaning(lower.removesuffix("'s"))
        if token[0].isupper() and not start:
            names.add(word)
        start = False
        if word.isdigit() or token[0].isdigit():
            word, words = _scaled(word, words)
            places.append(len(words))
        if word not in _NEUTRAL:
            words.append(word)
    places = [i for i in places if i < len(words)]
    numbers = tuple((words[i], frozenset(words[max(0, i - 3) : i] + words[i + 1 : i + 4])) for i in places)
    lower = part.lower()
    denies = bool(_DENIAL.search(lower)) or "n't" in lower
    return Clause(tuple(words), frozenset(names), numbers, denies, bool(_PASSIVE.search(lower)))


def _scaled(word: str, words: list[str]) -> tuple[str, list[str]]:
    """`word` times the number before it, if it is "hundred", "thousand" or "million" in digits."""
    if word in ("100", "1000", "1000000") and words and words[-1].isdigit():
        return str(int(words[-1]) * int(word)), words[:-1]
    return word, words
