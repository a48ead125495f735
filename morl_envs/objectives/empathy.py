"""Empathy: whether an answer names what somebody feels, and grants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.lexicon import lexicon
from morl_envs.objectives.speech import FEELING, advises, second_person
from morl_envs.objectives.words import originality, sentences, soundness, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Empathy"]

_GRANTING = lexicon("empathy", "granting")
_PRESENCE = lexicon("empathy", "presence")
_COLD = lexicon("empathy", "cold")


@dataclass(frozen=True)
class Empathy:
    """A point for naming feelings, one for granting them, one for being present, fewer for coldness and advice.

    0.15 for a first and a second feeling each, 0.25 and 0.1 for a first and second granting phrase ("makes sense", "no
    wonder", "allowed to"), 0.25 and 0.1 for presence ("I hear", "must feel", "I'm sorry"), 0.1 for speaking to the
    person; minus 0.25 for each of at most three cold phrases ("at least", "just a", "you should"), and minus 0.5 times
    the share of sentences that advise; clipped to [0, 1]. Multiplied by guards against copying the prompt, repetition,
    key words and length. Phrases are counted, not understood: irony passes.

    "I'm so sorry. It makes sense that you feel lonely." scores 0.90, "That must hurt." 0.40, "Well, at least it was
    only a dog." 0.00, "Call the insurance and change the locks." 0.00.
    """

    name: str = "empathy"
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
        lower = text.lower().replace("’", "'")
        parts = sentences(lower)
        warm = (
            0.15 * min(2, len(set(FEELING.findall(lower))))
            + _first_and_second(len(set(_GRANTING.findall(lower))))
            + _first_and_second(len(set(_PRESENCE.findall(lower))))
            + 0.1 * second_person(lower)
        )
        cold = 0.25 * min(3, len(set(_COLD.findall(lower)))) + 0.5 * sum(map(advises, parts)) / len(parts)
        return min(1.0, max(0.0, warm - cold)) * originality(words(prompt), said) * sound


def _first_and_second(count: int) -> float:
    return (0.0, 0.25, 0.35)[min(2, count)]


OBJECTIVES = {"empathy": Empathy()}
