"""Relevance: whether a continuation stays with what its opening is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.lexicon import entries, lexicon
from morl_envs.objectives.words import content, originality, soundness, stem, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Relevance", "subject"]

_INSTRUCTION = frozenset(stem(word) for line in entries("relevance", "instruction") for word in line.split())
_META = lexicon("relevance", "meta")
_REACTION = lexicon("relevance", "reaction")
_MARKED = re.compile(r"\b(?:i|i'm|i've|i'll|i'd|me|my|mine|we|us|our)\b")
_PRONOUNS = {
    "him": re.compile(r"\b(?:he|he's|he'd|he'll|him|his|himself)\b"),
    "her": re.compile(r"\b(?:she|she's|she'd|she'll|her|hers|herself)\b"),
    "them": re.compile(r"\b(?:they|they're|they'd|they'll|them|their|themselves)\b"),
}
_OPENING = re.compile(r"^[^:?.]{0,60}[:?]\s+")
_NAMED, _RELATED = 2, 3  # words of the subject and words related to it that earn all


@dataclass(frozen=True)
class Relevance:
    """0.4 for two content words of the opening, 0.35 for three others that belong to its topics, 0.25 for its voice.

    The opening is the prompt without the instruction before its first colon or question mark. Topics are lists of words
    of everyday life (music: "loud", "drums", "earplugs"); those in which a word of the opening occurs are its topics,
    and words of reaction ("sorry", "unfair", "asked") belong to every one. Voice: 0.15 where an answer to an opening in
    the first person keeps to it, 0.1 for a pronoun that can stand for somebody in the opening. Half for an answer that
    talks about the text ("this phrase", "the speaker"). Scaled down for fewer than eight words. Guards against copying,
    repetition, key words and length. A matter of words: a digression in the right words passes, a metaphor does not.

    To "Continue the text: My flatmate played drums until three, and I": "asked him to stop, because the noise woke the
    flatmate next door as well." scores 0.65, "think that the stars are far away from here and very old." 0.00, "would
    like to say that this phrase is a sarcastic statement." 0.00.
    """

    name: str = "relevance"
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
        about = subject(prompt)
        told = content(said)
        lower = text.lower().replace("’", "'")
        named = min(1.0, len(told & about.words) / _NAMED)
        reactions = {stem(found.split()[-1]) for found in _REACTION.findall(lower)} - about.words
        related = min(1.0, len((told & about.related) | reactions) / _RELATED)
        voice = 0.15 * bool(about.first_person and _MARKED.search(lower))
        voice += 0.1 * any(pronoun.search(lower) for pronoun in about.pronouns)
        score = 0.4 * named + 0.35 * related + voice * (0.3 + 0.7 * max(named, related))
        score *= min(1.0, len(said) / 8) * (0.5 if _META.search(lower) else 1.0)
        return score * originality(words(prompt), said) * sound


@dataclass(frozen=True)
class Subject:
    """What an opening is about: the stems of its content words, related stems, and who speaks of whom."""

    words: frozenset[str]
    related: frozenset[str]
    first_person: bool
    pronouns: tuple[re.Pattern[str], ...]


@cache
def _topics() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(map(stem, line.split())) for line in entries("relevance", "topics"))


@lru_cache(maxsize=1 << 12)
def subject(prompt: str) -> Subject:
    """The subject of a prompt.

    >>> sorted(subject("Continue the text: The waiter spilled soup on me, and I").words)
    ['soup', 'spill', 'waiter']
    """
    opening = _OPENING.sub("", prompt.replace("’", "'"), count=1) or prompt
    said = frozenset(content(words(opening)) - _INSTRUCTION)
    related = frozenset(word for topic in _topics() if topic & said for word in topic) - said
    lower = opening.lower()
    marked = tuple(pattern for pattern in _PRONOUNS.values() if pattern.search(lower))
    return Subject(said, related, bool(_MARKED.search(lower)), marked or tuple(_PRONOUNS.values()))


OBJECTIVES = {"relevance": Relevance()}
