"""The optimum of a lab for the weights asked for, out of all its answers: regret 0, and what others are held against.

It reads the answers that ship with the lab, so it is a yardstick and not a method. Control: lab, of the embedded model.

Run: python agents/exact_lab.py --env morl/review-lab-v0
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self

import gymnasium
import numpy as np
from gymnasium import Env
from numpy.typing import NDArray

from morl_envs.errors import require
from morl_envs.evaluation import Budget


@dataclass(frozen=True)
class ExactLab:
    """Answers each prompt with the best of its answers."""

    controls: ClassVar[tuple[str, ...]] = ("lab",)

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Nothing is learnt."""

    def policy(self, weights: NDArray[np.float64]) -> _Optimal:
        """The optimum for these weights, looked up where it acts."""
        return _Optimal(np.asarray(weights))

    def save(self, folder: Path) -> None:
        """Write that there is nothing to write."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "agent.json").write_text(json.dumps({}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**json.loads((folder / "agent.json").read_text()))


class _Optimal:
    def __init__(self, weights: NDArray[np.float64]) -> None:
        self.weights = weights

    def start(self, envs: Any) -> None:
        exact = hasattr(envs, "optimal_actions")
        require(exact, "env", "must know its optimal actions, as morl/review-lab-v0 does", type(envs).__name__)
        plans = tuple(map(tuple, envs.optimal_actions(self.weights)))
        arguments = {k: v for k, v in envs.spec.kwargs.items() if k not in ("num_envs", "vectorization_mode")}
        self.seen, self.chosen = _walked(envs.spec.id, json.dumps(arguments), plans)

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        # batches of other sizes differ in the last bits of what is seen
        distances = np.linalg.norm(observations[:, None] - self.seen, axis=2)
        return self.chosen[distances.argmin(axis=1)]

    def log_probs(self, observations: Any, actions: Any) -> NDArray[np.float64]:
        """Of what is certain."""
        return np.zeros(len(actions))


@lru_cache(maxsize=64)
def _walked(
    id: str, arguments: str, plans: tuple[tuple[int, ...], ...]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """What is seen on the way of each prompt's plan, ``(n, features)``, and the action that the plan takes there."""
    envs: Any = gymnasium.make_vec(id, num_envs=len(plans), **json.loads(arguments))
    lengths = np.array([len(plan) for plan in plans])
    observations, _ = envs.reset(options={"prompt_index": np.arange(len(plans))})
    seen, chosen = [], []
    for t in range(lengths.max()):
        actions = np.array([plan[t] if t < len(plan) else 0 for plan in plans])
        envs.idle[:] = t >= lengths
        seen.append(observations[~envs.idle])
        chosen.append(actions[~envs.idle])
        observations = envs.step(actions)[0]
    envs.close()
    return np.concatenate(seen), np.concatenate(chosen)


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
