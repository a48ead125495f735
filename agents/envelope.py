"""Envelope Q-learning: one network, told the weights, whose targets are the best over sampled weights.

Yang, Sun and Narasimhan, "A generalized algorithm for multi-objective reinforcement learning and policy adaptation"
(2019), as MORL-Baselines has it, unmodified. Control: choice. Extra: baselines.

Run: python agents/envelope.py --env morl/dial-choice-v0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gymnasium import Env

from morl_envs.adapters.baselines import Conditioned
from morl_envs.adapters.outside import extra


@dataclass
class Envelope(Conditioned):
    """MORL-Baselines' Envelope.

    Args:
        steps: Actions taken in training, unless the budget ends first.
        learning_rate: Of Adam.
        width: Units of each of the two hidden layers.
        batch_size: Transitions a gradient step.
        device: Where the network lives.
    """

    learning_rate: float = 1e-3
    width: int = 128
    batch_size: int = 64
    device: str = "cpu"

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """Envelope, which explores less and less in the first half; returns are not discounted: texts are episodes."""
        return extra("morl_baselines.multi_policy.envelope.envelope", "baselines").Envelope(
            env,
            learning_rate=self.learning_rate,
            initial_epsilon=1.0,
            final_epsilon=0.05,
            epsilon_decay_steps=max(1, self.steps // 2),
            homotopy_decay_steps=max(1, self.steps // 2),
            buffer_size=self.steps,
            net_arch=[self.width, self.width],
            batch_size=self.batch_size,
            gamma=1.0,
            log=False,
            seed=seed,
            device=self.device,
        )

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """Draw weights for every episode."""
        algorithm.train(total_timesteps=self.steps)

    def networks(self, algorithm: Any) -> Mapping[str, Any]:
        """The Q-network."""
        return {"q": algorithm.q_net}


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
