"""Each check of the contract passes a sound environment and is failed by one that was broken on purpose."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from mo_gymnasium.wrappers.vector import MOSyncVectorEnv

from morl_envs.check import ENV_CHECKS, VECTOR_CHECKS, check_env, check_vector_env
from morl_envs.errors import ContractViolation, InvalidParameter


class Lamp(gymnasium.Env[Any, Any]):
    """Turn a lamp up or down in a draught: a third party's environment, which ends when it is dark or after a while."""

    metadata = {"render_modes": []}  # noqa: RUF012  # as third parties write it
    objectives: Any = ("light", "thrift")
    patience = 8

    def __init__(self, brightest: int = 4) -> None:
        self.brightest = brightest
        self.observation_space = spaces.Box(0, 9, (2,), np.float32)
        self.action_space = spaces.Discrete(3)
        self.reward_space = spaces.Box(0, 1, (2,), np.float32)
        self.reward_dim = 2

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.level, self.draught, self.steps = int(self.np_random.integers(1, 5)), self.np_random.random(), 0
        return self.observed(), {}

    def step(self, action: Any) -> Any:
        self.steps += 1
        self.level = int(np.clip(self.level + action - 1, 0, self.brightest)) * int(self.np_random.random() < 0.9)
        self.draught = self.np_random.random()
        reward = np.array([self.level / 4, 1 - action / 2], dtype=np.float32)
        components = dict(zip(("light", "thrift"), map(float, reward), strict=True))
        dark = self.level == 0
        return (
            self.observed(),
            reward,
            dark,
            not dark and self.steps == self.patience,
            {"reward_components": components},
        )

    def observed(self) -> Any:
        return np.array([self.level, self.draught], dtype=np.float32)


class Lamps(gymnasium.vector.VectorEnv[Any, Any, Any]):
    """Several lamps, without Gymnasium's own vectorisation."""

    def __init__(self, mode: AutoresetMode = AutoresetMode.NEXT_STEP, n: int = 3) -> None:
        self.lamps = [Lamp() for _ in range(n)]
        self.num_envs, self.mode, self.metadata = n, mode, {"autoreset_mode": mode}
        self.single_observation_space, self.single_action_space = self.lamps[0].observation_space, spaces.Discrete(3)
        self.observation_space = batch_space(self.single_observation_space, n)
        self.action_space = batch_space(self.single_action_space, n)
        self.reward_space, self.reward_dim, self.objectives = self.lamps[0].reward_space, 2, Lamp.objectives
        self.over = np.zeros(n, dtype=bool)

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, dtype=bool))
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int) else seed or [None] * self.num_envs
        for i in np.flatnonzero(mask):
            self.lamps[i].reset(seed=seeds[i])
        self.over[mask] = False
        return self.observed(), self.infos(mask)

    def step(self, actions: Any) -> Any:
        if self.mode is AutoresetMode.DISABLED and self.over.any():
            raise gymnasium.error.ResetNeeded("reset first")
        rewards = np.zeros((self.num_envs, 2), dtype=np.float32)
        terminated, truncated = np.zeros((2, self.num_envs), dtype=bool)
        restarting, infos = self.over.copy(), {}
        final: dict[str, Any] = {}
        for i, lamp in enumerate(self.lamps):
            if restarting[i]:
                lamp.reset()
                continue
            seen, rewards[i], terminated[i], truncated[i], info = lamp.step(int(actions[i]))
            ended = terminated[i] or truncated[i]
            if ended and self.mode is AutoresetMode.SAME_STEP:
                final = self._add_info(final, {"final_obs": seen, "final_info": info}, i)
                lamp.reset()
            else:
                infos = self._add_info(infos, info, i)
        self.over = (terminated | truncated) & (self.mode is not AutoresetMode.SAME_STEP)
        return self.observed(), rewards, terminated, truncated, {**infos, **final}

    def observed(self) -> Any:
        return np.stack([lamp.observed() for lamp in self.lamps])

    def infos(self, mask: Any) -> dict[str, Any]:
        return {"level": np.where(mask, [lamp.level for lamp in self.lamps], 0), "_level": mask.copy()}


def other(base: type[Any] = Lamp, **methods: Any) -> type[Any]:
    """A class that differs from `base` in a few attributes; found again by pickle."""
    name = f"Broken{len(_CLASSES)}"
    _CLASSES.append(name)
    globals()[name] = type(name, (base,), {"__module__": __name__, "__qualname__": name, **methods})
    return globals()[name]


_CLASSES: list[str] = []


