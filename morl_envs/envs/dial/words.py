"""The words of `dial` and the grammar that its prior leans on, so that an episode reads as text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from morl_envs.errors import require_one_of

__all__ = ["WORDS", "BigramModel", "bigram_prior"]

_TEXT = """
    old fox sings softly small river waits slowly warm house runs again grey child sleeps here
    quick wind dreams alone brave star falls often calm horse speaks gladly wild song shines today
    dark stone turns away bright garden laughs loudly kind ship climbs never sharp bird drifts together
    soft cloud works nearby proud king listens still plain lamp dances early lost road returns twice
"""
WORDS = tuple(_TEXT.split())
"""64 words: adjective, noun, verb, adverb, and again; a vocabulary takes the first of them."""

_KINDS = 4
_GRAMMAR = 2.0  # how much likelier (in nats, before noise) a word is that follows in the order of kinds
_NOISE = 0.7


def bigram_prior(vocabulary_size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Probabilities of the next word, shape ``(V + 1, V)``: row 0 before the first word, row 1 + w after word w.

    Every entry is positive. An adjective tends to be followed by a noun, a noun by a verb, a verb by an adverb, an
    adverb by an adjective; a text tends to begin with an adjective.
    """
    kinds = np.arange(vocabulary_size) % _KINDS
    expected = np.concatenate([[0], (kinds + 1) % _KINDS])
    noise = rng.standard_normal((vocabulary_size + 1, vocabulary_size))
    logits = _GRAMMAR * (expected[:, None] == kinds) + _NOISE * noise
    weights = np.exp(logits)
    prior: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return prior


class BigramModel:
    """The part of a language model that fits here: words to text and back.

    Args:
        words: The vocabulary.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self.vocabulary_size = len(self.words)

    def decode(self, tokens: Sequence[Sequence[int] | NDArray[np.int64]]) -> list[str]:
        """The texts of sequences of word numbers."""
        return [" ".join(self.words[token] for token in row) for row in tokens]

    def encode_completion(self, text: str) -> list[int]:
        """The word numbers of a text.

        Raises:
            InvalidParameter: for a word that is not in the vocabulary.
        """
        written = text.split()
        for word in written:
            require_one_of("word", word, self.words)
        return [self.words.index(word) for word in written]
