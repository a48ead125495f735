"""Speaking to somebody about what they said of themselves."""

from __future__ import annotations

import re

__all__ = ["to_you"]

_PAIRS = {
    "i": "you", "me": "you", "my": "your", "myself": "yourself", "mine": "yours", "am": "are", "was": "were",
    "i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll", "we": "you", "our": "your", "us": "you",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z']+")


def to_you(text: str) -> str:
    """`text` with the first person turned into the second: "I am late again" gives "you are late again"."""
    words = text.lower().split()

    def turned(match: re.Match[str]) -> str:
        word = match.group().lower()
        if word == "was" and "i was" not in " ".join(words):
            return match.group()
        return _PAIRS.get(word, match.group())

    return _WORD.sub(turned, text)
