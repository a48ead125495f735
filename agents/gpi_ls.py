"""GPI linear support: Q-networks told the weights; the weights trained next are those that promise the largest gain.

Alegre et al., "Sample-efficient multi-objective learning via generalized policy improvement prioritization" (2023),
without its model of the environment, as MORL-Baselines has it, unmodified. Control: choice. Extra: baselines.

Run: python agents/gpi_ls.py --env morl/dial-choice-v0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Env

from morl_envs.adapters.baselines import Conditioned
from morl_envs.adapters.learner import Arrays
from morl_envs.adapters.outside import extra


@dataclass
class GPILinearSupport(Conditioned):
    """MORL-Baselines' GPILS.

    Args:
        steps: Actions taken in training, unless the budget ends first.
        iterations: How often the weights are chosen anew; the steps are shared evenly.
        learning_rate: Of Adam.
        width: Units of each of the two hidden layers.
        batch_size: Transitions a gradient step.
        device: Where the networks live.
    """

    iterations: int = 5
    learning_rate: float = 1e-3
    width: int = 128
    batch_size: int = 64
    device: str = "cpu"

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """GPILS, which explores less and less in the first half; returns are not discounted, for texts are episodes."""
        return extra("morl_baselines.multi_policy.gpi_pd.gpi_pd", "baselines").GPILS(
            env,
            learning_rate=self.learning_rate,
            initial_epsilon=1.0,
            final_epsilon=0.05,
            epsilon_decay_steps=max(1, self.steps // 2),
            buffer_size=self.steps,
            net_arch=[self.width, self.width],
            batch_size=self.batch_size,
            gradient_updates=1,
            target_net_update_freq=200,
            gamma=1.0,
            log=False,
            seed=seed,
            device=self.device,
        )

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """Weights are judged by one episode each."""
        algorithm.train(
            total_timesteps=self.steps,
            eval_env=env,
            ref_point=np.array(env.unwrapped.protocol.ref_point),  # type: ignore[attr-defined]
            timesteps_per_iter=max(1, self.steps // self.iterations),
            num_eval_episodes_for_front=1,
            eval_freq=self.steps + 1,
            checkpoints=False,
        )

    def networks(self, algorithm: Any) -> Mapping[str, Any]:
        """The Q-networks."""
        return {f"q{i}": network for i, network in enumerate(algorithm.q_nets)}

    def more(self, algorithm: Any) -> Arrays:
        """The weights whose policies it improves upon."""
        return {"support": np.stack([weights.cpu().numpy() for weights in algorithm.weight_support])}

    def restore(self, algorithm: Any, arrays: Arrays) -> None:
        """The same."""
        algorithm.set_weight_support(list(arrays["support"]))


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
