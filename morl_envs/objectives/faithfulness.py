"""Faithfulness: whether a summary says only what its article says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.claims import Clause, antonyms, article, clauses, copied
from morl_envs.objectives.words import soundness, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Faithfulness"]

_ENOUGH = 4  # supported words of an answer that claims something
_UNSUPPORTED = 0.3  # share of supported words that earns nothing
_WRONG = 2.0  # one contradiction leaves a third, two a fifth


@dataclass(frozen=True)
class Faithfulness:
    """Share of the answer's claims that the article supports, over 1 + 2 n for n contradictions.

    The claims are content words (by stem and by groups of synonyms), names and numbers; a name or a number counts
    twice. From 30% supported (0) to all (1), linearly; scaled down for fewer than four supported words. Contradictions:
    a number or a name that the article lacks or that stands by other words there, a word whose opposite is in the
    article, a clause that denies what the article affirms or the other way round, and clauses whose words come in
    another order than in the article ("The dog bit the man"), unless it is passive. An answer that holds more than 70%
    of the prompt earns less, from 95% nothing. Guards against repetition, key words and length. The article is the
    prompt's reference, or the prompt. Not seen: a wrong verb between right nouns, unless its opposite is listed; irony;
    what is implied.

    Reference "The council in Arlow closed the old bridge on Monday. Repairs cost 40 thousand pounds. Nobody was hurt.":
    "The council closed the bridge in Arlow on Monday." scores 1.00, "The council closed the bridge in Granby on
    Friday." 0.03, "The council opened the bridge in Arlow on Monday." 0.27, "A famous singer gave a concert." 0.00.
    """

    name: str = "faithfulness"
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
        source = _source(article(prompt))
        told = [clause for sentence in clauses(text) for clause in sentence]
        weights = [(word, 2 if _hard(word, clause) else 1) for clause in told for word in clause.words]
        supported = sum(weight for word, weight in weights if word in source.words)
        if supported == 0:
            return 0.0
        share = (supported / sum(weight for _, weight in weights) - _UNSUPPORTED) / (1 - _UNSUPPORTED)
        enough = min(1.0, len({word for word, _ in weights if word in source.words}) / _ENOUGH)
        wrong = sum(_contradictions(clause, source) for clause in told)
        return max(0.0, share) * enough / (1 + _WRONG * wrong) * copied(prompt.text, said) * sound


@dataclass(frozen=True)
class _Source:
    """An article: its clauses, the places of words in its sentences, its words, and the words near each number."""

    clauses: tuple[Clause, ...]
    sentences: tuple[dict[str, int], ...]
    words: frozenset[str]
    near: dict[str, frozenset[str]]


@lru_cache(maxsize=1 << 12)
def _source(text: str) -> _Source:
    sentences = clauses(text)
    parts = tuple(clause for sentence in sentences for clause in sentence)
    near: dict[str, frozenset[str]] = {}
    for number, around in (found for clause in parts for found in clause.numbers):
        near[number] = near.get(number, frozenset()) | around
    places = tuple(
        {word: i for i, word in reversed(list(enumerate(w for clause in sentence for w in clause.words)))}
        for sentence in sentences
    )
    return _Source(parts, places, frozenset(word for clause in parts for word in clause.words), near)


def _hard(word: str, clause: Clause) -> bool:
    return word in clause.names or word[0].isdigit()


def _contradictions(clause: Clause, source: _Source) -> int:
    found = sum(_hard(word, clause) and word not in source.words for word in set(clause.words))
    found += sum(
        bool(around) and bool(near) and not around & near
        for number, around in clause.numbers
        for near in [source.near.get(number, frozenset())]
    )
    found += any((word, other) in antonyms() for word in clause.words for other in source.words - {word})
    return int(found) + _denies(clause, source) + _turned(clause, source)


def _denies(clause: Clause, source: _Source) -> bool:
    """Whether the clause of the article that is most like `clause` is affirmed where it is denied, or denied."""
    told = set(clause.words)
    shared, nearest = max(((len(told & set(c.words)), c) for c in source.clauses), key=lambda pair: pair[0])
    return 2 * shared >= len(told) and clause.denies != nearest.denies


def _turned(clause: Clause, source: _Source) -> bool:
    """Whether the words of a clause come mostly in another order than in the sentence that it is about."""
    told = [word for word in dict.fromkeys(clause.words) if word not in clause.names]
    places = max(source.sentences, key=lambda sentence: sum(word in sentence for word in told))
    order = [places[word] for word in told if word in places]
    onwards = sum(a < b for a, b in pairwise(order))
    return not clause.passive and len(order) >= 3 and onwards <= (len(order) - 1 - (len(order) == 3)) / 2


OBJECTIVES = {"faithfulness": Faithfulness()}
