"""More of MORL-Baselines, unmodified, on the numeric ids: it runs, and finds answers that others do not dominate.

A new id (a lab, say) is one row of NUMERIC.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import gymnasium
import mo_gymnasium
import numpy as np
import pytest

from morl_envs import registry
from morl_envs.metrics.indicators import expected_utility, hypervolume
from morl_envs.metrics.utility import simplex_lattice

pytestmark = [pytest.mark.baselines, pytest.mark.filterwarnings("ignore")]
DIAL = {"vocabulary_size": 4, "horizon": 4}
NUMERIC = [("morl/dial-choice-v0", DIAL), ("morl/arithmetic-choice-v0", {"n_candidates": 4})]
Front = np.ndarray
Runner = Callable[[str, dict[str, Any], int], Front]


def made(id: str, kwargs: dict[str, Any]) -> tuple[Any, Any, np.ndarray]:
    """An environment, another one to evaluate in, and the reference point."""
    env, eval_env = (mo_gymnasium.make(f"morl_envs:{id}", **kwargs) for _ in range(2))
    env.reset(seed=0)
    env.action_space.seed(0)
    return env, eval_env, np.array(env.unwrapped.protocol.ref_point)


def pcn(id: str, kwargs: dict[str, Any], steps: int, name: str = "pcn") -> Front:
    env, eval_env, ref_point = made(id, kwargs)
    algorithm = getattr(import_module(f"morl_baselines.multi_policy.{name}.{name}"), name.upper())
    k, ideal = env.unwrapped.reward_dim, np.array(env.unwrapped.protocol.ideal, dtype=np.float32)
    scaling = np.append(1 / ideal, 1 / kwargs.get("horizon", 6)).astype(np.float32)
    agent = algorithm(env, scaling_factor=scaling, batch_size=32, log=False, seed=0, device="cpu")
    settings = {"num_er_episodes": 20, "num_step_episodes": 5, "num_model_updates": 10, "max_return": ideal}
    agent.train(total_timesteps=steps, eval_env=eval_env, ref_point=ref_point, **settings)
    returns = np.array(agent.evaluate(eval_env, ideal, n=10)[0])
    assert returns.shape[1] == k
    return returns


def lcn(id: str, kwargs: dict[str, Any], steps: int) -> Front:
    return pcn(id, kwargs, steps, "lcn")


def morld(id: str, kwargs: dict[str, Any], steps: int) -> Front:
    from morl_baselines.multi_policy.morld.morld import MORLD

    env, eval_env, ref_point = made(id, kwargs)
    agent = MORLD(
        env,
        policy_name="MOSACDiscrete",
        policy_args={"learning_starts": 50, "batch_size": 32, "net_arch": [64, 64], "buffer_size": 2000},
        gamma=1.0,
        pop_size=3,
        exchange_every=max(50, steps // 6),
        log=False,
        seed=0,
        device="cpu",
    )
    agent.train(total_timesteps=steps, eval_env=eval_env, ref_point=ref_point, checkpoints=False)
    return np.array(agent.archive.evaluations)


def ipro(id: str, kwargs: dict[str, Any], steps: int) -> Front:
    from mo_gymnasium.wrappers import MORecordEpisodeStatistics
    from mo_gymnasium.wrappers.vector import MOSyncVectorEnv
    from morl_baselines.multi_policy.ipro.ipro_2d import IPRO2D

    def one() -> Any:
        return MORecordEpisodeStatistics(mo_gymnasium.make(f"morl_envs:{id}", **kwargs), gamma=1.0)

    _, _, ref_point = made(id, kwargs)
    env = MOSyncVectorEnv([one, one])
    agent = IPRO2D(env, iter_total_timesteps=steps // 4, num_steps=16, max_iterations=2, gamma=1.0, device="cpu")
    agent.train(eval_env=one(), ref_point=ref_point)
    return np.array(agent.get_pareto_front())


def test_indicators_agree() -> None:
    indicators = pytest.importorskip("morl_baselines.common.performance_indicators")
    points, ref_point = np.random.default_rng(0).random((20, 3)), np.array([-0.1, 0.1, 0.0])
    weights = simplex_lattice(3, 4)
    assert hypervolume(points, ref_point) == pytest.approx(indicators.hypervolume(ref_point, list(points)))
    assert expected_utility(points, weights) == pytest.approx(indicators.expected_utility(list(points), list(weights)))


@pytest.mark.parametrize(("id", "kwargs"), NUMERIC, ids=[id for id, _ in NUMERIC])
@pytest.mark.parametrize("run", [pcn, lcn, morld, ipro])
def test_it_runs_and_finds_a_front(
    run: Runner, id: str, kwargs: dict[str, Any], small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("morl_baselines")
    monkeypatch.chdir(tmp_path)  # it writes its checkpoints where it stands
    settings = {**small(id), **kwargs}
    k = len(registry.protocol(id).ref_point)
    if run is ipro and k > 2:
        settings["objectives"] = ["correctness", "brevity"]
    front = run(id, settings, 600)
    assert front.ndim == 2 and len(front) >= 1 and np.isfinite(front).all()
    if id != "morl/dial-choice-v0":
        return
    env: Any = gymnasium.make(id, **settings).unwrapped
    exact = np.array(env.convex_coverage_set())
    lattice = np.stack([np.linspace(0, 1, 5), np.linspace(1, 0, 5)], axis=1)
    regret = (lattice @ exact.T).max(axis=1) - (lattice @ front.T).max(axis=1)
    chance = (lattice @ exact.T).max(axis=1) - lattice @ by_chance(id, settings)
    assert (regret > -1e-5).all() and regret.mean() < chance.mean(), (regret, chance)


def by_chance(id: str, kwargs: dict[str, Any], episodes: int = 50) -> np.ndarray:
    env: Any = gymnasium.make(id, **kwargs)
    env.action_space.seed(1)
    total = np.zeros(env.unwrapped.reward_dim)
    for episode in range(episodes):
        env.reset(seed=episode)
        ended = False
        while not ended:
            _, reward, ended, _, _ = env.step(env.action_space.sample())
            total += reward
    return total / episodes
