"""Checks of a scalar environment."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from itertools import combinations
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import data_equivalence

from morl_envs.check.named import SEED, STEPS, Check, fail_unless, generators_left_alone, named, require_described
from morl_envs.errors import ContractViolation

__all__ = ["ENV_CHECKS"]

ENV_CHECKS: dict[str, Check] = {}
"""Name -> check of a scalar environment."""

_WRITTEN = np.float32(-1e30)  # no reward


def _rollout(
    env: Any, *, seed: int = SEED, steps: int = STEPS, keep: Callable[[Any], Any] = copy.deepcopy
) -> list[Any]:
    """What `reset` from a seed and then random actions give, over episodes; later resets are not listed."""
    return list(_play(env, seed, steps, keep))


def _play(env: Any, seed: int, steps: int, keep: Callable[[Any], Any]) -> Any:
    env.action_space.seed(SEED)
    yield keep(env.reset(seed=seed))
    for _ in range(steps):
        step = env.step(env.action_space.sample())
        yield keep(step)
        if step[2] or step[3]:
            env.reset()


def _same(a: list[Any], b: list[Any]) -> bool:
    return all(data_equivalence(tuple(x), tuple(y)) for x, y in zip(a, b, strict=True))


@named(ENV_CHECKS)
def rewards_are_described(env: Any) -> None:
    """`reward_space`, `reward_dim` and `objectives` agree."""
    require_described(env, "env.unwrapped")


@named(ENV_CHECKS)
def reward_is_a_fresh_float32_vector(env: Any) -> None:
    """Wrappers write into the array that they are given, and keep it."""
    seen = [step[1] for step in _rollout(env, keep=lambda given: given)[1:]]
    for reward in seen:
        valid = isinstance(reward, np.ndarray) and reward.dtype == np.float32 and reward.shape == (env.reward_dim,)
        fail_unless(valid, f"the reward must be a float32 array of shape ({env.reward_dim},), got {reward!r}")
        fail_unless(reward.flags.writeable, "the reward must be writable")
    shared = any(np.shares_memory(a, b) for a, b in combinations(seen, 2))
    fail_unless(not shared, "each step must return an array of its own, not one that an earlier step returned")

    def written_into(given: Any) -> Any:
        kept = copy.deepcopy(given)
        if len(given) == 5:
            given[1].fill(_WRITTEN)
        return kept

    for _ in range(2):  # a table that was written into shows when it is read again
        rewards = [step[1] for step in _rollout(env, keep=written_into)[1:]]
        clean = not any((reward == _WRITTEN).any() for reward in rewards)
        fail_unless(clean, "writing into a reward must not change the rewards of later steps")


@named(ENV_CHECKS)
def reward_is_bounded(env: Any) -> None:
    """`reward_space` bounds what is earned."""
    for _, reward, *_ in _rollout(env)[1:]:
        fail_unless(env.reward_space.contains(reward), f"reward {reward} must lie in {env.reward_space}")


@named(ENV_CHECKS)
def observations_are_in_their_space(env: Any) -> None:
    """Every observation is a member of `observation_space`."""
    for seen, *_ in _rollout(env):
        inside = env.observation_space.contains(seen)
        fail_unless(inside, f"{str(seen)[:80]} must be in {env.observation_space}")


@named(ENV_CHECKS)
def ends_are_python_bools(env: Any) -> None:
    """`terminated` and `truncated` are bool, not numpy.bool_, and no first step truncates."""
    steps = _rollout(env)[1:]
    for _, _, terminated, truncated, _ in steps:
        valid = type(terminated) is bool and type(truncated) is bool
        fail_unless(valid, f"terminated and truncated must be bool, got {type(terminated)} and {type(truncated)}")
    fail_unless(steps[0][3] is False, "a first step must not truncate: one-step episodes end by termination")


@named(ENV_CHECKS)
def info_is_json_like(env: Any) -> None:
    """`info` holds no arrays, tensors or undefined numbers, and `reward_components` names the reward."""
    for *given, info in _rollout(env):
        try:
            json.dumps(info, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ContractViolation(f"info must be JSON-like: {error}") from error
        if len(given) == 4:
            components = info.get("reward_components", {})
            valid = tuple(components) == tuple(env.objectives)
            valid = valid and np.allclose(list(components.values()), given[1], rtol=1e-5, atol=1e-6)
            fail_unless(valid, f"info['reward_components'] must name the reward by objective, got {components}")


@named(ENV_CHECKS)
def seeds_are_honoured(env: Any) -> None:
    """A seed fixes everything that follows it."""
    sentence = "the same seed and actions must give the same observations, rewards, ends and infos"
    fail_unless(_same(_rollout(env), _rollout(env)), sentence)


@named(ENV_CHECKS)
def different_seeds_differ(env: Any) -> None:
    """Seeds lead to different starts, or at least to different steps."""
    for steps, seeds in ((0, range(1, 12)), (STEPS, range(1, 4))):
        first = _rollout(env, seed=0, steps=steps)
        if not all(_same(first, _rollout(env, seed=seed, steps=steps)) for seed in seeds):
            return
    raise ContractViolation("different seeds must not all lead to the same episodes: the seed is ignored")


@named(ENV_CHECKS)
def global_generators_are_untouched(env: Any) -> None:
    """Randomness comes from `env.np_random` alone."""
    with generators_left_alone():
        _rollout(env)


@named(ENV_CHECKS)
def spec_survives_json(env: Any) -> None:
    """What made the environment can be written down and make it again."""
    if env.spec is None:  # made by hand
        return
    try:
        spec = EnvSpec.from_json(env.spec.to_json())
        other: Any = gymnasium.make(spec).unwrapped
    except Exception as error:
        raise ContractViolation(f"env.spec must survive to_json, from_json and make: {error}") from error
    fail_unless(_same(_rollout(env), _rollout(other)), "what is made from the spec's JSON must do the same")
    other.close()


@named(ENV_CHECKS)
def copies_do_the_same(env: Any) -> None:
    """Environments pickle: workers and checkpoints copy them."""
    try:
        other = pickle.loads(pickle.dumps(env))
    except Exception as error:
        raise ContractViolation(f"the environment must pickle: {error}") from error
    fail_unless(_same(_rollout(env), _rollout(other)), "a pickled copy must do the same")


@named(ENV_CHECKS)
def copies_do_not_disturb_each_other(env: Any) -> None:
    """Two environments of a process, stepped in turns, behave as each alone."""
    try:
        copies = [pickle.loads(pickle.dumps(env)) for _ in range(4)]
    except Exception:  # another check's business
        return
    alone = [_rollout(each, seed=SEED + i) for i, each in enumerate(copies[:2])]
    turns = zip(*(_play(each, SEED + i, STEPS, copy.deepcopy) for i, each in enumerate(copies[2:])), strict=True)
    same = all(_same(a, list(b)) for a, b in zip(alone, zip(*turns, strict=True), strict=True))
    fail_unless(same, "two environments stepped in turns must do what each does alone: they share state")


@named(ENV_CHECKS)
def closing_twice_is_fine(env: Any) -> None:
    """`close` is idempotent."""
    try:
        env.close()
        env.close()
    except Exception as error:
        raise ContractViolation(f"a second close must do nothing: {error!r}") from error
