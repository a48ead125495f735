"""Fluency: whether an answer is well-formed running English."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from math import exp

import numpy as np
from numpy.typing import NDArray

from morl_envs.objectives.words import FUNCTION, originality, soundness, words
from morl_envs.spec import Prompt

__all__ = ["BUCKETS", "OBJECTIVES", "Fluency", "buckets", "scale", "tokens"]

BUCKETS = 1 << 15
WEIGHTS = files("morl_envs.objectives") / "data" / "fluency.safetensors"

_TOKEN = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*|\d+|[^\w\s]")
_ENDINGS = (
    "ings", "ing", "ied", "ed", "ies", "'s", "sses", "ss", "ous", "us", "is", "es", "s", "ily", "ly", "iest", "est",
    "er", "tion", "sion", "ness", "ment", "able", "ible", "ful", "less", "ive", "ant", "ent", "ance", "ence", "ity",
    "al", "ic", "en", "y", "e",
)  # fmt: skip
_SENTENCE = 30  # features of about a dozen words
_MARKUP = re.compile(r"[<>{}\[\]|\\_*#=@^~]|https?:|::")


def tokens(text: str) -> list[str]:
    """Words, numbers and marks, with "<s>" before each sentence and "</s>" after the last one if it is complete."""
    found = ["<s>"]
    for token in _TOKEN.findall(text.replace("’", "'")):
        found.append(token)
        if token in ".!?":
            found.append("<s>")
    if found[-1] == "<s>":
        found[-1] = "</s>"
    return found


def _kind(token: str, first: bool, classes: Mapping[str, int]) -> str:
    """The token itself if it is a function word or a mark, else its class, else what its shape and ending say."""
    lower = token.lower()
    shouted = len(token) > 1 and token.isupper()
    case = "^^" if shouted else "^" if token != lower and not first and lower != "i" else ""
    if lower in FUNCTION or not token[0].isalnum():
        return case + lower
    if not token[0].isalpha() or not token.isascii():
        return "0" if token[0].isdigit() else "?"
    if lower in classes:
        return f"{case}{classes[lower]}"
    return f"{case}-{next((e for e in _ENDINGS if lower.endswith(e) and len(lower) > len(e) + 1), '')}"


@lru_cache(maxsize=1 << 16)
def _bucket(key: str) -> int:
    return zlib.crc32(key.encode()) % BUCKETS


def buckets(text: str, classes: Mapping[str, int]) -> list[int]:
    """Feature numbers: pairs and triples of neighbouring tokens' kinds, and the letter triples of unknown words."""
    said = tokens(text)
    kinds = [t if t in ("<s>", "</s>") else _kind(t, said[i - 1] == "<s>", classes) for i, t in enumerate(said)]
    keys = [f"{a} {b}" for a, b in pairwise(kinds)]
    keys += [f"{a} {b} {c}" for a, b, c in zip(kinds, kinds[1:], kinds[2:], strict=False)]
    for token in said:
        lower = token.lower()
        if token.isalpha() and lower not in classes and lower not in FUNCTION:
            keys += [f"~{f'#{lower}#'[i : i + 3]}" for i in range(len(lower))]
    return [_bucket(key) for key in keys]


def scale(n_features: int) -> float:
    """What the sum of a text's weights is multiplied by: as evidence adds up for a sentence, and a mean beyond it."""
    return float((n_features * max(1.0, n_features / _SENTENCE)) ** -0.5)


@cache
def _model() -> tuple[list[float], float, dict[str, int]]:
    """Weights of the features, the intercept, and the classes of words."""
    from safetensors import safe_open

    with safe_open(str(WEIGHTS), "np") as file:
        weights, notes = file.get_tensor("weights").astype(np.float64).tolist(), file.metadata()
    members = enumerate(notes["classes"].split("\n"))
    return weights, float(notes["intercept"]), {word: k for k, inside in members for word in inside.split()}


def known(word: str) -> bool:
    """Whether a lower-case word is among the 16,000 or so that the model has classes for, or a function word."""
    return word in FUNCTION or word in _model()[2]


@dataclass(frozen=True)
class Fluency:
    """How probable it is that nothing has been broken in a text, by a linear model of its n-grams, times guards.

    The model (``morl_envs.training.objectives.fluency``) tells sentences from copies of them with words swapped,
    dropped, doubled, inflected wrongly, scrambled, looped or shouted. It sees pairs and triples of neighbouring words,
    the function words as they are and the others by their class, and the letter triples of unknown words; so it knows
    nothing of agreement over a distance, nor of sense. The guards: the squared share of distinct pairs of words, 0.8
    for no capital letter at the start, 0.9 for no mark at the end (an answer cut off at its length limit), 0.5 for each
    of at most two kinds of markup, 0.25 at worst for characters other than ASCII; and as everywhere copied triples,
    repetition, key words, length.

    "That call to your father feels heavier every day." scores 0.57, "That calls to you father feel heavy every days."
    0.26, "That call that call that call." 0.00.
    """

    name: str = "fluency"
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
        return sound * _formed(text) * _moving(said) * _unbroken(text) * originality(words(prompt), said)


def _moving(said: Sequence[str]) -> float:
    """1 unless pairs of words come back: the share of distinct ones, squared."""
    pairs = list(pairwise(said))
    return (len(set(pairs)) / len(pairs)) ** 2 if pairs else 1.0


def _unbroken(text: str) -> float:
    weights, intercept, classes = _model()
    found = buckets(text, classes)
    return 1 / (1 + exp(-(intercept + sum(weights[i] for i in found) * scale(len(found)))))


def _formed(text: str) -> float:
    text = text.strip()
    opening = text.lstrip("\"'“‘(")[:1]
    starts = 1.0 if opening.isupper() or opening.isdigit() else 0.8
    ends = 1.0 if text.rstrip("\"'”’)")[-1:] in tuple(".!?") else 0.9
    foreign = sum(not c.isascii() and c not in "’‘“”–—…éè" for c in text) / len(text)
    return starts * ends * 0.5 ** min(2, len(set(_MARKUP.findall(text)))) * max(0.25, 1 - 10 * foreign)


OBJECTIVES = {"fluency": Fluency()}
