"""What is timed: batches of answers of one length, and how much faster than its peers each is meant to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CASES", "CONTEXT_TOKENS", "TASK", "Case", "prompt_indices"]

TASK = "review"
CONTEXT_TOKENS = 64
"""Prompts are the task's own, those whose contexts, chat format included, are nearest to this long."""


@dataclass(frozen=True)
class Case:
    """Answers of one length, written side by side.

    Args:
        n_envs: Sub-environments.
        new_tokens: Of each answer.
        group: So many consecutive sub-environments share a prompt.
        over_transformers: How many times as fast as ``transformers``' `generate` it is meant to be; None: not said.
        over_vllm: The same of vLLM.
    """

    n_envs: int
    new_tokens: int
    group: int = 1
    over_transformers: float | None = None
    over_vllm: float | None = None

    @property
    def name(self) -> str:
        """As tables show it."""
        shared = f", groups of {self.group} share a prompt" if self.group > 1 else ""
        return f"{self.n_envs} x {self.new_tokens} tokens{shared}"


CASES = (
    Case(1, 32, over_transformers=1.2, over_vllm=1.0),
    Case(64, 32, over_transformers=2.3, over_vllm=1.2),
    Case(64, 128, over_transformers=3.5, over_vllm=1.1),
    Case(128, 128, group=8, over_transformers=5.0, over_vllm=1.2),
)


def prompt_indices(lengths: list[int], n_envs: int, group: int, repeat: int) -> NDArray[np.int64]:
    """Which prompt each sub-environment answers: distinct ones, others than in the repeat before, nearest in length.

    Args:
        lengths: Tokens of each prompt's context.
        n_envs: Sub-environments.
        group: So many consecutive ones share a prompt.
        repeat: Counted from 0; it turns the order.
    """
    nearest = np.argsort(np.abs(np.array(lengths) - CONTEXT_TOKENS), kind="stable")
    count = n_envs // group
    chosen = np.roll(nearest[: max(2 * count, 8)], repeat * count)[:count]
    return np.repeat(chosen, group)
