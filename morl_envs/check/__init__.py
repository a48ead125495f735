"""Checks of the environment contract for vector rewards, usable by anybody's environments.

Each check is named, says in a sentence what is wrong, and can be called alone:
``ENV_CHECKS["reward_is_a_fresh_float32_vector"](env)``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gymnasium

from morl_envs.check.named import Check
from morl_envs.check.scalar import ENV_CHECKS
from morl_envs.check.vector import VECTOR_CHECKS
from morl_envs.errors import require_one_of

__all__ = ["ENV_CHECKS", "VECTOR_CHECKS", "check_env", "check_vector_env"]


def check_env(env: gymnasium.Env[Any, Any], *, skip: Iterable[str] = ()) -> None:
    """Run every check on `env` (wrapped or not), and close it.

    Args:
        env: The environment.
        skip: Names of checks to leave out, such as ``different_seeds_differ`` for one without any chance in it.

    Raises:
        ContractViolation: naming the first check that fails and why.
        InvalidParameter: for an unknown name in `skip`.
    """
    _run(ENV_CHECKS, env.unwrapped, skip)


def check_vector_env(envs: gymnasium.vector.VectorEnv[Any, Any, Any], *, skip: Iterable[str] = ()) -> None:
    """Run every check on `envs`, under the autoreset mode that it has, and close it.

    Raises:
        ContractViolation: naming the first check that fails and why.
        InvalidParameter: for an unknown name in `skip`.
    """
    _run(VECTOR_CHECKS, envs, skip)


def _run(checks: dict[str, Check], env: Any, skip: Iterable[str]) -> None:
    left_out = set(skip)
    for name in left_out:
        require_one_of("skip", name, checks)
    for name, check in checks.items():
        if name not in left_out:
            check(env)
