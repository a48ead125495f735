"""Composed text: prompts and answers put together from word lists, to teach the form of an answer cheaply.

Each module named after a task has ``compose(rng) -> (prompt, answer)``. Prompts are drawn from wider lists than the
tasks' own, so that a student has to read its prompt. The lists are of common English, so some of their words stand in
test prompts too; no test prompt does.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from importlib import import_module

from morl_envs.errors import require_one_of

__all__ = ["COMPOSERS", "composer"]

COMPOSERS = ("arithmetic", "assistant", "detox", "haggle", "reflection", "review", "story", "summary")

Compose = Callable[[random.Random], tuple[str, str]]


def composer(task: str) -> Compose:
    """The composer of a task."""
    require_one_of("task", task, COMPOSERS)
    found: Compose = import_module(f"morl_envs.training.embedded.compose.{task}").compose
    return found
