"""MO-Gymnasium's wrappers and vector environments over the ids."""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium
import mo_gymnasium
import numpy as np
import pytest
from mo_gymnasium.wrappers import LinearReward, MOClipReward, MONormalizeReward, MORecordEpisodeStatistics
from mo_gymnasium.wrappers.vector import MOAsyncVectorEnv, MOSyncVectorEnv
from mo_gymnasium.wrappers.vector import MORecordEpisodeStatistics as VectorStatistics

from morl_envs import registry

CHOICE, DIAL, WHOLE = "morl/review-choice-v0", "morl/dial-token-v0", "morl/review-completion-v0"


def episode(env: Any, seed: int) -> list[Any]:
    """Every step of one episode whose actions are drawn under `seed`."""
    env.action_space.seed(seed)
    env.reset(seed=seed)
    steps = [env.step(env.action_space.sample())]
    while not (steps[-1][2] or steps[-1][3]):
        steps.append(env.step(env.action_space.sample()))
    return steps


def rewards(env: Any, seed: int) -> np.ndarray:
    return np.array([step[1] for step in episode(env, seed)])


@pytest.mark.parametrize("id", registry.ids())
def test_make_gives_what_its_wrappers_ask_for(id: str, small: Any) -> None:
    env = mo_gymnasium.make(id, **small(id))
    assert env.unwrapped.reward_space.shape == (env.unwrapped.reward_dim,) == (len(env.unwrapped.objectives),)
    for _, reward, terminated, truncated, info in episode(env, 3):
        assert reward in env.unwrapped.reward_space and reward.flags.writeable
        assert type(terminated) is bool and type(truncated) is bool
        assert list(info["reward_components"].values()) == reward.tolist()


@pytest.mark.parametrize("id", [CHOICE, DIAL, WHOLE])
def test_linear_reward_is_the_dot_product(id: str, small: Any) -> None:
    plain = gymnasium.make(id, **small(id))
    weight = np.linspace(0.2, 0.7, plain.unwrapped.reward_dim)
    scalarised = rewards(LinearReward(gymnasium.make(id, **small(id)), weight=weight), 4)
    np.testing.assert_allclose(scalarised, rewards(plain, 4) @ weight, rtol=1e-6)


@pytest.mark.parametrize("id", [CHOICE, DIAL, WHOLE])
def test_clipping_touches_one_objective_and_nothing_else(id: str, small: Any) -> None:
    plain = rewards(gymnasium.make(id, **small(id)), 5)
    top = float(plain[:, 0].max()) / 2
    env = MOClipReward(gymnasium.make(id, **small(id)), 0, min_r=0.0, max_r=top)
    steps = episode(env, 5)
    expected = plain.copy()
    expected[:, 0] = expected[:, 0].clip(0.0, top)
    assert top > 0
    np.testing.assert_allclose([step[1] for step in steps], expected)
    told = [list(step[4]["reward_components"].values()) for step in steps]
    np.testing.assert_allclose(told, plain, err_msg="what the environment told must not change with the reward")


@pytest.mark.parametrize("id", [CHOICE, DIAL, WHOLE])
def test_normalising_touches_one_objective_and_nothing_else(id: str, small: Any) -> None:
    plain = gymnasium.make(id, **small(id))
    env = MONormalizeReward(gymnasium.make(id, **small(id)), 1)
    for seed in range(4):
        found, expected = rewards(env, seed), rewards(plain, seed)
        np.testing.assert_allclose(np.delete(found, 1, axis=1), np.delete(expected, 1, axis=1))
        end = expected[-1, 1] / np.sqrt(env.return_rms.var + env.epsilon)
        np.testing.assert_allclose(found[-1, 1], end, rtol=1e-5)


