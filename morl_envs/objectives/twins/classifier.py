"""Twins that learned: linear classifiers over word embeddings and n-grams, fitted to contrast pairs."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from math import exp

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.politeness import turns
from morl_envs.objectives.twins.incongruity import incongruity
from morl_envs.objectives.twins.vectors import known, tokens
from morl_envs.spec import Prompt

__all__ = [
    "BUCKETS",
    "NAMES",
    "OBJECTIVES",
    "WEIGHTS",
    "Classified",
    "Spoken",
    "described",
    "grams",
    "learned",
    "rows",
    "shape",
]

NAMES = (
    "positivity", "specificity", "reflection", "empathy", "helpfulness", "harmlessness", "humour", "readability",
    "politeness",
)  # fmt: skip
BUCKETS = 1 << 12
WEIGHTS = files("morl_envs.objectives") / "data" / "twins" / "classifiers.safetensors"
_UNIT = re.compile(r"[a-z']+|[.,!?;:]")
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=1 << 17)
def _bucket(key: str) -> int:
    return zlib.crc32(key.encode()) % BUCKETS


def grams(text: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Buckets of a text's words, marks, pairs of them, and runs of 3 and 4 characters, with weights of unit norm."""
    lower = text.lower().replace("’", "'")
    units = ["<s>", *_UNIT.findall(lower), "</s>"]
    letters = _SPACE.sub(" ", f" {lower} ")
    counts = np.zeros(BUCKETS)
    whole = [_bucket(key) for key in units] + [_bucket(f"{a} {b}") for a, b in pairwise(units)]
    parts = [_bucket(f"#{letters[i : i + n]}") for n in (3, 4) for i in range(len(letters) - n + 1)]
    counts += np.bincount(whole, minlength=BUCKETS) + 0.5 * np.bincount(parts, minlength=BUCKETS)
    found = np.flatnonzero(counts)
    return found, counts[found] / np.linalg.norm(counts)


def rows(text: str) -> list[int]:
    """The rows of the known words of at least three letters, in order."""
    table = known()
    return [table[word] for word in tokens(text) if len(word) > 2 and word in table]


def shape(prompt: str, text: str) -> NDArray[np.float64]:
    """Share of distinct words; share of the word triples that the prompt has; whether hardly a word is there."""
    said, asked = tokens(text), tokens(prompt)
    triples = set(zip(said, said[1:], said[2:], strict=False))
    copied = len(triples & set(zip(asked, asked[1:], asked[2:], strict=False))) / max(1, len(triples))
    return np.array([min(1.0, len(set(said)) / max(1.0, 0.6 * len(said))), copied, float(len(said) < 3)])


def described(name: str, prompt: str, text: str) -> NDArray[np.float64]:
    """What is told of a text beside its words and n-grams: its shape, and for humour how incongruous it is."""
    return np.concatenate([shape(prompt, text), incongruity(prompt, text)]) if name == "humour" else shape(prompt, text)


@cache
def learned() -> dict[str, NDArray[np.float64]]:
    """All weights that are fitted to pairs, by objective and part."""
    from safetensors.numpy import load

    return {name: values.astype(np.float64) for name, values in load(WEIGHTS.read_bytes()).items()}


@dataclass(frozen=True)
class Classified:
    """Probability that a text is one of the better ones, by logistic regression; a text without words scores 0.

    Each of 16,000 common words has a value, a linear function of its sentence embedding, so that words nobody listed
    count as their neighbours do; the mean of the values is added to the weights of hashed n-grams of words and
    characters, of repetition, of copying, and, for humour, of incongruity. Trained
    (``morl_envs.training.objectives.twins``) on the tuning halves of the contrast pairs, for some on further pairs, and
    on cheap tricks with their words. It knows no list, no rule, and no order beyond word pairs.
    """

    name: str
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``."""
        return np.array([self._one(p.text, c) for p, c in zip(prompts, completions, strict=True)], dtype=np.float32)

    def _one(self, prompt: str, text: str) -> float:
        if not tokens(text):
            return 0.0
        weights, trait = learned(), self.name.removeprefix("gold ")
        found, counts = grams(text)
        valued = rows(text)
        logit = float(counts @ weights[f"{trait}.grams"][found]) + float(weights[f"{trait}.intercept"][0])
        logit += float(weights[f"{trait}.words"][valued].mean()) if valued else 0.0
        logit += float(described(trait, prompt, text) @ weights[f"{trait}.shape"])
        return 1 / (1 + exp(-logit))


@dataclass(frozen=True)
class Spoken(Classified):
    """As above, of the agent's own turns in a conversation."""

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per dialogue, or single turn, shape ``(n,)``."""
        return super().score(prompts, [" ".join(turns(completion)) for completion in completions])


OBJECTIVES = {name: Classified(f"gold {name}") for name in NAMES} | {
    "harmlessness": Classified("gold harmlessness", version="2"),
    "humour": Classified("gold humour", version="2"),
    "politeness": Spoken("gold politeness"),
}
