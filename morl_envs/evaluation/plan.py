"""What an evaluation is to do, checked before anything is spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import gymnasium
import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict

from morl_envs import registry
from morl_envs.errors import require
from morl_envs.metrics.utility import checked_weights, simplex_lattice

__all__ = ["Plan"]


class Plan(BaseModel):
    """Weights, seeds and test prompts of an evaluation.

    Attributes:
        id: Environment id.
        weights: ``(m, k)``.
        seeds: Evaluation seeds.
        n_prompts: Test prompts.
        num_envs: Episodes side by side; no result depends on it.
        env_kwargs: What the environment is made with, ``split`` and ``autoreset_mode`` included.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    weights: tuple[tuple[float, ...], ...]
    seeds: tuple[int, ...]
    n_prompts: int
    num_envs: int
    env_kwargs: dict[str, Any]

    @classmethod
    def checked(
        cls,
        id: str,
        *,
        weights: ArrayLike | None = None,
        seeds: Sequence[int] | None = None,
        n_prompts: int | None = None,
        num_envs: int = 32,
        env_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """A plan from the arguments of :func:`morl_envs.evaluation.evaluate`; what is None is the protocol's.

        Raises:
            InvalidParameter: as :func:`morl_envs.evaluation.evaluate`.
        """
        protocol = registry.protocol(id)
        count = protocol.n_prompts if n_prompts is None else n_prompts
        for name, value in (("num_envs", num_envs), ("n_prompts", count)):
            require(isinstance(value, int) and value >= 1, name, "must be an integer of at least 1", value)
        chosen = _checked_seeds(protocol.seeds if seeds is None else seeds)
        for name in ("autoreset_mode", "num_envs"):
            require(name not in (env_kwargs or {}), "env_kwargs", f"must leave {name} to the evaluation", env_kwargs)
        kwargs = {"split": "test", "autoreset_mode": "Disabled", **(env_kwargs or {})}
        envs: Any = gymnasium.make_vec(id, num_envs=1, **kwargs)
        available, k = len(envs.prompts), envs.reward_dim
        envs.close()
        require(count <= available, "n_prompts", f"must be at most {available} (prompts of the split)", count)
        wanted = simplex_lattice(k, protocol.weight_divisions) if weights is None else weights
        grid = tuple(map(tuple, checked_weights(wanted, k).tolist()))
        return cls(id=id, weights=grid, seeds=chosen, n_prompts=count, num_envs=num_envs, env_kwargs=kwargs)

    @property
    def n_units(self) -> int:
        """Pairs of a seed and a weight vector."""
        return len(self.seeds) * len(self.weights)

    def make(self) -> Any:
        """The vector environment of this plan."""
        return gymnasium.make_vec(self.id, num_envs=min(self.num_envs, self.n_prompts), **self.env_kwargs)

    def grid(self) -> NDArray[np.float64]:
        """The weights as an array ``(m, k)``."""
        return np.array(self.weights)


def _checked_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    require(len(seeds) >= 1, "seeds", "must not be empty", seeds)
    natural = all(isinstance(seed, int | np.integer) and seed >= 0 for seed in seeds)
    require(natural and len(set(seeds)) == len(seeds), "seeds", "must be distinct integers of at least 0", seeds)
    return tuple(map(int, seeds))
