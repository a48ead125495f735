"""Gymnasium makes the environments, and Stable-Baselines3 learns on them, as they are."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from mo_gymnasium.wrappers import LinearReward

ID = "morl/review-choice-v0"
WEIGHTS = np.array([0.2, 0.3, 0.5])


@pytest.fixture
def kwargs(tiny_lm: str) -> dict[str, Any]:
    return {"lm": tiny_lm, "dtype": "float32", "max_new_tokens": 5}


def test_gymnasium_makes_the_own_vector_class_by_itself(kwargs: dict[str, Any]) -> None:
    envs = gymnasium.make_vec(ID, num_envs=2, **kwargs)
    assert type(envs.unwrapped).__module__ == "morl_envs.envs.choice"
    statistics = gymnasium.make_vec(EnvSpec.from_json(gymnasium.make(ID, **kwargs).spec.to_json()), num_envs=2)
    statistics.reset(seed=0)
    assert statistics.step(np.zeros(2, dtype=np.int64))[1].shape == (2, 3)


def test_a_seed_means_one_prompt_and_seeds_mean_several(kwargs: dict[str, Any]) -> None:
    env = gymnasium.make("morl/review-completion-v0", **kwargs)
    assert len({env.reset(seed=4)[1]["prompt_id"] for _ in range(6)}) == 1
    assert len({env.reset(seed=seed)[1]["prompt_id"] for seed in range(6)}) > 1
    env.reset(seed=4)
    assert len({env.reset()[1]["prompt_id"] for _ in range(6)}) > 1


def scalarised(kwargs: dict[str, Any]) -> Any:
    return LinearReward(gymnasium.make(ID, **kwargs), weight=WEIGHTS)


def test_stable_baselines_learns_on_it(kwargs: dict[str, Any]) -> None:
    sb3 = pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.env_checker import check_env
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.vec_env import DummyVecEnv, VecCheckNan

    check_env(scalarised(kwargs), skip_render_check=True)
    envs = VecCheckNan(DummyVecEnv([lambda: Monitor(scalarised(kwargs))] * 2), raise_exception=True)
    learner = sb3.PPO("MlpPolicy", envs, n_steps=16, batch_size=16, n_epochs=1, device="cpu", seed=0)
    before = [p.detach().clone() for p in learner.policy.parameters()]
    learner.learn(64)
    assert any((a != b).any() for a, b in zip(before, learner.policy.parameters(), strict=True))
    mean, _ = evaluate_policy(learner, Monitor(scalarised(kwargs)), n_eval_episodes=3)
    assert 0 <= mean <= 1


def test_environments_of_a_process_share_a_model(kwargs: dict[str, Any]) -> None:
    one, other = gymnasium.make(ID, **kwargs), gymnasium.make("morl/review-token-v0", **kwargs)
    assert one.unwrapped.lm is other.unwrapped.lm
