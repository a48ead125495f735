"""Checks of the environment contract for vector rewards, usable by anybody's environments.

Each check is named, says in a sentence what is wrong, and can be called alone:
``ENV_CHECKS["reward_is_a_fresh_float32_vector"](env)``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

from morl_envs.errors import ContractViolation

__all__ = ["ENV_CHECKS", "VECTOR_CHECKS", "check_env", "check_vector_env"]

_SEED = 3
_STEPS = 40

Check = Callable[[Any], None]
ENV_CHECKS: dict[str, Check] = {}
"""Name -> check of a scalar environment."""
VECTOR_CHECKS: dict[str, Check] = {}
"""Name -> check of a vector environment."""


def check_env(env: gymnasium.Env[Any, Any]) -> None:
    """Run every check on `env` (wrapped or not).

    Raises:
        ContractViolation: naming the first check that fails and why.
    """
    for check in ENV_CHECKS.values():
        check(env.unwrapped)


def check_vector_env(envs: gymnasium.vector.VectorEnv[Any, Any, Any]) -> None:
    """Run every check on `envs`.

    Raises:
        ContractViolation: naming the first check that fails and why.
    """
    for check in VECTOR_CHECKS.values():
        check(envs)


def _named(into: dict[str, Check]) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        into[check.__name__] = check
        return check

    return add


def _fail_unless(condition: bool, name: str, sentence: str) -> None:
    if not condition:
        raise ContractViolation(f"{name}: {sentence}")


def _rollout(env: Any, seed: int = _SEED, steps: int = _STEPS) -> list[Any]:
    """(observation, reward, terminated, truncated, info) of random actions from a seed, over episodes."""
    env.action_space.seed(seed)
    env.reset(seed=seed)
    found = []
    for _ in range(steps):
        step = env.step(env.action_space.sample())
        found.append(step)
        if step[2] or step[3]:
            env.reset()
    return found


@_named(ENV_CHECKS)
def rewards_are_described(env: Any) -> None:
    """`reward_space`, `reward_dim` and `objectives` agree."""
    name = "rewards_are_described"
    for attribute in ("reward_space", "reward_dim", "objectives"):
        _fail_unless(hasattr(env, attribute), name, f"env.unwrapped must have {attribute}")
    space, k = env.reward_space, env.reward_dim
    _fail_unless(
        isinstance(space, spaces.Box) and space.dtype == np.float32, name, "reward_space must be a float32 Box"
    )
    _fail_unless(
        space.shape == (k,), name, f"reward_space must have shape ({k},) as reward_dim says, got {space.shape}"
    )
    _fail_unless(len(set(env.objectives)) == k, name, f"objectives must be {k} distinct names, got {env.objectives}")


@_named(ENV_CHECKS)
def reward_is_a_fresh_float32_vector(env: Any) -> None:
    """Wrappers write into the array that they are given."""
    name = "reward_is_a_fresh_float32_vector"
    seen = [step[1] for step in _rollout(env)]
    for reward in seen:
        valid = isinstance(reward, np.ndarray) and reward.dtype == np.float32 and reward.shape == (env.reward_dim,)
        _fail_unless(valid, name, f"the reward must be a float32 array of shape ({env.reward_dim},), got {reward!r}")
        _fail_unless(reward.flags.writeable, name, "the reward must be writable")
    shared = any(np.shares_memory(a, b) for a, b in pairwise(seen))
    _fail_unless(not shared, name, "each step must return an array of its own")


@_named(ENV_CHECKS)
def reward_is_bounded(env: Any) -> None:
    """`reward_space` bounds what is earned."""
    for _, reward, *_ in _rollout(env):
        inside = env.reward_space.contains(reward)
        _fail_unless(inside, "reward_is_bounded", f"reward {reward} must lie in {env.reward_space}")


@_named(ENV_CHECKS)
def observations_are_in_their_space(env: Any) -> None:
    """Every observation is a member of `observation_space`."""
    observation, _ = env.reset(seed=_SEED)
    for seen in (observation, *(step[0] for step in _rollout(env))):
        inside = env.observation_space.contains(seen)
        _fail_unless(inside, "observations_are_in_their_space", f"{str(seen)[:80]} must be in {env.observation_space}")


@_named(ENV_CHECKS)
def ends_are_python_bools(env: Any) -> None:
    """`terminated` and `truncated` are bool, not numpy.bool_, and no first step truncates."""
    name = "ends_are_python_bools"
    env.reset(seed=_SEED)
    first = env.step(env.action_space.sample())
    _fail_unless(first[3] is False, name, "a first step must not truncate: one-step episodes end by termination")
    for _, _, terminated, truncated, _ in _rollout(env):
        valid = type(terminated) is bool and type(truncated) is bool
        _fail_unless(
            valid, name, f"terminated and truncated must be bool, got {type(terminated)} and {type(truncated)}"
        )


@_named(ENV_CHECKS)
def seeds_are_honoured(env: Any) -> None:
    """A seed fixes everything, and different seeds lead to different starts."""
    name = "seeds_are_honoured"
    first, second = _rollout(env), _rollout(env)
    same = all(data_equivalence(list(a), list(b)) for a, b in zip(first, second, strict=True))
    _fail_unless(same, name, "the same seed and actions must give the same observations, rewards and infos")
    starts = {str(env.reset(seed=seed)) for seed in range(12)}
    _fail_unless(len(starts) > 1, name, "twelve seeds must not all lead to one start: the seed is ignored")


@_named(ENV_CHECKS)
def global_generators_are_untouched(env: Any) -> None:
    """Randomness comes from `env.np_random` alone."""
    before = random.getstate(), str(np.random.get_state())
    _rollout(env)
    after = random.getstate(), str(np.random.get_state())
    _fail_unless(before == after, "global_generators_are_untouched", "random and numpy.random must be left alone")


@_named(ENV_CHECKS)
def info_is_json_like(env: Any) -> None:
    """`info` holds no arrays, tensors or clocks, and `reward_components` names the reward."""
    name = "info_is_json_like"
    _, start = env.reset(seed=_SEED)
    for info, reward in [(start, None), *((step[4], step[1]) for step in _rollout(env))]:
        try:
            json.dumps(info)
        except TypeError as error:
            raise ContractViolation(f"{name}: info must be JSON-like: {error}") from error
        if reward is not None:
            named = info.get("reward_components", {})
            valid = tuple(named) == tuple(env.objectives) and np.allclose(list(named.values()), reward)
            _fail_unless(valid, name, f"info['reward_components'] must name the reward by objective, got {named}")


@_named(ENV_CHECKS)
def closing_twice_is_fine(env: Any) -> None:
    """`close` is idempotent."""
    try:
        env.close()
        env.close()
    except Exception as error:
        raise ContractViolation(f"closing_twice_is_fine: a second close must do nothing: {error!r}") from error


@_named(VECTOR_CHECKS)
def vector_rewards_have_a_row_per_sub_environment(envs: Any) -> None:
    """Rewards are float32 of shape (n, k); ends are bool arrays."""
    name = "vector_rewards_have_a_row_per_sub_environment"
    n, k = envs.num_envs, envs.reward_space.shape[0]
    for _, rewards, terminated, truncated, _ in _vector_rollout(envs):
        valid = isinstance(rewards, np.ndarray) and rewards.dtype == np.float32 and rewards.shape == (n, k)
        shape = getattr(rewards, "shape", None)
        _fail_unless(valid, name, f"rewards must be float32 of shape ({n}, {k}), got {shape}")
        for ends in (terminated, truncated):
            _fail_unless(ends.shape == (n,) and ends.dtype == bool, name, f"ends must be bool of shape ({n},)")


@_named(VECTOR_CHECKS)
def autoreset_mode_is_declared(envs: Any) -> None:
    """`metadata["autoreset_mode"]` is the enum."""
    mode = envs.metadata.get("autoreset_mode")
    valid = isinstance(mode, AutoresetMode)
    _fail_unless(
        valid, "autoreset_mode_is_declared", f"metadata['autoreset_mode'] must be an AutoresetMode, got {mode!r}"
    )


@_named(VECTOR_CHECKS)
def vector_seeds_are_honoured(envs: Any) -> None:
    """An integer seed fixes all sub-environments and gives each its own."""
    name = "vector_seeds_are_honoured"
    first, second = _vector_rollout(envs), _vector_rollout(envs)
    same = all(data_equivalence(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True))
    _fail_unless(same, name, "the same seed and actions must give the same observations and rewards")
    starts = {str(envs.reset(seed=seed)) for seed in range(12)}
    _fail_unless(len(starts) > 1, name, "twelve seeds must not all lead to one start: the seed is ignored")


@_named(VECTOR_CHECKS)
def infos_carry_masks(envs: Any) -> None:
    """Each key of infos has a bool mask `_key` of shape (n,)."""
    for *_, infos in _vector_rollout(envs):
        for key in infos:
            if key.startswith("_") or key in {"final_info"}:
                continue
            mask = infos.get(f"_{key}")
            valid = isinstance(mask, np.ndarray) and mask.shape == (envs.num_envs,) and mask.dtype == bool
            _fail_unless(valid, "infos_carry_masks", f"infos[{key!r}] must come with a mask infos['_{key}']")


def _vector_rollout(envs: Any) -> list[Any]:
    envs.action_space.seed(_SEED)
    envs.reset(seed=_SEED)
    found = []
    for _ in range(_STEPS):
        step = envs.step(envs.action_space.sample())
        found.append(step)
        if envs.metadata.get("autoreset_mode") is AutoresetMode.DISABLED and (step[2] | step[3]).any():
            envs.reset(options={"reset_mask": step[2] | step[3]})
    return found
