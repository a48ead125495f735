"""Concave-augmented Pareto Q-learning: a soft actor-critic told the weights, whose entropy makes returns concave.

Lu, Herman and Yu, "Multi-objective reinforcement learning: convexity, stationarity and Pareto optimality" (2023), as
MORL-Baselines has it, unmodified. Its actions are continuous: scores of the candidates, of which the highest is taken
(`morl_envs.adapters.box`). It is trained on weights within 22.5 degrees of equal ones. Controls: choice, lab. Extra:
baselines.

Run: python agents/capql.py --env morl/dial-choice-v0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from gymnasium import Env

from morl_envs.adapters.baselines import Conditioned
from morl_envs.adapters.outside import extra


@dataclass
class ConcaveAugmented(Conditioned):
    """MORL-Baselines' CAPQL.

    Args:
        steps: Actions taken in training, unless the budget ends first; the first half of them at random.
        entropy: Price of certainty, in reward per nat.
        learning_rate: Of Adam.
        width: Units of each of the two hidden layers.
        batch_size: Transitions a gradient step.
    """

    continuous: ClassVar[bool] = True

    entropy: float = 0.01
    learning_rate: float = 1e-3
    width: int = 128
    batch_size: int = 64

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """CAPQL, which explores by chance alone; returns are not discounted, for texts are episodes."""
        return extra("morl_baselines.multi_policy.capql.capql", "baselines").CAPQL(
            env,
            learning_rate=self.learning_rate,
            gamma=1.0,
            tau=0.02,
            buffer_size=self.steps,
            net_arch=[self.width, self.width],
            batch_size=self.batch_size,
            alpha=self.entropy,
            learning_starts=max(self.batch_size, self.steps // 2),
            gradient_updates=1,
            log=False,
            seed=seed,
            device="cpu",
        )

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """Draw weights for every action."""
        ref_point = np.array(env.unwrapped.protocol.ref_point)  # type: ignore[attr-defined]
        algorithm.train(total_timesteps=self.steps, eval_env=env, ref_point=ref_point)

    def networks(self, algorithm: Any) -> Mapping[str, Any]:
        """The actor."""
        return {"actor": algorithm.policy}


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
