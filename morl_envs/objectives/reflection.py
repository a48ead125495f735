"""Reflection: whether an answer says back what a client said, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.lexicon import entries, lexicon
from morl_envs.objectives.speech import FEELING, advises, second_person, speaks_of_itself
from morl_envs.objectives.words import content, originality, sentences, soundness, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Reflection"]

# words of the request itself, which say nothing about the client
_REQUEST = content(entries("reflection", "request"))
_STOCK = lexicon("reflection", "stock")
_JUDGEMENT = lexicon("reflection", "judgement")
_MEANING = lexicon("reflection", "meaning")


@dataclass(frozen=True)
class Reflection:
    """Share of the answer (by words) that mirrors the client, scaled by how much of the client's content it takes up.

    A sentence spoken to the client that states something scores 1; one that does not address the client 0.4, stock
    sympathy 0.25, a question 0.15, a sentence about the counsellor or a judgement 0.1, advice 0. The mean is multiplied
    by 0.45, or 0.72 or 1 where one or two content words of the client recur (stems are compared; a paraphrase that
    shares no word is not recognised further than 0.45), by 0.8 where neither a feeling nor a contrast is named, and by
    guards against copied triples of words, repetition, key words and length.

    Client: "I keep putting off calling my father. The longer I wait, the worse it gets." The answer "That call to your
    father feels heavier every day." scores 1.00, "You feel that it is getting heavier." 0.45, "You should phone him
    tonight." 0.00, "I'm sorry to hear that. I am here for you." 0.09, the client's own words 0.00.
    """

    name: str = "reflection"
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
        parts = [part.lower().replace("’", "'") for part in sentences(text)]
        lengths = [len(part.split()) for part in parts]
        mirroring = sum(n * _mirrors(part) for part, n in zip(parts, lengths, strict=True)) / sum(lengths)
        taken_up = len((content(asked) - _REQUEST) & content(said))
        lower = " ".join(parts)
        meaning = 1.0 if FEELING.search(lower) or _MEANING.search(lower) else 0.8
        return mirroring * (0.45, 0.72, 1.0)[min(2, taken_up)] * meaning * originality(asked, said) * sound


def _mirrors(sentence: str) -> float:
    """How far a lower-case sentence is a statement about the client."""
    if advises(sentence):
        return 0.0
    if sentence.rstrip("\"') ").endswith("?"):
        return 0.15
    if _STOCK.search(sentence):
        return 0.25
    if speaks_of_itself(sentence) or _JUDGEMENT.search(sentence):
        return 0.1
    return 1.0 if second_person(sentence) else 0.4


OBJECTIVES = {"reflection": Reflection()}
