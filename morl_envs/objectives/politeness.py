"""Politeness: whether what an agent says in a conversation is courteous, turn by turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.lexicon import lexicon
from morl_envs.objectives.words import originality, soundness, words
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Politeness", "turns"]

_COURTESIES = tuple(lexicon("politeness", section) for section in ("thanks", "asking", "regard"))
_RUDE = lexicon("politeness", "rude")
_WORTH = (0.0, 0.5, 0.8, 1.0)  # of so many kinds of courtesy in a turn


def turns(completion: str) -> list[str]:
    r"""What the agent said: the lines that begin with "You: ", or the whole text where none does.

    >>> turns("You: Would you take $40?\nSeller: Please, no.\nYou: $45.")
    ['Would you take $40?', '$45.']
    """
    said = [line.removeprefix("You: ") for line in completion.splitlines() if line.startswith("You: ")]
    return said or [completion]


@dataclass(frozen=True)
class Politeness:
    """Mean over the agent's turns of how many kinds of courtesy each shows: thanks, asking, regard for the other.

    One kind is worth 0.5, two 0.8, all three 1; minus 0.4 for each of at most three rude phrases; at least 0.
    Multiplied by guards against copying the prompt, repetition, key words and length. What the partner says does not
    count. Phrases are counted, not understood: irony passes, and a bare price is neither polite nor rude, which is 0.

    "Thank you. Would you take $40?" scores 0.80, "Thank you. I offer $40." 0.50, "I offer $40." 0.00, "Please stop
    whining. I offer $40." 0.10.
    """

    name: str = "politeness"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per dialogue, or single turn, shape ``(n,)``."""
        return np.array([self._one(p.text, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    @staticmethod
    def _one(prompt: str, completion: str) -> float:
        said = turns(completion)
        asked = words(prompt)
        return sum(_courtesy(asked, turn) for turn in said) / len(said)


def _courtesy(asked: list[str], turn: str) -> float:
    said = words(turn)
    sound = soundness(turn, said)
    if sound == 0:
        return 0.0
    lower = turn.lower().replace("’", "'")
    kinds = sum(bool(kind.search(lower)) for kind in _COURTESIES)
    rude = 0.4 * min(3, len(set(_RUDE.findall(lower))))
    return max(0.0, _WORTH[kinds] - rude) * originality(asked, said) * sound


OBJECTIVES = {"politeness": Politeness()}
