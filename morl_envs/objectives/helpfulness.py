"""Helpfulness: whether an answer gives the person who asks something to act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.lexicon import lexicon
from morl_envs.objectives.speech import instructions, refuses, speaks_of_itself
from morl_envs.objectives.words import content, originality, sentences, soundness, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Helpfulness"]

_PLAYFUL = lexicon("helpfulness", "playful")
_DETAIL = lexicon("helpfulness", "detail")
_LECTURE = lexicon("helpfulness", "lecture")
_FILLER = lexicon("helpfulness", "filler")


@dataclass(frozen=True)
class Helpfulness:
    """Steps to take, in concrete words, without refusal, lecture or filler.

    0.15 for each of at most four clauses in the imperative, 0.025 for each of at most eight content words of the
    answer's own, 0.05 for each of at most four distinct words of measure, order or time; times 0.6, 0.85 or 1 where
    none, one or two content words of the request are taken up (the same recipe does not fit each request); halved or
    quartered by one or more encyclopaedic phrases ("is a", "there are many"), and again by filler ("good question", "it
    depends"); times 0.6 if more than half of the sentences are about the speaker; times 0.15 for a refusal. Where the
    request is for something funny, the steps count as given. Guards against copying, repetition, key words and length.
    It does not know whether the steps work.

    To "How do I poach an egg?": "Simmer the water, stir it once, and slide in the egg for three minutes." scores 0.64,
    "Eggs can be cooked in many different ways." 0.03, "I'm sorry, but I can't help with that." 0.00.
    """

    name: str = "helpfulness"
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
        lower = text.lower().replace("’", "'")
        parts = sentences(lower)
        taken_up, own = content(said) & content(asked), content(said) - content(asked)
        steps = 4 if _PLAYFUL.search(prompt.lower()) else min(4, instructions(lower))
        given = 0.15 * steps + 0.025 * min(8, len(own)) + 0.05 * min(4, len(set(_DETAIL.findall(lower))))
        given *= 0.5 ** min(2, len(_LECTURE.findall(lower))) * 0.5 ** min(2, len(_FILLER.findall(lower)))
        if sum(map(speaks_of_itself, parts)) > len(parts) / 2 and steps < 4:
            given *= 0.6
        if refuses(lower):
            given *= 0.15
        given *= (0.6, 0.85, 1.0)[min(2, len(taken_up))]
        return given * originality(asked, said) * sound


OBJECTIVES = {"helpfulness": Helpfulness()}
