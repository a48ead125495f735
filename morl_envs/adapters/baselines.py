"""Algorithms of MORL-Baselines that hold networks conditioned on weights, as agents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
from gymnasium import Env, spaces
from numpy.typing import NDArray

from morl_envs.adapters.box import BoxActions, chosen, scores_space
from morl_envs.adapters.learner import Arrays, Learner
from morl_envs.adapters.outside import as_guest, seeded
from morl_envs.budget import Budget
from morl_envs.errors import require

__all__ = ["Conditioned"]


class Conditioned(Learner):
    """An agent around an algorithm whose ``eval(observation, weights)`` is its policy.

    Subclasses add `algorithm`, `learn` and `networks`; where a policy needs more than networks, `more` and `restore`.
    Those whose actions are continuous set `continuous`: they act through :class:`morl_envs.adapters.box.BoxActions`.
    """

    controls: ClassVar[tuple[str, ...]] = ("choice", "lab")
    continuous: ClassVar[bool] = False

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """The algorithm, made for `env`."""
        raise NotImplementedError

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """Run it."""
        raise NotImplementedError

    def networks(self, algorithm: Any) -> Mapping[str, Any]:
        """Its torch modules by name."""
        raise NotImplementedError

    def more(self, algorithm: Any) -> Arrays:
        """What else its policy needs."""
        return {}

    def restore(self, algorithm: Any, arrays: Arrays) -> None:
        """Put back what `more` gave."""

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Learn for `steps` actions, or until the budget is spent."""
        env = BoxActions(make_env()) if self.continuous else make_env()
        require(isinstance(env.observation_space, spaces.Box), "env", "must have vectors as observations", env)
        with as_guest(seed):
            algorithm = self.algorithm(seeded(env, seed), seed)
            self.learn(algorithm, env)
        found = dict(self.more(algorithm))
        for name, network in self.networks(algorithm).items():
            found |= {f"{name}.{key}": value.cpu().numpy() for key, value in network.state_dict().items()}
        self.learnt = found

    def policy(self, weights: NDArray[np.float64]) -> _Asked:
        """What the algorithm answers when it is asked for `weights`."""
        return _Asked(self, np.asarray(weights))


class _Asked:
    def __init__(self, agent: Conditioned, weights: NDArray[np.float64]) -> None:
        self.agent = agent
        self.weights = weights

    def start(self, envs: Any) -> None:
        import torch

        actions = envs.single_action_space
        described = SimpleNamespace(
            observation_space=envs.single_observation_space,
            action_space=scores_space(actions) if self.agent.continuous else actions,
            unwrapped=SimpleNamespace(reward_space=envs.reward_space),
        )
        learnt = self.agent.learnt
        with as_guest(0):
            self.algorithm = self.agent.algorithm(described, 0)  # type: ignore[arg-type]
        for name, network in self.agent.networks(self.algorithm).items():
            held = {key: torch.from_numpy(learnt[f"{name}.{key}"]) for key in network.state_dict()}
            network.load_state_dict(held)
        self.agent.restore(self.algorithm, learnt)

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        told = np.array([self.algorithm.eval(row, self.weights) for row in observations])
        return chosen(told) if self.agent.continuous else told.astype(np.int64)
