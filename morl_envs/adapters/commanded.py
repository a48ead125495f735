"""Networks of MORL-Baselines that are commanded a return and a number of actions, as agents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Env

from morl_envs.adapters.archive import Archive, Found, Seen
from morl_envs.adapters.outside import extra

__all__ = ["Commanded"]


@dataclass
class Commanded(Archive):
    """An agent around a network that learns by imitation to earn what it is told to; subclasses add `algorithm`.

    Its commands are the returns that episodes of training earned: for some weights, the one worth most to them.

    Args:
        steps: Actions taken in training, unless the budget ends first.
        kept: Episodes that are imitated.
        updates: Gradient steps after each ten episodes.
        learning_rate: Of Adam.
        width: Units of each hidden layer.
        batch_size: Actions a gradient step.
    """

    kept: int = 100
    updates: int = 50
    learning_rate: float = 3e-3
    width: int = 64
    batch_size: int = 128

    def settings(self, env: Any, seed: int) -> dict[str, Any]:
        """What the algorithms are made with; commands are scaled to the unit interval."""
        return {
            "scaling_factor": np.append(1 / np.array(env.unwrapped.protocol.ideal), 1 / env.unwrapped.max_new_tokens),
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "hidden_dim": self.width,
            "gamma": 1.0,  # texts are episodes
            "log": False,
            "seed": seed,
            "device": "cpu",
        }

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """Imitate the episodes that are kept, and command a little more than they earned."""
        algorithm.save = lambda *_, **__: None  # it would write its checkpoints where it stands
        algorithm.train(
            total_timesteps=self.steps,
            eval_env=env,
            ref_point=np.array(env.unwrapped.protocol.ref_point),  # type: ignore[attr-defined]
            num_er_episodes=self.kept // 2,
            num_step_episodes=10,
            num_model_updates=self.updates,
            max_buffer_size=self.kept,
            num_points_pf=1,
        )

    def found(self, algorithm: Any) -> Found:
        """One network, and the commands."""
        episodes = [held[2] for held in algorithm.experience_replay]
        commands = np.array([episode[0].reward for episode in episodes])
        horizons = np.array([[len(episode)] for episode in episodes])
        return Found(commands, [algorithm.model], {"command": commands, "horizon": horizons})

    def network(self, width: int, n_actions: int, k: int) -> Any:
        """MORL-Baselines' network for discrete actions."""
        module = extra("morl_baselines.multi_policy.pcn.pcn", "baselines")
        return module.DiscreteActionsDefaultModel(width, n_actions, k, np.ones(k + 1), self.width)

    def scores(self, network: Any, seen: Seen) -> Any:
        """Log-probabilities of the actions, commanded what is left to be earned and to be done."""
        left = (seen.told["horizon"] - seen.taken).clamp(min=1)
        return network(seen.observations, seen.told["command"] - seen.earned, left)
