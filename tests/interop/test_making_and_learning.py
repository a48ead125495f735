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


@pytest.mark.parametrize("task", ["review", "haggle"])
def test_a_loop_that_shows_texts_and_adds_numbers_up_runs_it(task: str, kwargs: dict[str, Any]) -> None:
    """What verifiers asks of an environment: `reset` gives a text, `step` takes one and gives a number."""
    limits = {name: value for name, value in kwargs.items() if name != "max_new_tokens"}
    env = LinearReward(gymnasium.make(f"morl/{task}-completion-v0", **limits), weight=WEIGHTS)
    shown, info = env.reset(seed=1)
    assert isinstance(shown, str) and info["prompt_id"].startswith(task)
    total, turns, ended = 0.0, 0, False
    while not ended:
        shown, reward, ended, truncated, info = env.step("A fine film. I offer 50.")
        assert isinstance(shown, str) and isinstance(reward, float) and truncated is False and type(ended) is bool
        total, turns = total + reward, turns + 1
    assert (total > 0 and turns == 1) if task == "review" else turns > 1
    assert "completion" in info


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


@pytest.mark.parametrize(
    ("name", "settings"),
    [("A2C", {"n_steps": 8}), ("DQN", {"learning_starts": 8, "batch_size": 8, "train_freq": 4, "buffer_size": 100})],
)
def test_more_of_stable_baselines_learns_on_it(name: str, settings: dict[str, Any], kwargs: dict[str, Any]) -> None:
    sb3 = pytest.importorskip("stable_baselines3")
    learner = getattr(sb3, name)("MlpPolicy", scalarised(kwargs), device="cpu", seed=0, **settings)
    before = [p.detach().clone() for p in learner.policy.parameters()]
    learner.learn(32)
    assert any((a != b).any() for a, b in zip(before, learner.policy.parameters(), strict=True))


@pytest.mark.parametrize("id", [ID, "morl/dial-choice-v0"])
def test_the_shared_vector_environment_pays_as_linear_reward_does(id: str, small: Any) -> None:
    pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.vec_env import VecCheckNan, VecMonitor

    from morl_envs.adapters.sb3 import ScalarisedVecEnv

    k = gymnasium.make(id, **small(id)).unwrapped.reward_dim
    weight = np.arange(1, k + 1) / np.arange(1, k + 1).sum()
    made = gymnasium.make_vec(id, num_envs=2, autoreset_mode="SameStep", **small(id))
    envs = VecMonitor(VecCheckNan(ScalarisedVecEnv(made, weight), raise_exception=True))
    envs.seed(5)
    observations = envs.reset()
    twins = [LinearReward(gymnasium.make(id, **small(id)), weight=weight) for _ in range(2)]
    expected = np.stack([env.reset(seed=5 + i)[0] for i, env in enumerate(twins)])
    rng, earned = np.random.default_rng(0), np.zeros(2)
    for _ in range(20):
        np.testing.assert_allclose(observations, expected, atol=1e-4)
        actions = rng.integers(4, size=2)
        observations, rewards, ended, infos = envs.step(actions)
        for i, env in enumerate(twins):
            expected[i], reward, over, _, info = env.step(actions[i])
            earned[i] += reward
            assert rewards[i] == pytest.approx(reward, abs=1e-6) and ended[i] == over
            np.testing.assert_allclose(infos[i]["vector_reward"], info["vector_reward"])
            if over:
                np.testing.assert_allclose(infos[i]["terminal_observation"], expected[i], atol=1e-4)
                assert infos[i]["TimeLimit.truncated"] is False
                assert infos[i]["episode"]["r"] == pytest.approx(earned[i], abs=1e-4)
                expected[i], earned[i] = env.reset()[0], 0


def test_without_weights_each_episode_draws_and_shows_its_own() -> None:
    pytest.importorskip("stable_baselines3")
    from morl_envs.adapters.sb3 import ScalarisedVecEnv
    from morl_envs.errors import InvalidParameter

    def make(mode: str = "SameStep", id: str = "morl/dial-choice-v0") -> Any:
        return gymnasium.make_vec(id, num_envs=3, autoreset_mode=mode)

    envs = ScalarisedVecEnv(make(), seed=1)
    shown = envs.reset()[:, -2:]
    assert len(np.unique(shown[:, 0])) == 3
    np.testing.assert_allclose(shown.sum(axis=1), 1, atol=1e-6)
    for _ in range(8):
        observations, rewards, ended, infos = envs.step(np.arange(3))
        expected = [info["vector_reward"] @ weights for info, weights in zip(infos, shown, strict=True)]
        np.testing.assert_allclose(rewards, expected, atol=1e-6)
        assert all(row in envs.observation_space for row in observations)
    assert ended.all() and not np.allclose(observations[:, -2:], shown)
    np.testing.assert_allclose([info["terminal_observation"][-2:] for info in infos], shown, atol=1e-6)
    with pytest.raises(InvalidParameter, match="envs must be made with autoreset_mode"):
        ScalarisedVecEnv(make("NextStep"))
    with pytest.raises(InvalidParameter, match="envs must have vectors as observations"):
        ScalarisedVecEnv(make(id="morl/dial-token-v0"))
    with pytest.raises(InvalidParameter, match="must be non-negative and sum to 1"):
        ScalarisedVecEnv(make(), [0.5, 0.6])
