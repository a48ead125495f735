"""What training code that was written elsewhere needs around it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from importlib import import_module
from io import StringIO
from typing import Any

import gymnasium
import numpy as np

from morl_envs.errors import BudgetExceeded, InvalidParameter

__all__ = ["as_guest", "extra", "seeded", "vectorised"]


@contextmanager
def as_guest(seed: int) -> Iterator[None]:
    """Import and run outside training code: the global generators it draws from are seeded, and put back afterwards.

    What it prints is dropped. A spent budget ends it quietly: what was learnt until then is what was paid for.
    """
    import torch

    kept = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(), redirect_stdout(StringIO()), suppress(BudgetExceeded):
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(kept[0])
            np.random.set_state(kept[1])


def extra(module: str, name: str) -> Any:
    """A module of a library that comes with an extra of this package.

    Raises:
        InvalidParameter: naming the extra, where the library is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        rule = f"must find the package {error.name!r}: install morl-envs[{name}]"
        raise InvalidParameter(f"agent {rule}") from error


def seeded(env: Any, seed: int) -> Any:
    """The environment, whose episodes and sampled actions follow from `seed`."""
    env.reset(seed=seed)
    env.action_space.seed(seed)
    return env


def vectorised(env: gymnasium.Env[Any, Any], num_envs: int) -> Any:
    """A vector environment like `env`, on its meter, which restarts a row in the step that ends it."""
    assert env.spec is not None
    envs: Any = gymnasium.make_vec(env.spec, num_envs=num_envs, autoreset_mode="SameStep")
    envs.meter = env.unwrapped.meter  # type: ignore[attr-defined]
    return envs
