"""Advantage actor-critic (Mnih et al. 2016) with one network that is told the weights.

Each episode draws weights from the simplex; the observation ends with them, the reward is the weighted sum. The rows
share one batched model. Stable-Baselines3, unmodified. Control: choice. Extra: sb3.

Run: python agents/sb3_a2c.py --env morl/dial-choice-v0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from morl_envs.adapters.outside import extra
from morl_envs.adapters.weighted import Weighted


@dataclass
class A2C(Weighted):
    """Stable-Baselines3's A2C, told the weights.

    Args:
        steps: Actions taken in training, unless the budget ends first.
        num_envs: Rows of the vector environment.
        learning_rate: Of RMSprop.
        rollout: Actions a row between two updates.
        entropy: Bonus for the policy's entropy.
        device: Where the network lives.
    """

    learning_rate: float = 1e-3
    rollout: int = 8
    entropy: float = 0.01
    device: str = "cpu"

    def algorithm(self, envs: Any, seed: int) -> Any:
        """A2C; returns are not discounted, for texts are episodes."""
        return extra("stable_baselines3", "sb3").A2C(
            "MlpPolicy",
            envs,
            learning_rate=self.learning_rate,
            n_steps=self.rollout,
            ent_coef=self.entropy,
            gamma=1.0,
            seed=seed,
            device=self.device,
        )


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
