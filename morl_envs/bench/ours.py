"""Answers written through the Gymnasium API by the model's own samples, timed."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from morl_envs.bench.cases import TASK, prompt_indices

__all__ = ["Writer", "contexts"]


def contexts(lm: Any, prompts: Any, indices: NDArray[np.int64]) -> list[list[int]]:
    """The token ids that stand before each answer."""
    found: list[list[int]] = lm.encode_prompts([prompts[i].text for i in indices])
    return found


class Writer:
    """A vector environment under the `token` control, and the base model as its policy.

    A policy that draws the end of an answer writes another token instead until the length it is to have.

    Args:
        n_envs: Sub-environments.
        new_tokens: Length limit of an answer.
        kwargs: ``lm``, ``device``, ``dtype``.
    """

    def __init__(self, n_envs: int, new_tokens: int, **kwargs: Any) -> None:
        self.envs: Any = gymnasium.make_vec(
            f"morl/{TASK}-token-v0",
            num_envs=n_envs,
            max_new_tokens=new_tokens,
            objectives=["brevity"],
            autoreset_mode="SameStep",
            **kwargs,
        )
        rows: Any = self.envs.unwrapped
        lm = rows.lm
        self.lengths = [len(ids) for ids in lm.encode_prompts([p.text for p in rows.prompts])]
        self._ends = np.array(sorted(lm.end_token_ids))
        self._other = next(i for i in range(lm.vocabulary_size) if i not in lm.end_token_ids)
        self._rng = np.random.default_rng(0)
        self._written = np.zeros(n_envs, dtype=np.int64)  # tokens of each answer so far

    def reset(self, group: int, repeat: int) -> NDArray[np.int64]:
        """Give each sub-environment its prompt; returns the prompts' indices."""
        chosen = prompt_indices(self.lengths, self.envs.num_envs, group, repeat)
        self.envs.reset(seed=repeat, options={"prompt_index": chosen})
        self._written[:] = 0
        return chosen

    def step(self, wanted: Callable[[NDArray[np.int64]], NDArray[np.bool_]] | None = None) -> tuple[float, float]:
        """Draw and write one token in each; seconds of the model with the draw, and of the environment.

        Args:
            wanted: Maps lengths so far to whether each answer is to end now; None: only at the limit.
        """
        begun = perf_counter()
        tokens = self.envs.unwrapped.sample_next_tokens(self._rng.random(self.envs.num_envs))
        drawn = perf_counter()
        tokens[np.isin(tokens, self._ends)] = self._other
        if wanted is not None:
            tokens[wanted(self._written)] = self._ends[0]
        _, _, ended, _, _ = self.envs.step(tokens)
        self._written = np.where(ended, 0, self._written + 1)
        return drawn - begun, perf_counter() - drawn

    def seconds(self, new_tokens: int, group: int, repeat: int) -> float:
        """Of one batch of answers of `new_tokens`, prefill included."""
        self.reset(group, repeat)
        return sum(sum(self.step()) for _ in range(new_tokens))

    def rate(self, steps: int, wanted: Callable[[NDArray[np.int64]], NDArray[np.bool_]] | None, repeat: int) -> float:
        """Tokens a second over `steps`, with answers replaced as they end.

        The first step is not counted: its prompts, all rows' at once, come on top of one for each answer that ends.
        """
        self.reset(1, repeat)
        self.step(wanted)
        return float(self.envs.num_envs * steps / sum(sum(self.step(wanted)) for _ in range(steps)))
