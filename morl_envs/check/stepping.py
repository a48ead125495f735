"""Stepping vector environments for the checks: rollouts, and rows of batches."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from gymnasium import spaces
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

from morl_envs.check.named import SEED, STEPS

__all__ = ["advance", "mode", "rollout", "row_of", "same_rows", "same_steps", "start", "to_an_end"]

_LONGEST = 1000  # steps after which an episode that does not end is left alone


def mode(envs: Any) -> Any:
    """The declared autoreset mode, or whatever stands in its place."""
    return envs.metadata.get("autoreset_mode")


def advance(envs: Any, steps: int, keep: Callable[[Any], Any] = copy.deepcopy) -> list[Any]:
    """What random actions give; where the mode wants it, episodes that end are started again."""
    found = []
    for _ in range(steps):
        step = envs.step(envs.action_space.sample())
        found.append(keep(step))
        ended = step[2] | step[3]
        if mode(envs) is AutoresetMode.DISABLED and ended.any():
            envs.reset(options={"reset_mask": ended})
    return found


def start(envs: Any, seed: int | Sequence[int] = SEED) -> Any:
    """A copy of what `reset` from a seed gives; the actions that follow are fixed too."""
    envs.action_space.seed(SEED)
    return copy.deepcopy(envs.reset(seed=seed))


def rollout(envs: Any, seed: int | Sequence[int] = SEED, keep: Callable[[Any], Any] = copy.deepcopy) -> list[Any]:
    """The steps after a start."""
    start(envs, seed)
    return advance(envs, STEPS, keep)


def to_an_end(envs: Any) -> Any:
    """The first step of a rollout in which an episode ends, or None."""
    start(envs)
    for _ in range(_LONGEST):
        step = envs.step(envs.action_space.sample())
        if (step[2] | step[3]).any():
            return step
    return None


def row_of(space: Any, batch: Any, i: int) -> Any:
    """Row i of a batch of observations."""
    if isinstance(space, spaces.Dict):
        return {key: row_of(sub, batch[key], i) for key, sub in space.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(row_of(sub, part, i) for sub, part in zip(space, batch, strict=True))
    return batch[i]


def same_rows(envs: Any, a: Any, b: Any, rows: Sequence[int]) -> bool:
    """Whether two batches of observations agree in some rows."""
    space = envs.single_observation_space
    return all(data_equivalence(row_of(space, a, i), row_of(space, b, i)) for i in rows)


def same_steps(a: list[Any], b: list[Any]) -> bool:
    """Whether two rollouts agree in observations, rewards and ends."""
    return all(data_equivalence(tuple(x[:4]), tuple(y[:4])) for x, y in zip(a, b, strict=True))
