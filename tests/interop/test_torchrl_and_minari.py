"""TorchRL steps the numeric ids; Minari keeps their vector rewards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

IDS = ["morl/review-choice-v0", "morl/dial-choice-v0", "morl/dial-token-v0"]


@pytest.mark.parametrize("id", IDS)
@pytest.mark.filterwarnings("ignore")
def test_torchrl_steps_with_vector_rewards(id: str, small: Any) -> None:
    envs = pytest.importorskip("torchrl.envs")
    env = envs.MOGymEnv(f"morl_envs:{id}", **small(id))
    k = env.unwrapped.reward_dim if hasattr(env, "reward_dim") else env._env.unwrapped.reward_dim
    step = env.rand_step(env.reset())
    assert step["next", "reward"].shape == (k,)
    rolled = env.rollout(6)
    assert rolled["next", "reward"].shape[-1] == k and len(rolled) >= 1


@pytest.mark.filterwarnings("ignore")
def test_minari_keeps_vector_rewards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    minari = pytest.importorskip("minari")
    pytest.importorskip("h5py")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    earned, kept = collected(minari, "hdf5")
    for episode, rewards in zip(kept.iterate_episodes(), earned, strict=True):
        assert episode.rewards.shape == (4, 2)
        np.testing.assert_array_equal(episode.rewards, rewards)


@pytest.mark.filterwarnings("ignore")
def test_outside_another_format_of_minari_flattens_them_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minari = pytest.importorskip("minari")
    pytest.importorskip("pyarrow")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    with pytest.raises(ValueError, match="negative values"):  # it pads them to the length of the observations
        collected(minari, "arrow")


def collected(minari: Any, data_format: str) -> tuple[list[np.ndarray], Any]:
    """What three random episodes earned, ``(4, 2)`` each, and the data set of them, read back."""
    collector = minari.DataCollector(gymnasium.make("morl/dial-choice-v0", horizon=4), data_format=data_format)
    earned = []
    for seed in range(3):
        collector.reset(seed=seed)
        collector.action_space.seed(seed)
        ended, rewards = False, []
        while not ended:
            _, reward, ended, _, _ = collector.step(collector.action_space.sample())
            rewards.append(reward.copy())
        earned.append(np.array(rewards))
    kept = collector.create_dataset("morl/dial-random-v0", author="tests", code_permalink="none")
    assert kept.total_episodes == 3
    return earned, minari.load_dataset("morl/dial-random-v0")
