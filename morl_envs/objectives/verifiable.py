"""Objectives of answers that can be checked: is the number right, and is it given as asked?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morl_envs.errors import ScoringError
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Correctness", "Format", "last_number"]

_NUMBER = r"[-−]?\d+(?:,\d{3})*(?:\.\d+)?"
_STATED = re.compile(rf"answer\s*:\s*\$?\s*({_NUMBER})", re.IGNORECASE)
_ANY = re.compile(rf"(?<![\w.]){_NUMBER}")
_AT_END = re.compile(rf"answer:\s*{_NUMBER}\s*\.?\s*\Z", re.IGNORECASE)
_LABEL = re.compile(r"answer\s*:", re.IGNORECASE)


def last_number(text: str) -> float | None:
    """The number after the last "Answer:", else the last number of the text, else None.

    >>> last_number("14 + 9 = 23. Answer: 1,023.")
    1023.0
    """
    found = _STATED.findall(text) or _ANY.findall(text)
    return float(found[-1].replace(",", "").replace("−", "-")) if found else None


@dataclass(frozen=True)
class Correctness:
    """1 if the number given (:func:`last_number`) equals the prompt's reference, else 0.

    Reference "23": "9 more make 23. Answer: 23" scores 1, "Answer: 24" 0, "23 or so, maybe 24" 0.
    """

    name: str = "correctness"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``.

        Raises:
            ScoringError: for a prompt without a reference.
        """
        for prompt in prompts:
            if prompt.reference is None:
                raise ScoringError(f"prompt.reference must be the right number, got None for {prompt.text[:60]!r}")
        right = [float(prompt.reference or "nan") for prompt in prompts]
        return np.array([last_number(c) == r for c, r in zip(completions, right, strict=True)], dtype=np.float32)


@dataclass(frozen=True)
class Format:
    """1 if the answer ends with "Answer: <number>" and says "Answer:" once; 0.5 if it is there but not so; else 0.

    "14 + 9 = 23. Answer: 23" scores 1, "Answer: 23, I think" 0.5, "23" 0.
    """

    name: str = "format"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(text) for text in completions], dtype=np.float32)

    @staticmethod
    def _one(text: str) -> float:
        if not _STATED.search(text):
            return 0.0
        return 1.0 if _AT_END.search(text) and len(_LABEL.findall(text)) == 1 else 0.5


OBJECTIVES = {"correctness": Correctness(), "format": Format()}