def changed(change: Callable[[Any, list[Any]], None], base: type[Any] = Lamp) -> type[Any]:
    """A class whose steps pass through ``change(env, [observation, reward, terminated, truncated, info])``."""

    def step(self: Any, action: Any) -> Any:
        given = list(base.step(self, action))
        change(self, given)
        return tuple(given)

    return other(base, step=step)


def given(index: int, value: Callable[[Any], Any]) -> Callable[[Any, list[Any]], None]:
    """A change of one of the five things that `step` gives."""

    def change(env: Any, step: list[Any]) -> None:
        step[index] = value(step[index])

    return change


def with_attributes(base: type[Any] = Lamp, **attributes: Any) -> type[Any]:
    """A class whose instances have other attributes."""

    def init(self: Any, *args: Any) -> None:
        base.__init__(self, *args)
        self.__dict__.update(attributes)

    return other(base, __init__=init)


def read_only(reward: Any) -> Any:
    reward.setflags(write=False)
    return reward


def counted(env: Any, step: list[Any]) -> None:
    env.calls = getattr(env, "calls", 0) + 1
    step[4]["calls"] = env.calls


def reset_ignoring_the_seed(self: Any, *, seed: Any = None, options: Any = None) -> Any:
    return Lamp.reset(self, seed=0)


class Shared:
    """State kept once for all instances."""

    level = 0
    draught = 0.0


def everywhere(name: str) -> property:
    return property(lambda self: getattr(Shared, name), lambda self, value: setattr(Shared, name, value))


def close_once(self: Any, **_: Any) -> None:
    if getattr(self, "was_closed", False):
        raise RuntimeError("already closed")
    self.was_closed = True


def of_spec(**kwargs: Any) -> EnvSpec:
    return EnvSpec(
        "Lamp-v0", entry_point=f"{__name__}:Lamp", disable_env_checker=True, order_enforce=False, kwargs=kwargs
    )


BROKEN: dict[str, type[Any]] = {
    "rewards_are_described": with_attributes(reward_space=spaces.Box(0, 1, (2,), np.float64)),
    "reward_is_a_fresh_float32_vector": changed(given(1, read_only)),
    "reward_is_bounded": with_attributes(reward_space=spaces.Box(0, 0.5, (2,), np.float32)),
    "observations_are_in_their_space": changed(given(0, lambda seen: seen + 10)),
    "ends_are_python_bools": changed(given(3, np.bool_)),
    "seeds_are_honoured": changed(counted),
    "different_seeds_differ": other(reset=reset_ignoring_the_seed),
    "global_generators_are_untouched": changed(lambda env, step: np.random.seed(1)),
    "info_is_json_like": changed(given(4, lambda info: {**info, "map": np.zeros(3)})),
    "spec_survives_json": with_attributes(spec=of_spec(brightest=len)),
    "copies_do_the_same": with_attributes(rule=lambda: 0),
    "copies_do_not_disturb_each_other": other(level=everywhere("level"), draught=everywhere("draught")),
    "closing_twice_is_fine": other(close=close_once),
}


def seeded_alike(self: Any, *, seed: Any = None, options: Any = None) -> Any:
    return Lamps.reset(self, seed=[seed] * self.num_envs if isinstance(seed, int) else seed, options=options)


def vector_ignoring_the_seed(self: Any, *, seed: Any = None, options: Any = None) -> Any:
    seeds = None if seed is None else [0] * self.num_envs if isinstance(seed, int) else [s and 0 for s in seed]
    return Lamps.reset(self, seed=seeds, options=options)


def into_one_buffer(env: Any, step: list[Any]) -> None:
    env.buffer = getattr(env, "buffer", step[1])
    env.buffer[...] = step[1]
    step[1] = env.buffer


def paid_for_restarting(env: Any, step: list[Any]) -> None:
    restarted = getattr(env, "were_over", np.zeros(env.num_envs, dtype=bool))
    step[1][restarted] = 1
    env.were_over = step[2] | step[3]


def stepping_on(self: Any, actions: Any) -> Any:
    self.over[:] = False
    return Lamps.step(self, actions)


