"""Humour: whether an answer has the surface of a joke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.lexicon import lexicon
from morl_envs.objectives.words import originality, soundness, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Humour"]

_RIDDLE = lexicon("humour", "riddle")
_TURN = lexicon("humour", "turn")
_HYPERBOLE = lexicon("humour", "hyperbole")
_SOCIAL = lexicon("humour", "social")
_ODD = lexicon("humour", "odd")
_PUN = lexicon("humour", "pun")
_PLAIN = lexicon("humour", "plain")
_META = lexicon("humour", "meta")


@dataclass(frozen=True)
class Humour:
    """Surface features that jokes have and plain statements lack; whether anybody would laugh, it cannot know.

    0.45 for the form of a riddle, 0.2 and 0.15 for a first and second phrase that announces a turn ("so slow that",
    "which is why", "it's called"), 0.1 for each of at most two exaggerations ("never", "entire", "universe"), 0.2 for
    each of at most two verbs and nouns of social life ("apologise", "divorce"), 0.15 for each of at most two beings and
    institutions that jokes like ("parliament", "duck"), 0.1 for each of at most two words that puns turn on ("knead"),
    0.1 for a semicolon, colon, dash or an exclamation mark before the last words, 0.1 for a narrator ("I", "my"). Minus
    0.2 for each of at most three phrases of plain exposition ("usually", "is a device that") and minus 0.2 for each of
    at most two mentions of joking itself ("haha", "joke"). What the prompt said already does not count. Clipped to [0,
    1], times guards against copying, repetition, key words and length.

    "Why do bakers work so hard? Because they knead the dough." scores 0.65, "My neighbour is so lazy that even the cat
    complained." 0.65, "A baker usually starts work early." 0.00, "Haha, what a funny joke!" 0.00.
    """

    name: str = "humour"
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
        asked = words(prompt)
        score = max(0.0, min(1.0, sum(features(prompt, asked, text))))
        return score * originality(asked, said) * sound


def features(prompt: str, asked: Sequence[str], text: str) -> list[float]:
    """The terms of the sum in the class's docstring, in its order."""
    lower = text.lower().replace("’", "'")
    before = set(asked)

    def count(pattern: object, most: int) -> int:
        return min(most, len(set(pattern.findall(lower)) - before))  # type: ignore[attr-defined]

    turns = count(_TURN, 2)
    tail = lower[len(lower) // 5 : -8]
    return [
        0.45 * bool(_RIDDLE.search(lower)),
        0.2 * (turns > 0) + 0.15 * (turns > 1),
        0.1 * count(_HYPERBOLE, 2),
        0.2 * count(_SOCIAL, 2),
        0.15 * count(_ODD, 2),
        0.1 * count(_PUN, 2),
        0.1 * any(mark in tail for mark in (";", ":", "—", " - ", "!")),
        0.1 * ("i" in lower.split() or "my " in lower or "i'm" in lower),
        -0.2 * count(_PLAIN, 3),
        -0.2 * count(_META, 2),
    ]


OBJECTIVES = {"humour": Humour()}
