"""Pareto Conditioned Network: a network told what to earn, and in how many steps, that imitates its best episodes.

Reymond, Bargiacchi and Nowé, "Pareto conditioned networks" (2022), as MORL-Baselines has it, unmodified. For some
weights it is commanded the return of training that is worth most to them. It takes transitions for deterministic.
Controls: choice, lab. Extra: baselines.

Run: python agents/pcn.py --env morl/dial-choice-v0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gymnasium import Env

from morl_envs.adapters.commanded import Commanded
from morl_envs.adapters.outside import extra


@dataclass
class ParetoConditioned(Commanded):
    """MORL-Baselines' PCN, which keeps episodes that are close to the Pareto front of those it has seen."""

    def algorithm(self, env: Env[Any, Any], seed: int) -> Any:
        """PCN."""
        return extra("morl_baselines.multi_policy.pcn.pcn", "baselines").PCN(env, **self.settings(env, seed))


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
