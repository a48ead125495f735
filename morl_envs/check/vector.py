"""Checks of a vector environment, under whatever autoreset mode it has."""

from __future__ import annotations

import copy
from itertools import combinations
from typing import Any

import numpy as np
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

from morl_envs.check.named import SEED, Check, fail_unless, generators_left_alone, named, require_described
from morl_envs.check.stepping import advance, mode, rollout, row_of, same_rows, same_steps, start, to_an_end
from morl_envs.errors import ContractViolation

__all__ = ["VECTOR_CHECKS"]

VECTOR_CHECKS: dict[str, Check] = {}
"""Name -> check of a vector environment."""


@named(VECTOR_CHECKS)
def vector_rewards_are_described(envs: Any) -> None:
    """`reward_space`, `reward_dim` and `objectives` are those of one sub-environment."""
    require_described(envs, "the vector environment")


@named(VECTOR_CHECKS)
def autoreset_mode_is_declared(envs: Any) -> None:
    """`metadata["autoreset_mode"]` is the enum."""
    found = mode(envs)
    fail_unless(isinstance(found, AutoresetMode), f"metadata['autoreset_mode'] must be an AutoresetMode, got {found!r}")


@named(VECTOR_CHECKS)
def vector_rewards_have_a_row_per_sub_environment(envs: Any) -> None:
    """Rewards are float32 of shape (n, k); ends are bool arrays."""
    n, k = envs.num_envs, envs.reward_space.shape[0]
    for _, rewards, terminated, truncated, _ in rollout(envs):
        valid = isinstance(rewards, np.ndarray) and rewards.dtype == np.float32 and rewards.shape == (n, k)
        found = (getattr(rewards, "dtype", type(rewards)), np.shape(rewards))
        fail_unless(valid, f"rewards must be float32 of shape ({n}, {k}), got {found[0]} of shape {found[1]}")
        for ends in (terminated, truncated):
            fail_unless(ends.shape == (n,) and ends.dtype == bool, f"ends must be bool of shape ({n},)")


@named(VECTOR_CHECKS)
def vector_rewards_are_fresh(envs: Any) -> None:
    """Wrappers write into the array that they are given, and keep it."""
    seen = [step[1] for step in rollout(envs, keep=lambda step: step)]
    fail_unless(all(rewards.flags.writeable for rewards in seen), "rewards must be writable")
    shared = any(np.shares_memory(a, b) for a, b in combinations(seen, 2))
    fail_unless(not shared, "each step must return an array of its own, not one that an earlier step returned")


@named(VECTOR_CHECKS)
def vector_rewards_are_bounded(envs: Any) -> None:
    """`reward_space` bounds every row."""
    for _, rewards, *_ in rollout(envs):
        inside = (rewards >= envs.reward_space.low) & (rewards <= envs.reward_space.high)
        fail_unless(bool(inside.all()), f"each row of {rewards.tolist()} must lie in {envs.reward_space}")


@named(VECTOR_CHECKS)
def vector_observations_are_in_their_space(envs: Any) -> None:
    """Every batch of observations is a member of `observation_space`."""
    for seen in (start(envs)[0], *(step[0] for step in rollout(envs))):
        fail_unless(envs.observation_space.contains(seen), f"{str(seen)[:80]} must be in {envs.observation_space}")


@named(VECTOR_CHECKS)
def vector_seeds_are_honoured(envs: Any) -> None:
    """An integer s seeds sub-environment i with s + i; a list seeds each with its own."""
    first = rollout(envs)
    sentence = "the same seed and actions must give the same observations, rewards and ends"
    fail_unless(same_steps(first, rollout(envs)), sentence)
    listed = rollout(envs, seed=[SEED + i for i in range(envs.num_envs)])
    fail_unless(same_steps(first, listed), "an integer seed s must do what the list [s, s + 1, ...] does")
    starts, _ = start(envs, seed=[SEED] * envs.num_envs)
    rows = [row_of(envs.single_observation_space, starts, i) for i in range(envs.num_envs)]
    alike = all(data_equivalence(rows[0], row) for row in rows)
    fail_unless(alike, "sub-environments given one seed must start alike: each must have a generator of its own")


@named(VECTOR_CHECKS)
def different_vector_seeds_differ(envs: Any) -> None:
    """Seeds lead to different starts, or at least to different steps."""
    starts = [start(envs, seed) for seed in range(0, 12 * envs.num_envs, envs.num_envs)]
    if all(data_equivalence(starts[0], other) for other in starts):
        first, *others = (rollout(envs, seed) for seed in range(0, 4 * envs.num_envs, envs.num_envs))
        sentence = "different seeds must not all lead to the same episodes: the seed is ignored"
        fail_unless(not all(same_steps(first, other) for other in others), sentence)


@named(VECTOR_CHECKS)
def vector_leaves_global_generators_alone(envs: Any) -> None:
    """Randomness comes from the sub-environments' own generators."""
    with generators_left_alone():
        rollout(envs)


