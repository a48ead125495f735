"""How prompts are drawn from word lists: from a fixed seed, no text twice, no list's entries shared by the splits."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from morl_envs.errors import require_one_of
from morl_envs.spec import Prompt
from morl_envs.tasks.base import SPLITS

__all__ = ["capitalised", "drawn", "own"]

T = TypeVar("T")

SIZES = {"train": 500, "test": 200}


def capitalised(text: str) -> str:
    """`text` as it begins a sentence; unlike `str.capitalize`, the rest of it stays as it is."""
    return text[0].upper() + text[1:]


def own(entries: tuple[T, ...], split: str) -> tuple[T, ...]:
    """What a split may use of a list: the last three tenths are the test split's own.

    Raises:
        InvalidParameter: for an unknown split.
    """
    require_one_of("split", split, SPLITS)
    cut = len(entries) * 7 // 10
    return entries[:cut] if split == "train" else entries[cut:]


def drawn(task: str, split: str, seed: int, ask: Callable[[random.Random, str], Prompt]) -> tuple[Prompt, ...]:
    """The prompts of a split, from `seed`, numbered; what is asked for (the reference, else the text) never is twice.

    Two references ask for the same if they hold the same words, in whatever order.
    """
    rng = random.Random(seed + (split == "test"))
    found: dict[tuple[str, ...], Prompt] = {}
    while len(found) < SIZES[split]:
        prompt = ask(rng, split)
        found.setdefault(tuple(sorted(re.findall(r"\w+", prompt.reference or prompt.text))), prompt)
    return tuple(replace(prompt, id=f"{task}/{split}/{i:04d}") for i, prompt in enumerate(found.values()))
