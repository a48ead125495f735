"""GPI-PD for continuous actions: a deterministic actor told the weights; those that promise most gain are trained next.

Alegre et al., "Sample-efficient multi-objective learning via generalized policy improvement prioritization" (2023),
with TD3 (Appendix), as MORL-Baselines has it, unmodified. Its replay is prioritised. Its model of the environment is
left out: MORL-Baselines rolls one out only where it knows by name when episodes end. Its actions are scores of the
candidates, of which the highest is taken (`morl_envs.adapters.box`). Controls: choice, lab. Extra: baselines.

Run: python agents/gpi_pd.py --env morl/dial-choice-v0
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
class GPIPrioritised(Conditioned):
    """MORL-Baselines' GPIPDContinuousAction.

    Args:
        steps: Actions taken in training, unless the budget ends first; the first quarter of them at random.
        iterations: How often the weights are chosen anew; the steps are shared evenly.
        noise: Standard deviation of what is added to scores in training.
        learning_rate: Of Adam.
        width: Units of each of the two hidden layers.
        batch_size: Transitions a gradient step.
    """

    continuous: ClassVar[bool] = True

    iterations: int = 5
    noise: float = 0.5
    learning_rate: float = 1e-3
    width: int = 128
    batch_size: int = 64

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """GPIPDContinuousAction; returns are not discounted, for texts are episodes."""
        module = extra("morl_baselines.multi_policy.gpi_pd.gpi_pd_continuous_action", "baselines")
        return module.GPIPDContinuousAction(
            env,
            learning_rate=self.learning_rate,
            gamma=1.0,
            tau=0.02,
            buffer_size=self.steps,
            net_arch=[self.width, self.width],
            batch_size=self.batch_size,
            learning_starts=max(self.batch_size, self.steps // 4),
            gradient_updates=1,
            policy_noise=self.noise,
            dyna=False,
            log=False,
            seed=seed,
            device="cpu",
        )

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """Weights are judged by one episode each."""
        algorithm.train(
            total_timesteps=self.steps,
            eval_env=env,
            ref_point=np.array(env.unwrapped.protocol.ref_point),  # type: ignore[attr-defined]
            timesteps_per_iter=max(1, self.steps // self.iterations),
            num_eval_episodes_for_front=1,
            checkpoints=False,
        )

    def networks(self, algorithm: Any) -> Mapping[str, Any]:
        """The actor."""
        return {"actor": algorithm.policy}


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
