"""The optimum of `dial` for the weights asked for, by dynamic programming: regret 0, and what others are held against.

It reads the environment's tables, so it is a yardstick and not a method. Control: token, of `dial` alone.

Run: python agents/exact_dial.py --env morl/dial-token-v0
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from gymnasium import Env
from numpy.typing import NDArray

from morl_envs.errors import require
from morl_envs.evaluation import Budget
from morl_envs.metrics import simplex_lattice


@dataclass(frozen=True)
class ExactDial:
    """Answers every weight vector with the optimal policy.

    Args:
        kl_coef: Price of straying from the prior, per nat; 0 for the deterministic optimum.
        utility: Whether to give the best answer under the environment's utility (ESR) and not the linear optimum.
        noise: Share of the words that are drawn from the prior instead: agents of graded quality.
        divisions: Weights are rounded to the lattice of this many steps first; None to take them as they are.
    """

    controls: ClassVar[tuple[str, ...]] = ("token",)

    kl_coef: float = 0.0
    utility: bool = False
    noise: float = 0.0
    divisions: int | None = None

    def __post_init__(self) -> None:
        require(self.kl_coef >= 0, "kl_coef", "must be at least 0", self.kl_coef)
        require(not (self.utility and self.kl_coef), "kl_coef", "must be 0 with utility=True", self.kl_coef)
        require(0 <= self.noise <= 1, "noise", "must be in [0, 1]", self.noise)
        whole = isinstance(self.divisions, int) and self.divisions >= 1
        require(self.divisions is None or whole, "divisions", "must be None or at least 1", self.divisions)

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Nothing is learnt."""

    def policy(self, weights: NDArray[np.float64]) -> _Optimal:
        """The optimum for these weights, computed where it acts."""
        return _Optimal(self, np.asarray(weights))

    def save(self, folder: Path) -> None:
        """Write the arguments."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "agent.json").write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**json.loads((folder / "agent.json").read_text()))


class _Optimal:
    def __init__(self, agent: ExactDial, weights: NDArray[np.float64]) -> None:
        self.agent = agent
        self.weights = weights

    def start(self, envs: Any) -> None:
        exact = hasattr(envs, "optimal_policy")
        require(exact, "env", "must know its optimal policies, as morl/dial-token-v0 does", type(envs).__name__)
        self.table = self.probabilities(envs)

    def probabilities(self, env: Any) -> NDArray[np.float64]:
        """Of the next word in each state, shape ``(n_states, V)``; ``env.evaluate_policy`` says what they are worth."""
        weights = self.weights
        if self.agent.divisions is not None:
            lattice = simplex_lattice(len(weights), self.agent.divisions)
            weights = lattice[np.abs(lattice - weights).sum(axis=1).argmin()]
        if self.agent.utility:
            best = env.following(env.esr_optimum(weights).tokens).probabilities
        else:
            best = env.optimal_policy(weights, self.agent.kl_coef).probabilities
        table: NDArray[np.float64] = (1 - self.agent.noise) * best + self.agent.noise * env.mdp.prior[env.mdp.rows]
        return table

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        drawn = np.array([np.random.default_rng(seed).random() for seed in seeds])
        reached = self.table[observations].cumsum(axis=1)
        # a draw at the very end of the unit interval must not pass the last word that has any probability
        return (reached > np.minimum(drawn, reached[:, -1] * (1 - 1e-12))[:, None]).argmax(axis=1)

    def log_probs(self, observations: Any, actions: Any) -> NDArray[np.float64]:
        """Of the words chosen."""
        logs: NDArray[np.float64] = np.log(self.table[observations, actions])
        return logs


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
