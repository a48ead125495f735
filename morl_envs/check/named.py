"""What the checks share: names, sentences, and what they look at."""

from __future__ import annotations

import pickle
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np
from gymnasium import spaces

from morl_envs.errors import ContractViolation

__all__ = ["SEED", "STEPS", "Check", "fail_unless", "generators_left_alone", "named", "require_described"]

SEED = 3
STEPS = 40

Check = Callable[[Any], None]


def named(into: dict[str, Check]) -> Callable[[Check], Check]:
    """Add a check to a registry; its violations begin with its name."""

    def add(check: Check) -> Check:
        @wraps(check)
        def run(env: Any) -> None:
            try:
                check(env)
            except ContractViolation as violation:
                raise ContractViolation(f"{check.__name__}: {violation}") from violation.__cause__

        into[check.__name__] = run
        return run

    return add


def fail_unless(condition: bool, sentence: str) -> None:
    """Raise ContractViolation with `sentence` unless `condition` holds."""
    if not condition:
        raise ContractViolation(sentence)


def require_described(env: Any, who: str) -> None:
    """`reward_space`, `reward_dim` and `objectives` are there and agree."""
    for attribute in ("reward_space", "reward_dim", "objectives"):
        fail_unless(hasattr(env, attribute), f"{who} must have {attribute}")
    space, k, objectives = env.reward_space, env.reward_dim, env.objectives
    fail_unless(isinstance(space, spaces.Box) and space.dtype == np.float32, "reward_space must be a float32 Box")
    fail_unless(space.shape == (k,), f"reward_space must have shape ({k},) as reward_dim says, got {space.shape}")
    distinct = not isinstance(objectives, str) and len(objectives) == len(set(objectives)) == k
    fail_unless(
        distinct and all(isinstance(o, str) for o in objectives),
        f"objectives must be {k} distinct names, got {objectives!r}",
    )


@contextmanager
def generators_left_alone() -> Iterator[None]:
    """Fail if the global generators (random, numpy's, torch's where it is loaded) are drawn from or seeded inside.

    They are moved on first, because seeding twice with one number leaves no trace, and put back afterwards.
    """
    torch = sys.modules.get("torch")
    saved = random.getstate(), np.random.get_state(), torch and torch.random.get_rng_state()
    random.random()
    np.random.random()
    if torch:
        torch.rand(1)
    try:
        before = _states(torch)
        yield
        fail_unless(before == _states(torch), "the generators of random, numpy.random and torch must be left alone")
    finally:
        random.setstate(saved[0])
        np.random.set_state(saved[1])
        if torch:
            torch.random.set_rng_state(saved[2])


def _states(torch: Any) -> list[Any]:
    states = [random.getstate(), pickle.dumps(np.random.get_state())]
    return [*states, torch.random.get_rng_state().tolist()] if torch else states
