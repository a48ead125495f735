"""What an agent is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from gymnasium import Env
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from morl_envs.budget import Budget

__all__ = ["Agent", "Policy", "derived_seeds"]


@runtime_checkable
class Policy(Protocol):
    """Maps a batch of observations of one control to a batch of actions."""

    def start(self, envs: VectorEnv[Any, Any, Any]) -> None:
        """Called once before acting in `envs`, which is stepped with this policy's actions only."""

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        """Actions for `observations`, one per row; all randomness of row i comes from ``seeds[i]``, shape ``(n,)``."""


@runtime_checkable
class Agent(Protocol):
    """Anything that can be trained within a budget and then asked for a policy per weight vector.

    An agent that acts under some controls only lists them in a class attribute ``controls``, such as
    ``("completion",)``.
    """

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Learn in environments from `make_env`, which charge one meter that holds `budget`."""

    def policy(self, weights: NDArray[np.float64]) -> Policy:
        """The policy for `weights`, on the simplex, shape ``(k,)``."""

    def save(self, folder: Path) -> None:
        """Write the agent as safetensors and JSON."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""


def derived_seeds(seed: int, prompt_indices: NDArray[np.int64], step: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """A seed per row from the evaluation seed, the prompt and the step, whatever the batch; shape ``(n,)``."""
    steps = np.broadcast_to(step, prompt_indices.shape)
    rows = zip(prompt_indices.tolist(), steps.tolist(), strict=True)
    words = [np.random.SeedSequence((seed, prompt, at)).generate_state(1, np.uint64)[0] for prompt, at in rows]
    return np.array([int(word) >> 1 for word in words], dtype=np.int64)
