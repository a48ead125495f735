"""Algorithms of MORL-Baselines that end with several policies, each with what it was seen to earn, as agents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from gymnasium import Env, spaces
from numpy.typing import NDArray

from morl_envs.adapters.learner import Arrays, Learner
from morl_envs.adapters.outside import as_guest, seeded
from morl_envs.budget import Budget
from morl_envs.errors import require

__all__ = ["Archive", "Found", "Seen"]


class Found(NamedTuple):
    """Policies that an algorithm found.

    Attributes:
        returns: What each was seen to earn, ``(m, k)``.
        networks: A torch module a policy, or one that all share.
        told: What the networks are told besides, by name, a row a policy.
    """

    returns: Any
    networks: Sequence[Any]
    told: Arrays


class Seen(NamedTuple):
    """What a policy goes by, as float32 tensors with a row an episode.

    Attributes:
        observations: ``(n, d)``.
        earned: The return so far, ``(n, k)``.
        taken: The number of actions so far, ``(n, 1)``.
        told: What its network is told besides, by name, ``(n, …)``.
    """

    observations: Any
    earned: Any
    taken: Any
    told: dict[str, Any]


class Archive(Learner):
    """An agent around an algorithm that ends with several policies; it takes the one that earned most for the weights.

    Subclasses add `algorithm`, `learn`, `found`, `network` and `scores`.
    """

    controls: ClassVar[tuple[str, ...]] = ("choice", "lab")

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """The algorithm, made for `env`."""
        raise NotImplementedError

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """Run it."""
        raise NotImplementedError

    def found(self, algorithm: Any) -> Found:
        """Its policies, however far it came."""
        raise NotImplementedError

    def network(self, width: int, n_actions: int, k: int) -> Any:
        """A torch module like those found, for observations of `width` numbers."""
        raise NotImplementedError

    def scores(self, network: Any, seen: Seen) -> Any:
        """A number for each action, shape ``(n, n_actions)``: the highest is taken."""
        raise NotImplementedError

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Learn for `steps` actions, or until the budget is spent."""
        env = make_env()
        require(isinstance(env.observation_space, spaces.Box), "env", "must have vectors as observations", env)
        algorithm = None
        with as_guest(seed):
            algorithm = self.algorithm(seeded(env, seed), seed)
            self.learn(algorithm, env)
        returns, networks, told = self.found(algorithm) if algorithm is not None else Found((), (), {})
        require(len(returns) > 0, "budget", "must last until a policy is found", budget)
        learnt: Arrays = {"returns": np.asarray(returns, dtype=np.float32)}
        learnt |= {f"told.{name}": np.asarray(rows, dtype=np.float32) for name, rows in told.items()}
        for i, network in enumerate(networks):
            learnt |= {f"{i}.{key}": value.cpu().numpy() for key, value in network.state_dict().items()}
        self.learnt = learnt

    def policy(self, weights: NDArray[np.float64]) -> _Best:
        """The policy that earned most for `weights`; it acts greedily."""
        return _Best(self, int((self.learnt["returns"] @ np.asarray(weights)).argmax()))


class _Best:
    def __init__(self, agent: Archive, index: int) -> None:
        self.agent = agent
        self.index = index

    def start(self, envs: Any) -> None:
        import torch

        learnt, width = self.agent.learnt, envs.single_observation_space.shape[0]
        with as_guest(0):
            self.network = self.agent.network(width, int(envs.single_action_space.n), envs.reward_dim)
        prefix = f"{self.index}." if any(name.startswith(f"{self.index}.") for name in learnt) else "0."
        held = {name.removeprefix(prefix): value for name, value in learnt.items() if name.startswith(prefix)}
        self.network.load_state_dict({name: torch.from_numpy(value) for name, value in held.items()})
        self.told = {
            name.removeprefix("told."): torch.from_numpy(rows[self.index])
            for name, rows in learnt.items()
            if name.startswith("told.")
        }
        self.returns = torch.zeros(envs.num_envs, envs.reward_dim)
        self.taken = torch.zeros(envs.num_envs, 1)

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        import torch

        told = {name: row.expand(len(observations), *row.shape) for name, row in self.told.items()}
        with torch.no_grad():
            seen = Seen(torch.from_numpy(observations), self.returns, self.taken, told)
            return self.agent.scores(self.network, seen).argmax(dim=1).numpy()

    def earned(self, rewards: NDArray[np.float32], ended: NDArray[np.bool_]) -> None:
        import torch

        going = torch.from_numpy(~ended)[:, None]
        self.returns = (self.returns + torch.from_numpy(rewards)) * going
        self.taken = (self.taken + 1) * going
