"""Algorithms whose actions are continuous act through a box of scores."""

from __future__ import annotations

import pickle
from typing import Any

import gymnasium
import numpy as np
import pytest
from mo_gymnasium.wrappers import LinearReward

from morl_envs.adapters.box import BoxActions
from morl_envs.errors import InvalidParameter

CHOICE = "morl/dial-choice-v0"


def episode(env: Any, actions: list[Any]) -> list[Any]:
    observation, _ = env.reset(seed=3)
    found = [observation]
    for action in actions:
        observation, reward, terminated, truncated, info = env.step(action)
        found += [observation, reward, terminated, truncated, info]
    return found


def test_the_highest_score_is_taken_and_every_action_has_one() -> None:
    env = BoxActions(gymnasium.make(CHOICE, vocabulary_size=4, horizon=4))
    assert env.action_space == gymnasium.spaces.Box(-1, 1, (4,), np.float32)
    scores = [np.eye(4, dtype=np.float32)[i] * 2 - 1 for i in range(4)]
    assert all(row in env.action_space for row in scores)
    plain = gymnasium.make(CHOICE, vocabulary_size=4, horizon=4)
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        for a, b in zip(episode(env, [scores[i] for i in order]), episode(plain, order), strict=True):
            np.testing.assert_equal(a, b)
    assert env.action(np.array([0.5, 0.7, 0.7, -1])) == 1, "the first of equals"


def test_it_is_made_again_from_its_spec_and_pickles() -> None:
    env = BoxActions(gymnasium.make(CHOICE, vocabulary_size=4, horizon=4))
    spec = gymnasium.envs.registration.EnvSpec.from_json(env.spec.to_json())
    for other in (gymnasium.make(spec), pickle.loads(pickle.dumps(env))):
        assert other.action_space == env.action_space
        scores = [np.arange(4, dtype=np.float32) / 4] * 4
        np.testing.assert_equal(episode(other, scores), episode(env, scores))


def test_it_asks_for_discrete_actions() -> None:
    with pytest.raises(InvalidParameter, match="env must have a Discrete action space, got UnicodeText"):
        BoxActions(gymnasium.make("morl/review-completion-v0"))


@pytest.mark.parametrize("name", ["SAC", "TD3"])
def test_continuous_algorithms_of_stable_baselines_learn_on_it(name: str) -> None:
    sb3 = pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.env_checker import check_env

    env = LinearReward(BoxActions(gymnasium.make(CHOICE, vocabulary_size=4, horizon=4)), weight=np.array([0.5, 0.5]))
    check_env(env, skip_render_check=True)
    learner = getattr(sb3, name)("MlpPolicy", env, learning_starts=16, buffer_size=100, device="cpu", seed=0)
    before = [p.detach().clone() for p in learner.actor.parameters()]
    learner.learn(32)
    assert any((a != b).any() for a, b in zip(before, learner.actor.parameters(), strict=True))
