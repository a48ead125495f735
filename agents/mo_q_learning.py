"""Multi-objective Q-learning in an outer loop: one table of vectors per weight vector, the next weights chosen.

Van Moffaert et al., "Scalarized multi-objective reinforcement learning" (2013); optimistic linear support (Roijers
2016) or GPI linear support (Alegre et al. 2022) chooses the weights. MORL-Baselines' MPMOQLearning, unmodified.
Policies act by generalised policy improvement: in each state, the best action of any table. Control: token, of `dial`
alone. Extra: baselines.

Run: python agents/mo_q_learning.py --env morl/dial-token-v0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Env

from morl_envs.adapters.learner import Arrays
from morl_envs.adapters.outside import extra
from morl_envs.adapters.tabular import Tabular
from morl_envs.errors import require, require_one_of

SELECTIONS = ("gpi-ls", "ols", "random")


@dataclass
class MOQLearning(Tabular):
    """MORL-Baselines' MPMOQLearning, whose inner loop is its MOQLearning.

    Args:
        steps: Words written in training, unless the budget ends first.
        selection: How the next weights are chosen: "gpi-ls", "ols" or "random".
        iterations: Weight vectors tried; the steps are shared evenly.
        learning_rate: Of the tables; transitions are deterministic, so it may be large.
        epsilon: Share of random words.
    """

    selection: str = "gpi-ls"
    iterations: int = 10
    learning_rate: float = 0.5
    epsilon: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        require_one_of("selection", self.selection, SELECTIONS)
        valid = isinstance(self.iterations, int) and 1 <= self.iterations <= self.steps
        require(valid, "iterations", f"must be an integer in [1, steps = {self.steps}]", self.iterations)

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """MPMOQLearning; returns are not discounted, for texts are episodes."""
        module = "morl_baselines.multi_policy.multi_policy_moqlearning.mp_mo_q_learning"
        return extra(module, "baselines").MPMOQLearning(
            env,
            learning_rate=self.learning_rate,
            gamma=1.0,
            initial_epsilon=self.epsilon,
            final_epsilon=self.epsilon,
            weight_selection_algo=self.selection,
            use_gpi_policy=True,
            epsilon_ols=0.0,
            seed=seed,
            log=False,
        )

    def learn(self, algorithm: Any, env: Env[Any, Any]) -> None:
        """A table after the other; environments and policies are deterministic, so one episode shows what one earns."""
        algorithm.train(
            total_timesteps=self.steps,
            eval_env=env,
            ref_point=np.array(env.unwrapped.protocol.ref_point),  # type: ignore[attr-defined]
            timesteps_per_iteration=self.steps // self.iterations,
            num_eval_episodes_for_front=1,
        )

    def vectors(self, algorithm: Any) -> Arrays:
        """The tables of all weights, one below the other."""
        tables = [table for policy in algorithm.policies for table in policy.q_table.items()]
        n_actions = int(algorithm.env.action_space.n)
        owners = [(state, action) for (state,), _ in tables for action in range(n_actions)]
        values = np.concatenate([table for _, table in tables]).astype(np.float32)
        return {"owners": np.array(owners, dtype=np.int64), "values": values}


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
