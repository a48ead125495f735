"""Lorenz Conditioned Network: as a Pareto conditioned network, but the episodes it imitates are the equitable ones.

Michailidis et al., "Scalable multi-objective reinforcement learning with fairness guarantees using Lorenz dominance"
(2026), as MORL-Baselines has it, unmodified. An episode is dominated where another has larger sums of its one, two, …
smallest objectives, so that trade-offs near a corner of the simplex are given up. Controls: choice, lab. Extra:
baselines.

Run: python agents/lcn.py --env morl/dial-choice-v0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gymnasium import Env

from morl_envs.adapters.commanded import Commanded
from morl_envs.adapters.outside import extra


@dataclass
class LorenzConditioned(Commanded):
    """MORL-Baselines' LCN, which keeps episodes that are close to the Lorenz front of those it has seen."""

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """LCN."""
        return extra("morl_baselines.multi_policy.lcn.lcn", "baselines").LCN(env, **self.settings(env, seed))


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
