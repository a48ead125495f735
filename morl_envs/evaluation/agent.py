"""What an agent is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from gymnasium import Env, spaces
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from scipy.special import log_softmax

from morl_envs.budget import Budget

__all__ = ["Agent", "Policy", "base_log_probs", "base_scores", "derived_seeds"]


@runtime_checkable
class Policy(Protocol):
    """Maps a batch of observations of one control to a batch of actions.

    A policy that knows its probabilities may have a third method, ``log_probs(observations, actions)``: the natural
    logarithms of the probabilities of what it did, shape ``(n,)``, NaN where unknown. Its divergence from the base
    model is estimated with it.

    A policy that goes by what it has earned so far may have a method ``earned(rewards, ended)``, called after every
    step with the reward vectors, shape ``(n, k)``, and whether each row's episode has ended, shape ``(n,)``. A row
    that has ended goes on with another prompt.
    """

    def start(self, envs: VectorEnv[Any, Any, Any]) -> None:
        """Called once before acting in `envs`, which is stepped with this policy's actions only."""

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        """Actions for `observations`, one per row; all randomness of row i comes from ``seeds[i]``, shape ``(n,)``."""


@runtime_checkable
class Agent(Protocol):
    """Anything that can be trained within a budget and then asked for a policy per weight vector.

    An agent that acts under some controls only lists them in a class attribute ``controls``, such as
    ``("completion",)``; ``"dial-token"`` stands for a control of one task.
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


def base_scores(envs: Any, observations: Any) -> NDArray[np.float32]:
    """Unnormalised log-probabilities of all Discrete actions under the base model, shape ``(n, actions)``."""
    if isinstance(observations, dict) or observations.ndim == 1:  # tokens, or the state of a tabular environment
        logits: NDArray[np.float32] = envs.next_token_logits
        return logits
    candidates: NDArray[np.float32] = observations[:, -envs.single_action_space.n :]
    return candidates


def base_log_probs(envs: Any, observations: Any, actions: Any) -> NDArray[np.float64]:
    """Log-probabilities of `actions` under the environment's language model, shape ``(n,)``; whole answers' too."""
    if isinstance(envs.single_action_space, spaces.Discrete):
        scores = log_softmax(base_scores(envs, observations).astype(np.float64), axis=1)
        chosen: NDArray[np.float64] = scores[np.arange(len(scores)), np.asarray(actions)]
        return chosen
    by_token = envs.lm.log_probs(list(observations), list(actions))
    return np.array([row.astype(np.float64).sum() for row in by_token])
