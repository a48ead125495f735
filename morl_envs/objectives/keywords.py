"""Keywords: whether the required words are used, in running text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from morl_envs.errors import require
from morl_envs.objectives.words import FUNCTION, originality, soundness, stem, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Keywords", "required"]

_IRREGULAR = {
    "hid": "hide", "hidden": "hide", "sang": "sing", "sung": "sing", "scarves": "scarf", "loaves": "loaf",
    "wolves": "wolf", "knives": "knife", "leaves": "leaf", "shelves": "shelf", "thieves": "thief", "mice": "mouse",
    "geese": "goose", "children": "child", "feet": "foot", "swam": "swim", "ran": "run", "wrote": "write",
    "drove": "drive", "rode": "ride", "flew": "fly", "broke": "break", "slept": "sleep", "swept": "sweep",
}  # fmt: skip
_OWN = 1.5  # content words of the answer's own for each required word that it uses
_LISTED = 0.35  # what a required word is worth that follows another one with nothing said between them


@dataclass(frozen=True)
class Keywords:
    """Share of the required words that the answer uses, in any inflection, to say something.

    A required word that stands in a row with the one before it, with nothing but function words between ("the lantern,
    the ferry and the bread"), counts 0.35. The sum is scaled down for an answer with fewer than three content words of
    its own for every two required words that it uses. Guards against copying, repetition, key words and length. The
    required words are the prompt's reference, separated by commas. It does not see whether the story makes sense.

    Reference "lantern, ferry, bread": "She hung a lantern on the old ferry and shared warm bread with the sailors."
    scores 1.00, "The ferry left at dawn, and nobody waved from the grey pier." 0.33, "The lantern, the ferry and the
    bread were there." 0.00.

    Raises:
        InvalidParameter: for a prompt without a reference (a ScoringError in ``checked_scores``).
    """

    name: str = "keywords"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(p, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    @staticmethod
    def _one(prompt: Prompt, text: str) -> float:
        require(prompt.reference is not None, "prompt.reference", "must be the required words", prompt.text)
        said = words(text)
        sound = soundness(text, said)
        wanted = required(prompt.reference or "")
        if sound == 0 or not wanted:
            return 0.0
        used = _used([_stem(word) if word not in FUNCTION or _stem(word) in wanted else "" for word in said], wanted)
        own = {stem(word) for word in said if word not in FUNCTION and len(word) > 2} - wanted
        if not used:
            return 0.0
        tells = min(1.0, len(own) / (_OWN * len(used)))
        return sum(used.values()) / len(wanted) * tells * originality(words(prompt.text), said) * sound


@lru_cache(maxsize=1 << 12)
def required(reference: str) -> frozenset[str]:
    """The stems of the words of a reference.

    >>> sorted(required("lantern, hide, ferries"))
    ['ferry', 'hid', 'lantern']
    """
    return frozenset(_stem(word) for word in words(reference))


@lru_cache(maxsize=1 << 15)
def _stem(word: str) -> str:
    return stem(_IRREGULAR.get(word, word))


def _used(said: Sequence[str], wanted: frozenset[str]) -> dict[str, float]:
    """The required stems that occur among `said` ("" for function words), and what each is worth at its best place."""
    found: dict[str, float] = {}
    between = True
    for word in said:
        if word in wanted:
            found[word] = max(found.get(word, 0.0), 1.0 if between else _LISTED)
            between = False
        elif word:
            between = True
    return found


OBJECTIVES = {"keywords": Keywords()}
