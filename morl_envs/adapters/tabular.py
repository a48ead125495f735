"""Tabular algorithms of MORL-Baselines as agents: what they learn is vectors that belong to states and actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from gymnasium import Env, spaces
from numpy.typing import NDArray

from morl_envs.adapters.learner import Arrays, Learner
from morl_envs.adapters.outside import as_guest, seeded
from morl_envs.budget import Budget
from morl_envs.errors import require

__all__ = ["Tabular"]


class Tabular(Learner):
    """An agent around a tabular algorithm; subclasses add `algorithm`, `learn` and `vectors`."""

    controls: ClassVar[tuple[str, ...]] = ("token",)

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """The algorithm, made for `env`."""
        raise NotImplementedError

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """Run it."""
        raise NotImplementedError

    def vectors(self, algorithm: Any) -> Arrays:
        """Returns to come: ``values[i]``, shape ``(n, k)``, belongs to state and action ``owners[i]``, ``(n, 2)``."""
        raise NotImplementedError

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Learn for `steps` words, or until the budget is spent."""
        env = make_env()
        require(isinstance(env.observation_space, spaces.Discrete), "env", "must have numbered states", env)
        with as_guest(seed):
            algorithm = self.algorithm(seeded(env, seed), seed)
            self.learn(algorithm, env)
        self.learnt = self.vectors(algorithm)

    def policy(self, weights: NDArray[np.float64]) -> _Greedy:
        """In each state, the action that some vector promises most for `weights`."""
        return _Greedy(self.learnt, np.asarray(weights))


class _Greedy:
    def __init__(self, learnt: Arrays, weights: NDArray[np.float64]) -> None:
        self.learnt = learnt
        self.weights = weights

    def start(self, envs: Any) -> None:
        n_states, n_actions = envs.single_observation_space.n, envs.single_action_space.n
        scores = np.full((n_states, n_actions), -np.inf)
        np.maximum.at(scores, tuple(self.learnt["owners"].T), self.learnt["values"] @ self.weights)
        self.actions = scores.argmax(axis=1)  # 0 in states that were never seen

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        return self.actions[observations]
