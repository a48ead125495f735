"""Vectors of 16,000 common words: sentence embeddings of the single words, cut down to a few dimensions."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

__all__ = ["WEIGHTS", "known", "matrix", "tokens"]

WEIGHTS = files("morl_envs.objectives") / "data" / "twins" / "vectors.safetensors"
_TOKEN = re.compile(r"[a-z']+")


def tokens(text: str) -> list[str]:
    """The words of a text, as the vectors know them."""
    return _TOKEN.findall(text.lower().replace("’", "'"))


@cache
def _table() -> tuple[dict[str, int], NDArray[np.float32]]:
    from safetensors import safe_open

    with safe_open(str(WEIGHTS), "np") as file:
        table, words = file.get_tensor("vectors").astype(np.float32), file.metadata()["words"].split()
    return {word: i for i, word in enumerate(words)}, table / np.linalg.norm(table, axis=1, keepdims=True)


def known() -> dict[str, int]:
    """Lower-case word -> its row of :func:`matrix`."""
    return _table()[0]


def matrix() -> NDArray[np.float32]:
    """The vectors, of unit length, shape ``(words, dimensions)``."""
    return _table()[1]