def without(*keys: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda infos: {key: value for key, value in infos.items() if key not in keys}


def in_mode(cls: type[Any], mode: AutoresetMode) -> Callable[[], Any]:
    return lambda: cls(mode)


BROKEN_VECTORS: dict[str, Callable[[], Any]] = {
    "vector_rewards_are_described": with_attributes(Lamps, reward_space=spaces.Box(0, 1, (2,), np.float64)),
    "autoreset_mode_is_declared": with_attributes(Lamps, metadata={"autoreset_mode": "NextStep"}),
    "vector_rewards_have_a_row_per_sub_environment": changed(given(1, lambda r: r.astype(np.float64)), Lamps),
    "vector_rewards_are_fresh": changed(into_one_buffer, Lamps),
    "vector_rewards_are_bounded": with_attributes(Lamps, reward_space=spaces.Box(0, 0.5, (2,), np.float32)),
    "vector_observations_are_in_their_space": other(Lamps, observed=lambda self: Lamps.observed(self) + 10),
    "vector_seeds_are_honoured": other(Lamps, reset=seeded_alike),
    "different_vector_seeds_differ": other(Lamps, reset=vector_ignoring_the_seed),
    "vector_leaves_global_generators_alone": changed(lambda env, step: random.random(), Lamps),
    "infos_carry_masks": changed(given(4, without("_reward_components")), Lamps),
    "reset_mask_resets_the_marked_rows_alone": other(
        Lamps, reset=lambda self, *, seed=None, options=None: Lamps.reset(self, seed=seed)
    ),
    "same_step_keeps_the_final_step": in_mode(
        changed(given(4, without("final_obs", "_final_obs")), Lamps), AutoresetMode.SAME_STEP
    ),
    "next_step_restarts_earn_nothing": changed(paid_for_restarting, Lamps),
    "disabled_mode_waits_for_a_reset": in_mode(other(Lamps, step=stepping_on), AutoresetMode.DISABLED),
    "closing_a_vector_twice_is_fine": other(Lamps, close=close_once),
}


def failed(checks: dict[str, Any], make: Callable[[], Any]) -> dict[str, str]:
    """Check -> sentence, of the checks that a fresh environment fails."""
    found = {}
    for name, check in checks.items():
        try:
            check(make())
        except ContractViolation as violation:
            found[name] = str(violation)
    return found


def test_every_check_is_proved() -> None:
    assert BROKEN.keys() == ENV_CHECKS.keys()
    assert BROKEN_VECTORS.keys() == VECTOR_CHECKS.keys()


def test_a_sound_environment_passes() -> None:
    assert failed(ENV_CHECKS, Lamp) == {}
    env = gymnasium.make(of_spec(brightest=3))
    check_env(env)
    assert env.unwrapped.brightest == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("mode", AutoresetMode)
def test_a_sound_vector_environment_passes(mode: AutoresetMode, n: int) -> None:
    check_vector_env(Lamps(mode, n))


@pytest.mark.parametrize("name", BROKEN)
def test_exactly_one_check_fails(name: str) -> None:
    found = failed(ENV_CHECKS, BROKEN[name])
    assert list(found) == [name] and found[name].startswith(f"{name}: ")
    with pytest.raises(ContractViolation, match=name):
        check_env(BROKEN[name]())


@pytest.mark.parametrize("name", BROKEN_VECTORS)
def test_exactly_one_check_of_vectors_fails(name: str) -> None:
    found = failed(VECTOR_CHECKS, BROKEN_VECTORS[name])
    assert list(found) == [name] and found[name].startswith(f"{name}: ")
    with pytest.raises(ContractViolation, match=name):
        check_vector_env(BROKEN_VECTORS[name]())


def alternating(env: Any, step: list[Any]) -> None:
    env.buffers = getattr(env, "buffers", [np.zeros(2, np.float32), np.zeros(2, np.float32)])[::-1]
    env.buffers[0][...] = step[1]
    step[1] = env.buffers[0]


def from_a_table(env: Any, step: list[Any]) -> None:
    env.table = getattr(env, "table", np.random.default_rng(0).random((60, 2)).astype(np.float32))
    env.read = (getattr(env, "read", -1) + 1) % 60
    step[1] = env.table[env.read]
    step[4]["reward_components"] = dict(zip(env.objectives, map(float, step[1]), strict=True))


def torch_draw(env: Any, step: list[Any]) -> None:
    import torch

    torch.rand(1)


def tensor_in_info(env: Any, step: list[Any]) -> None:
    import torch

    step[4]["logits"] = torch.zeros(2)


def own_generator(self: Any, *, seed: Any = None, options: Any = None) -> Any:
    found = Lamp.reset(self, seed=seed)
    self._np_random = np.random.default_rng()
    return found


def fixed_generator(self: Any, *, seed: Any = None, options: Any = None) -> Any:
    Lamp.reset(self)
    self._np_random = np.random.default_rng(7)
    return Lamp.reset(self)


def forgetful(self: Any) -> dict[str, Any]:
    return {**self.__dict__, "brightest": 1}


TRAPS: dict[str, tuple[type[Any], str]] = {
    "float64": (changed(given(1, np.float64)), "reward_is_a_fresh_float32_vector"),
    "a list": (changed(given(1, list)), "reward_is_a_fresh_float32_vector"),
    "a sum": (changed(given(1, lambda r: float(r.sum()))), "reward_is_a_fresh_float32_vector"),
    "three of two": (changed(given(1, lambda r: np.append(r, np.float32(0)))), "reward_is_a_fresh_float32_vector"),
    "two buffers in turns": (changed(alternating), "reward_is_a_fresh_float32_vector"),
    "rows of a table": (changed(from_a_table), "reward_is_a_fresh_float32_vector"),
    "undefined reward": (changed(given(1, lambda r: r * np.float32("nan"))), "reward_is_bounded"),
    "above the bound": (changed(given(1, lambda r: r + np.float32(0.01))), "reward_is_bounded"),
    "numpy's True": (changed(given(2, np.bool_)), "ends_are_python_bools"),
    "0 for False": (changed(given(3, int)), "ends_are_python_bools"),
    "truncated at once": (other(patience=1), "ends_are_python_bools"),
    "a generator of its own": (other(reset=own_generator), "seeds_are_honoured"),
    "one start for all seeds": (other(reset=fixed_generator), "different_seeds_differ"),
    "Python's generator": (changed(lambda env, step: random.random()), "global_generators_are_untouched"),
    "torch's generator": (changed(torch_draw), "global_generators_are_untouched"),
    "a tensor in info": (changed(tensor_in_info), "info_is_json_like"),
    "an undefined number in info": (changed(given(4, lambda i: {**i, "mean": float("nan")})), "info_is_json_like"),
    "an infinite number in info": (changed(given(4, lambda i: {**i, "mean": float("inf")})), "info_is_json_like"),
    "no components": (changed(given(4, lambda info: {})), "info_is_json_like"),
    "components of another order": (
        changed(given(4, lambda i: {"reward_components": dict(reversed(i["reward_components"].items()))})),
        "info_is_json_like",
    ),
    "components of another step": (
        changed(given(4, lambda i: {"reward_components": {"light": 0.5, "thrift": 0.5}})),
        "info_is_json_like",
    ),
    "no objectives": (other(objectives=property()), "rewards_are_described"),
    "text for objectives": (other(objectives="ab"), "rewards_are_described"),
    "one name twice": (other(objectives=("light", "light")), "rewards_are_described"),
    "a reward_dim of another space": (with_attributes(reward_dim=3), "rewards_are_described"),
    "a spec of another environment": (with_attributes(spec=of_spec(brightest=1)), "spec_survives_json"),
    "a spec that cannot be made": (with_attributes(spec=of_spec(darkest=1)), "spec_survives_json"),
    "a forgetful copy": (other(__getstate__=forgetful), "copies_do_the_same"),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_traps_are_caught(trap: str) -> None:
    cls, name = TRAPS[trap]
    with pytest.raises(ContractViolation, match=f"^{name}: "):
        check_env(cls())


def earlier_buffers(env: Any, step: list[Any]) -> None:
    env.buffers = getattr(env, "buffers", [np.zeros_like(step[1]) for _ in range(3)])
    env.buffers.append(env.buffers.pop(0))
    env.buffers[0][...] = step[1]
    step[1] = env.buffers[0]


def one_generator(self: Any, *, seed: Any = None, options: Any = None) -> Any:
    first = seed if isinstance(seed, int | None) else seed[0]
    if first is not None:
        drawn = np.random.default_rng(first).integers(2**31, size=self.num_envs).tolist()
        seed = [s and d for s, d in zip(seed, drawn, strict=True)] if isinstance(seed, list) else drawn
    return Lamps.reset(self, seed=seed, options=options)


def stale(self: Any, *, seed: Any = None, options: Any = None) -> Any:
    fresh, infos = Lamps.reset(self, seed=seed, options=options)
    mask = (options or {}).get("reset_mask", np.ones(self.num_envs, dtype=bool))
    self.first = np.where(mask[:, None], fresh, getattr(self, "first", fresh))
    return self.first.copy(), infos


def quietly_disturbed(self: Any, *, seed: Any = None, options: Any = None) -> Any:
    found = Lamps.reset(self, seed=seed, options=options)
    if options:
        for lamp in self.lamps:
            lamp.np_random.random()
    return found


def all_marked(self: Any, *, seed: Any = None, options: Any = None) -> Any:
    seen, _ = Lamps.reset(self, seed=seed, options=options)
    return seen, self.infos(np.ones(self.num_envs, dtype=bool))


def acting_while_restarting(self: Any, actions: Any) -> Any:
    over = self.over.copy()
    given = Lamps.step(self, actions)
    for i in np.flatnonzero(over):
        self.lamps[i].draught = float(actions[i]) / 2
    return (self.observed(), *given[1:])


def ending_again(env: Any, step: list[Any]) -> None:
    step[2] |= getattr(env, "ended", np.zeros(env.num_envs, dtype=bool))
    env.ended = step[2].copy()


def without_nested_masks(infos: dict[str, Any]) -> dict[str, Any]:
    inner = infos.get("reward_components", {})
    return {**infos, "reward_components": {k: v for k, v in inner.items() if k != "_light"}} if inner else infos


VECTOR_TRAPS: dict[str, tuple[type[Any], AutoresetMode, str]] = {
    "one number a row": (
        changed(given(1, lambda r: r.sum(axis=1)), Lamps),
        AutoresetMode.NEXT_STEP,
        "vector_rewards_have_a_row_per_sub_environment",
    ),
    "ends as numbers": (
        changed(given(2, lambda ends: ends.astype(int)), Lamps),
        AutoresetMode.NEXT_STEP,
        "vector_rewards_have_a_row_per_sub_environment",
    ),
    "three buffers in turns": (changed(earlier_buffers, Lamps), AutoresetMode.SAME_STEP, "vector_rewards_are_fresh"),
    "a batched reward_space": (
        with_attributes(Lamps, reward_space=spaces.Box(0, 1, (3, 2), np.float32)),
        AutoresetMode.NEXT_STEP,
        "vector_rewards_are_described",
    ),
    "one generator for all": (
        other(Lamps, reset=one_generator), AutoresetMode.NEXT_STEP, "vector_seeds_are_honoured"
    ),
    "torch's generator": (
        changed(torch_draw, Lamps), AutoresetMode.NEXT_STEP, "vector_leaves_global_generators_alone"
    ),
    "no masks inside": (
        changed(given(4, without_nested_masks), Lamps), AutoresetMode.NEXT_STEP, "infos_carry_masks"
    ),
    "a mask of another size": (
        changed(given(4, lambda i: {k: v[:1] if k[0] == "_" else v for k, v in i.items()}), Lamps),
        AutoresetMode.NEXT_STEP,
        "infos_carry_masks",
    ),
    "stale observations": (
        other(Lamps, reset=stale), AutoresetMode.NEXT_STEP, "reset_mask_resets_the_marked_rows_alone"
    ),
    "others disturbed": (
        other(Lamps, reset=quietly_disturbed), AutoresetMode.NEXT_STEP, "reset_mask_resets_the_marked_rows_alone"
    ),
    "all rows told of a reset": (
        other(Lamps, reset=all_marked), AutoresetMode.SAME_STEP, "reset_mask_resets_the_marked_rows_alone"
    ),
    "no final_info": (
        changed(given(4, without("final_info", "_final_info")), Lamps),
        AutoresetMode.SAME_STEP,
        "same_step_keeps_the_final_step",
    ),
    "a final_obs for every row": (
        changed(given(4, lambda i: {**i, "_final_obs": np.ones(3, bool)} if "final_obs" in i else i), Lamps),
        AutoresetMode.SAME_STEP,
        "same_step_keeps_the_final_step",
    ),
    "acting while restarting": (
        other(Lamps, step=acting_while_restarting), AutoresetMode.NEXT_STEP, "next_step_restarts_earn_nothing"
    ),
    "ending while restarting": (
        changed(ending_again, Lamps), AutoresetMode.NEXT_STEP, "next_step_restarts_earn_nothing"
    ),
}  # fmt: skip


@pytest.mark.parametrize("trap", VECTOR_TRAPS)
def test_traps_of_vectors_are_caught(trap: str) -> None:
    cls, mode, name = VECTOR_TRAPS[trap]
    with pytest.raises(ContractViolation, match=f"^{name}: "):
        check_vector_env(cls(mode))


def test_stale_observations_of_the_synchronous_vector_environment_are_caught() -> None:
    envs = MOSyncVectorEnv([Lamp] * 3)
    envs.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}
    with pytest.raises(ContractViolation, match="rows outside options"):
        VECTOR_CHECKS["reset_mask_resets_the_marked_rows_alone"](envs)


def test_checks_can_be_left_out_by_name() -> None:
    check_env(BROKEN["different_seeds_differ"](), skip=["different_seeds_differ"])
    check_vector_env(BROKEN_VECTORS["infos_carry_masks"](), skip=["infos_carry_masks"])
    with pytest.raises(InvalidParameter, match=r"skip must be one of .*did you mean 'reward_is_bounded'"):
        check_env(Lamp(), skip=["reward_is_bound"])
