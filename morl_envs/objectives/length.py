"""Brevity: the fewer words the better, down to a few."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Brevity"]

_WORD = re.compile(r"[^\W_]\S*")  # from its first letter or digit on


@dataclass(frozen=True)
class Brevity:
    """1 for one to `free` words, then falling linearly to 0 at `most`; 0 for an answer without a word.

    A word is a run of characters without a space, with a letter or a digit in it; ten characters count as one word at
    least, so that leaving out spaces gains nothing. "A dull film." has 3 words and scores 1.00, "?!" 0.00; 26 words
    score 0.5.
    """

    name: str = "brevity"
    version: str = "2"
    low: float = 0.0
    high: float = 1.0
    free: int = 4
    most: int = 48

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        words = np.array([self._words(text) for text in completions], dtype=np.float32)
        falling = np.clip((self.most - words) / (self.most - self.free), 0, 1)
        return np.where(words == 0, 0, falling).astype(np.float32)

    @staticmethod
    def _words(text: str) -> float:
        count = len(_WORD.findall(text))
        return max(count, len(text) / 10) if count else 0


OBJECTIVES = {"brevity": Brevity()}