@named(VECTOR_CHECKS)
def infos_carry_masks(envs: Any) -> None:
    """Each key of infos, and of the dicts in it, has a bool mask `_key` of shape (n,)."""
    for infos in (start(envs)[1], *(step[4] for step in rollout(envs))):
        _require_masks(infos, envs.num_envs, "infos")


def _require_masks(infos: dict[str, Any], n: int, path: str) -> None:
    for key, values in infos.items():
        if key.startswith("_"):
            continue
        mask = infos.get(f"_{key}")
        valid = isinstance(mask, np.ndarray) and mask.shape == (n,) and mask.dtype == bool
        fail_unless(valid, f"{path}[{key!r}] must come with a bool mask {path}['_{key}'] of shape ({n},)")
        if isinstance(values, dict):
            _require_masks(values, n, f"{path}[{key!r}]")


@named(VECTOR_CHECKS)
def reset_mask_resets_the_marked_rows_alone(envs: Any) -> None:
    """The others keep their observations and go on as if nothing had happened."""
    n = envs.num_envs
    marked, others = np.arange(n) == n - 1, range(n - 1)
    starts, _ = start(envs, [SEED] * n)
    for steps in (3, 1, 0):  # as far as no episode ends
        start(envs, [SEED] * n)
        gone = advance(envs, steps)
        if not any((step[2] | step[3]).any() for step in gone):
            break
    before = gone[-1][0] if gone else starts
    going_on = advance(envs, 6)
    start(envs, [SEED] * n)
    advance(envs, steps)
    after, infos = envs.reset(seed=[None] * (n - 1) + [SEED], options={"reset_mask": marked.copy()})
    same = same_rows(envs, before, after, others)
    fail_unless(same, "rows outside options['reset_mask'] must keep their observations")
    fail_unless(same_rows(envs, starts, after, [n - 1]), "a row of options['reset_mask'] must start from its seed")
    for key, mask in infos.items():
        told = key.startswith("_") and bool(np.asarray(mask)[: n - 1].any())
        fail_unless(not told, f"infos[{key!r}] must mark the rows of options['reset_mask'] alone")
    for step, wanted in zip(advance(envs, 6), going_on, strict=True):
        same = same_rows(envs, step[0], wanted[0], others)
        same = same and all(np.array_equal(step[i][: n - 1], wanted[i][: n - 1]) for i in (1, 2, 3))
        fail_unless(same, "rows outside options['reset_mask'] must go on as if nothing had happened")


@named(VECTOR_CHECKS)
def same_step_keeps_the_final_step(envs: Any) -> None:
    """SAME_STEP: what an episode ended with is under `final_obs` and `final_info`."""
    if mode(envs) is not AutoresetMode.SAME_STEP or (step := to_an_end(envs)) is None:
        return
    *_, terminated, truncated, infos = step
    ended = terminated | truncated
    for key in ("final_obs", "final_info"):
        masked = key in infos and np.array_equal(infos.get(f"_{key}", False), ended)
        fail_unless(masked, f"infos must hold {key!r} and its mask for the rows whose episodes ended")
    for row in np.flatnonzero(ended).tolist():
        inside = envs.single_observation_space.contains(infos["final_obs"][row])
        fail_unless(inside, f"infos['final_obs'][{row}] must be in {envs.single_observation_space}")


@named(VECTOR_CHECKS)
def next_step_restarts_earn_nothing(envs: Any) -> None:
    """NEXT_STEP: the call after an end starts the row again, whatever its action, and earns zeros."""
    if mode(envs) is not AutoresetMode.NEXT_STEP:
        return
    seen = []
    for other in (1, 2):
        if (step := to_an_end(envs)) is None:
            return
        restarted = np.flatnonzero(step[2] | step[3]).tolist()
        envs.action_space.seed(SEED + other)
        observations, rewards, terminated, truncated, _ = envs.step(envs.action_space.sample())
        seen.append(copy.deepcopy(observations))
        fail_unless(not rewards[restarted].any(), "the step that restarts a row must earn zeros")
        fail_unless(not (terminated | truncated)[restarted].any(), "the step that restarts a row must not end it")
    fail_unless(same_rows(envs, seen[0], seen[1], restarted), "the action of a row that restarts must be ignored")


@named(VECTOR_CHECKS)
def disabled_mode_waits_for_a_reset(envs: Any) -> None:
    """DISABLED: stepping an episode that has ended is an error."""
    if mode(envs) is not AutoresetMode.DISABLED or to_an_end(envs) is None:
        return
    try:
        envs.step(envs.action_space.sample())
    except Exception:
        return
    raise ContractViolation("step must raise while an episode that has ended was not reset")


@named(VECTOR_CHECKS)
def closing_a_vector_twice_is_fine(envs: Any) -> None:
    """`close` is idempotent."""
    try:
        envs.close()
        envs.close()
    except Exception as error:
        raise ContractViolation(f"a second close must do nothing: {error!r}") from error
