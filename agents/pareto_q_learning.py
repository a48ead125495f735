"""Pareto Q-learning: for every state and action, the set of return vectors that no other dominates.

Van Moffaert and Nowé, "Multi-objective reinforcement learning using sets of Pareto dominating policies" (2014), as
MORL-Baselines has it, unmodified. The policy for some weights follows the vector that is worth most to them. It needs
few states and deterministic transitions, as `dial` has them. Control: token, of `dial` alone. Extra: baselines.

Run: python agents/pareto_q_learning.py --env morl/dial-token-v0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Env

from morl_envs.adapters.learner import Arrays
from morl_envs.adapters.outside import extra
from morl_envs.adapters.tabular import Tabular


@dataclass
class ParetoQLearning(Tabular):
    """MORL-Baselines' PQL.

    Args:
        steps: Words written in training, unless the budget ends first.
        final_epsilon: Share of random words from the middle of the training on; it begins at 1.
    """

    final_epsilon: float = 0.2

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """PQL; returns are not discounted, for texts are episodes."""
        return extra("morl_baselines.multi_policy.pareto_q_learning.pql", "baselines").PQL(
            env,
            ref_point=np.array(env.unwrapped.protocol.ref_point),  # type: ignore[attr-defined]
            gamma=1.0,
            epsilon_decay_steps=max(1, self.steps // 2),
            final_epsilon=self.final_epsilon,
            seed=seed,
            log=False,
        )

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """Explore by the hypervolume of the sets."""
        algorithm.train(total_timesteps=self.steps, eval_env=env, action_eval="hypervolume")

    def vectors(self, algorithm: Any) -> Arrays:
        """The sets of all states and actions that were tried."""
        pairs = np.argwhere(algorithm.counts > 0)
        sets = [np.array(sorted(algorithm.get_q_set(*pair)), dtype=np.float32) for pair in pairs.tolist()]
        owners = np.repeat(pairs, [len(found) for found in sets], axis=0)
        return {"owners": owners, "values": np.concatenate(sets)}


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
