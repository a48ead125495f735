"""A text space that admits real text."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from morl_envs.errors import require

__all__ = ["UnicodeText"]

_SAMPLE_ALPHABET = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?'0123456789éüßñ—日本\n"


class UnicodeText(spaces.Text):
    """All strings of at most `max_length` code points, the empty one included.

    Gymnasium's ``Text`` admits an enumerated alphabet (letters and digits by default) and checks it character by
    character; an answer with a newline or an accent falls outside. Here membership is a type and a length.
    Samples are drawn from a small alphabet that includes such characters.
    """

    def __init__(self, max_length: int, *, min_length: int = 0, seed: int | np.random.Generator | None = None) -> None:
        require(max_length >= 1, "max_length", "must be at least 1", max_length)
        require(0 <= min_length <= max_length, "min_length", f"must be in [0, {max_length}]", min_length)
        super().__init__(max_length, min_length=min_length, charset=_SAMPLE_ALPHABET, seed=seed)

    def contains(self, x: Any) -> bool:
        """Whether `x` is a string of admissible length."""
        return isinstance(x, str) and self.min_length <= len(x) <= self.max_length

    def __repr__(self) -> str:
        return f"UnicodeText({self.min_length}, {self.max_length})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, UnicodeText)
            and self.min_length == other.min_length
            and self.max_length == other.max_length
        )

    __hash__ = None  # type: ignore[assignment]  # spaces are mutable (they hold a generator)
