"""Deep Q-learning (Mnih et al. 2015) with one network that is told the weights.

Each episode draws weights from the simplex; the observation ends with them, the reward is the weighted sum. The rows
share one batched model. Stable-Baselines3, unmodified. Control: choice. Extra: sb3.

Run: python agents/sb3_dqn.py --env morl/dial-choice-v0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from morl_envs.adapters.outside import extra
from morl_envs.adapters.weighted import Weighted


@dataclass
class DQN(Weighted):
    """Stable-Baselines3's DQN, told the weights.

    Args:
        steps: Actions taken in training, unless the budget ends first.
        num_envs: Rows of the vector environment.
        learning_rate: Of Adam.
        final_epsilon: Share of random actions from the middle of the training on; it begins at 1.
        device: Where the network lives.
    """

    learning_rate: float = 1e-3
    final_epsilon: float = 0.05
    device: str = "cpu"

    def algorithm(self, envs: Any, seed: int) -> Any:
        """DQN; returns are not discounted, for texts are episodes."""
        return extra("stable_baselines3", "sb3").DQN(
            "MlpPolicy",
            envs,
            learning_rate=self.learning_rate,
            buffer_size=self.steps,
            learning_starts=min(500, self.steps // 4),
            train_freq=1,
            gradient_steps=1,
            target_update_interval=500,
            exploration_fraction=0.5,
            exploration_final_eps=self.final_epsilon,
            gamma=1.0,
            seed=seed,
            device=self.device,
        )


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