@pytest.mark.parametrize("id", [CHOICE, DIAL, WHOLE])
def test_statistics_of_an_episode(id: str, small: Any) -> None:
    plain = rewards(gymnasium.make(id, **small(id)), 6)
    found = episode(MORecordEpisodeStatistics(gymnasium.make(id, **small(id)), gamma=0.9), 6)[-1][4]["episode"]
    np.testing.assert_allclose(found["r"], plain.sum(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found["dr"], 0.9 ** np.arange(len(plain)) @ plain, rtol=1e-5)
    assert found["l"] == len(plain)


def test_outside_its_asynchronous_environment_does_not_start_under_gymnasium_1_4() -> None:
    if tuple(map(int, gymnasium.__version__.split(".")[:2])) < (1, 4):
        pytest.skip("Gymnasium 1.3 and earlier take its worker")
    with pytest.raises(ValueError, match="worker` must accept 8 arguments"):
        MOAsyncVectorEnv([partial(mo_gymnasium.make, f"morl_envs:{DIAL}")])


@pytest.mark.parametrize("id", [CHOICE, DIAL])
def test_its_vector_environment_steps_like_the_scalar_one(id: str, small: Any) -> None:
    makers = [partial(mo_gymnasium.make, f"morl_envs:{id}", **small(id))] * 2
    envs = MOSyncVectorEnv(makers)
    try:
        scalars = [make() for make in makers]
        observations, _ = envs.reset(seed=8)
        expected = [env.reset(seed=8 + i)[0] for i, env in enumerate(scalars)]
        over = [False, False]
        rng = np.random.default_rng(0)
        for _ in range(12):
            np.testing.assert_allclose(observations, expected, atol=1e-5)
            actions = rng.integers(2, 5, size=2)
            observations, vectors, terminated, _, _ = envs.step(actions)
            assert vectors.shape == (2, envs.reward_space.shape[0])
            for i, env in enumerate(scalars):
                if over[i]:
                    expected[i], reward, over[i] = env.reset()[0], np.zeros_like(vectors[i]), False
                else:
                    expected[i], reward, over[i], _, _ = env.step(int(actions[i]))
                np.testing.assert_allclose(vectors[i], reward, atol=1e-6)
                assert terminated[i] == over[i]
    finally:
        envs.close()


def totals(envs: Any, episodes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(what the statistics say, what was earned) at the end of each of row 0's first episodes."""
    envs.reset(seed=1)
    envs.action_space.seed(1)
    earned, found = np.zeros(envs.unwrapped.reward_dim), []
    while len(found) < episodes:
        _, vectors, terminated, _, infos = envs.step(envs.action_space.sample())
        earned = earned + vectors[0]
        if terminated[0]:
            assert infos["_episode"][0]
            found.append((infos["episode"], earned))
            earned = np.zeros_like(earned)
    return found


@pytest.mark.parametrize("id", [CHOICE, DIAL, WHOLE])
def test_vector_statistics_over_the_own_vector_environment(id: str, small: Any) -> None:
    envs = VectorStatistics(gymnasium.make_vec(id, num_envs=3, **small(id)))
    for said, earned in totals(envs, 3):
        assert said["r"].shape == said["dr"].shape == (3, envs.unwrapped.reward_dim)
        np.testing.assert_allclose(said["r"][0], earned, rtol=1e-5)


def test_outside_its_discounted_returns_run_on_over_episodes() -> None:
    (first, _), (second, earned) = totals(VectorStatistics(gymnasium.make_vec(DIAL, num_envs=2), gamma=1.0), 2)
    np.testing.assert_allclose(second["r"][0], earned)
    np.testing.assert_allclose(second["dr"][0], first["r"][0] + earned)


def test_outside_its_statistics_lose_a_reward_under_same_step() -> None:
    envs = VectorStatistics(gymnasium.make_vec(DIAL, num_envs=2, autoreset_mode="SameStep"))
    (first, earned), (second, more) = totals(envs, 2)
    np.testing.assert_allclose(first["r"][0], earned)
    assert first["l"][0] == second["l"][0] + 1 and not np.allclose(second["r"][0], more)


def test_outside_linear_reward_fails_on_a_list() -> None:
    with pytest.raises(AttributeError):
        LinearReward(gymnasium.make(DIAL), weight=[0.5, 0.5])


def test_outside_linear_reward_follows_the_precision_of_its_weight() -> None:
    for dtype in (np.float32, np.float64):
        env = LinearReward(gymnasium.make(DIAL), weight=np.array([0.5, 0.5], dtype=dtype))
        env.reset(seed=0)
        assert type(env.step(0)[1]) is dtype  # only float64 is a float


def test_outside_its_synchronous_environment_knows_no_autoreset_modes(small: Any) -> None:
    makers = [partial(mo_gymnasium.make, f"morl_envs:{DIAL}", horizon=2)] * 2
    with pytest.raises(TypeError, match="autoreset_mode"):
        MOSyncVectorEnv(makers, autoreset_mode="SameStep")
    envs = MOSyncVectorEnv(makers)
    envs.reset(seed=0)
    seen = envs.step(np.array([3, 4]))[0].tolist()
    shown, _ = envs.reset(options={"reset_mask": np.array([True, False])})
    assert shown[1] != seen[1], "the row that went on shows a state that it has left"
    own = gymnasium.make_vec(DIAL, num_envs=2, horizon=2, autoreset_mode="Disabled")
    own.reset(seed=0)
    seen = own.step(np.array([3, 4]))[0].tolist()
    assert own.reset(options={"reset_mask": np.array([True, False])})[0].tolist() == [0, seen[1]]


def test_outside_its_statistics_ignore_the_name_they_are_given() -> None:
    env = MORecordEpisodeStatistics(gymnasium.make(DIAL), stats_key="totals")
    assert "totals" not in (last := episode(env, 0)[-1][4]) and "episode" in last


def test_outside_vector_environments_of_gymnasium_fail_on_vector_rewards() -> None:
    envs = gymnasium.make_vec(DIAL, num_envs=2, vectorization_mode="sync", horizon=2)
    envs.reset(seed=0)
    with pytest.raises(ValueError, match="setting an array element with a sequence"):
        envs.step(np.zeros(2, dtype=np.int64))
    envs = gymnasium.make_vec(DIAL, num_envs=2, vectorization_mode="async", horizon=2)
    try:
        envs.reset(seed=0)
        found = [envs.step(np.zeros(2, dtype=np.int64))[1] for _ in range(3)]
    finally:
        envs.close()
    assert [(rewards.shape, str(rewards.dtype)) for rewards in found] == [((2, 2), "float64")] * 2 + [((2,), "float64")]
    own = gymnasium.make_vec(DIAL, num_envs=2, horizon=2)
    own.reset(seed=0)
    for _ in range(3):
        rewards = own.step(np.zeros(2, dtype=np.int64))[1]
        assert rewards.shape == (2, 2) and rewards.dtype == np.float32
