"""Algorithms of Stable-Baselines3 as agents: one network for all weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from gymnasium import Env
from numpy.typing import NDArray

from morl_envs.adapters.learner import Learner
from morl_envs.adapters.outside import as_guest, extra, vectorised
from morl_envs.budget import Budget
from morl_envs.errors import require

__all__ = ["Weighted"]


@dataclass
class Weighted(Learner):
    """An agent around an algorithm of Stable-Baselines3 whose network is told the weights; subclasses add `algorithm`.

    Args:
        steps: Actions taken in training, unless the budget ends first.
        num_envs: Rows of the vector environment.
    """

    controls: ClassVar[tuple[str, ...]] = ("choice", "lab")

    num_envs: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        valid = isinstance(self.num_envs, int) and self.num_envs >= 1
        require(valid, "num_envs", "must be an integer of at least 1", self.num_envs)

    def algorithm(self, envs: Any, seed: int) -> Any:
        """The algorithm, made for `envs`."""
        raise NotImplementedError

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Learn for `steps` actions, or until the budget is spent."""
        envs = extra("morl_envs.adapters.sb3", "sb3").ScalarisedVecEnv(vectorised(make_env(), self.num_envs), seed=seed)
        with as_guest(seed):
            algorithm = self.algorithm(envs, seed)
            algorithm.learn(self.steps)
        self.learnt = {name: value.cpu().numpy() for name, value in algorithm.policy.state_dict().items()}
        envs.close()

    def policy(self, weights: NDArray[np.float64]) -> _Told:
        """The network, told `weights`; it acts greedily."""
        return _Told(self, np.asarray(weights))


class _Told:
    def __init__(self, agent: Weighted, weights: NDArray[np.float64]) -> None:
        self.agent = agent
        self.weights = weights

    def start(self, envs: Any) -> None:
        import torch

        with as_guest(0):
            self.network = self.agent.algorithm(extra("morl_envs.adapters.sb3", "sb3").Spaces(envs), 0).policy
        self.network.load_state_dict({name: torch.from_numpy(held) for name, held in self.agent.learnt.items()})

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        told = np.tile(self.weights.astype(np.float32), (len(observations), 1))
        actions, _ = self.network.predict(np.concatenate([observations, told], axis=1), deterministic=True)
        return actions
