"""Twins that align: each word of an answer with the words of the text that it is about, softly, by embedding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import exp

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.twins.classifier import learned, shape
from morl_envs.objectives.twins.vectors import known, matrix
from morl_envs.objectives.words import FUNCTION
from morl_envs.spec import Prompt

__all__ = ["FEATURES", "NAMES", "OBJECTIVES", "Aligned", "features"]

NAMES = ("faithfulness", "coverage", "keywords")
FEATURES = (
    "cosine", "supported", "surprise", "recalled", "hard", "denial", "order", "unmatched", "weakest", "distinct",
    "copied", "short",
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|\d[\d,]*")
_DENIAL = re.compile(r"\b(?:no|not|never|nobody|none|nothing)\b|n't")
_OPENING = re.compile(r"^[^:?.]{0,60}[:?]\s+")
_MATCHED, _SAME, _LEAST = 0.75, 0.99, 0.05


@lru_cache(maxsize=1 << 14)
def _content(text: str) -> tuple[str, ...]:
    found = _WORD.findall(text.replace("’", "'"))
    return tuple(word for word in found if word.lower() not in FUNCTION and (len(word) > 2 or word.isdigit()))


@lru_cache(maxsize=1 << 15)
def _trigrams(word: str) -> frozenset[str]:
    padded = "#" + word.removesuffix("'s") + "#"
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


@lru_cache(maxsize=1 << 18)
def _alike(a: str, b: str) -> float:
    """1 for the same word, else the larger of shared character triples (Dice) and 0.9 of the embeddings' cosine."""
    if a == b:
        return 1.0
    x, y = _trigrams(a), _trigrams(b)
    dice, table = 2 * len(x & y) / (len(x) + len(y)), known()
    near = float(matrix()[table[a]] @ matrix()[table[b]]) if a in table and b in table else 0.0
    return max(dice, 0.9 * near)


@lru_cache(maxsize=1 << 14)
def _mean(text: str) -> NDArray[np.float32]:
    table = known()
    rows = [table[word.lower()] for word in _content(text) if word.lower() in table]
    mean = matrix()[rows].mean(axis=0) if rows else np.zeros(matrix().shape[1], dtype=np.float32)
    return np.asarray(mean / max(1e-6, float(np.linalg.norm(mean))), dtype=np.float32)


def features(prompt: Prompt, text: str) -> NDArray[np.float64]:
    """The features that :data:`FEATURES` names; zeros where there is nothing to align.

    Cosine of the mean vectors; mean and mean logarithm of each word's best match in the source; mean best match of the
    source's words; minus the numbers and names without an exact match; minus one for a denial that the source lacks, or
    that it has alone; share of neighbours whose matches come in order; minus the share of words without a match; the
    weakest match; and the shape of the text.
    """
    source = prompt.reference if prompt.reference is not None else _OPENING.sub("", prompt.text, count=1)
    theirs, ours = _content(source), _content(text)
    if not theirs or not ours:
        return np.zeros(len(FEATURES))
    match = np.array([[_alike(a.lower(), b.lower()) for b in theirs] for a in ours])
    best, at = match.max(axis=1), match.argmax(axis=1)
    hard = [not a.islower() and i > 0 and best[i] < _SAME for i, a in enumerate(ours)]
    order = float((np.diff(at) > 0).mean()) if len(at) > 1 else 1.0
    denies = bool(_DENIAL.search(text.lower()))
    return np.array(
        [
            float(_mean(source) @ _mean(text)),
            best.mean(),
            np.log(np.maximum(best, _LEAST)).mean(),
            match.max(axis=0).mean(),
            -float(sum(hard)),
            -float(denies and not _DENIAL.search(source.lower())),
            order,
            -float((best < _MATCHED).mean()),
            best.min(),
            *shape(prompt.text, text),
        ]
    )


@cache
def _weights() -> dict[str, NDArray[np.float64]]:
    return {name: learned()[f"{name}.aligned"] for name in NAMES}


@dataclass(frozen=True)
class Aligned:
    """Probability that an answer is one of the better ones, from how its words align with its source; see `features`.

    The source is the prompt's reference, or the prompt without its instruction. The weights of the features are fitted
    (``morl_envs.training.objectives.twins``) to the tuning halves of the contrast pairs and to cheap tricks. It has no
    stems, synonyms, opposites, topics or clauses; what is near in embedding is taken for the same, opposites included.
    """

    name: str
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(p, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    def _one(self, prompt: Prompt, text: str) -> float:
        found = features(prompt, text)
        if not found.any():
            return 0.0
        *slopes, intercept = _weights()[self.name.removeprefix("gold ")]
        return 1 / (1 + exp(-(float(found @ slopes) + intercept)))


OBJECTIVES = {name: Aligned(f"gold {name}") for name in NAMES}
