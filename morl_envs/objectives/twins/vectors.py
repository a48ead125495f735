"""Vectors of 16,000 common words: sentence embeddings of the single words, cut down to 32 or 96 dimensions."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

__all__ = ["WEIGHTS", "fine_matrix", "known", "matrix", "tokens"]

WEIGHTS = files("morl_envs.objectives") / "data" / "twins" / "vectors.safetensors"
_TOKEN = re.compile(r"[a-z']+")


def tokens(text: str) -> list[str]:
    """The words of a text, as the vectors know them."""
    return _TOKEN.findall(text.lower().replace("’", "'"))


@cache
def _words() -> dict[str, int]:
    from safetensors import safe_open

    with safe_open(str(WEIGHTS), "np") as file:
        return {word: i for i, word in enumerate(file.metadata()["words"].split())}


@cache
def _table(*names: str) -> NDArray[np.float32]:
    from safetensors import safe_open

    with safe_open(str(WEIGHTS), "np") as file:
        table = np.concatenate([file.get_tensor(name) for name in names], axis=1).astype(np.float32)
    unit: NDArray[np.float32] = table / np.linalg.norm(table, axis=1, keepdims=True)
    return unit


def known() -> dict[str, int]:
    """Lower-case word -> its row of :func:`matrix`; common words come first."""
    return _words()


def matrix() -> NDArray[np.float32]:
    """The vectors, of unit length, shape ``(words, 32)``."""
    return _table("vectors")


def fine_matrix() -> NDArray[np.float32]:
    """The vectors with the dimensions that follow, of unit length, shape ``(words, 96)``."""
    return _table("vectors", "finer")
