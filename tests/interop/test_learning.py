"""Algorithms of MORL-Baselines and Stable-Baselines3, unmodified, learn where the exact front is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from morl_envs.budget import Meter
from morl_envs.cli.agents import build, find
from morl_envs.evaluation import Agent, Budget, evaluate
from morl_envs.metrics.intervals import bootstrap_interval

SMALL = {"vocabulary_size": 4, "horizon": 4}
WEIGHTS = np.stack([np.linspace(0, 1, 5), np.linspace(1, 0, 5)], axis=1)
TOKEN, CHOICE = "morl/dial-token-v0", "morl/dial-choice-v0"
slow = pytest.mark.baselines
LEARNERS = [
    # agent, its settings, library, id, mean regret that it stays below (random actions have 1.1)
    pytest.param("pareto_q_learning", ["steps=1500"], "morl_baselines", TOKEN, 0.01, id="pareto_q_learning"),
    pytest.param("mo_q_learning", ["steps=2000"], "morl_baselines", TOKEN, 0.1, id="mo_q_learning, GPI-LS"),
    pytest.param("mo_q_learning", ["steps=3000", "selection=ols"], "morl_baselines", TOKEN, 0.1, id="OLS", marks=slow),
    pytest.param(
        "mo_q_learning", ["steps=3000", "selection=random"], "morl_baselines", TOKEN, 0.1, id="random", marks=slow
    ),
    pytest.param("envelope", ["steps=1500"], "morl_baselines", CHOICE, 0.1, id="envelope", marks=slow),
    pytest.param("gpi_ls", ["steps=1500"], "morl_baselines", CHOICE, 0.1, id="gpi_ls", marks=slow),
    pytest.param("sb3_dqn", ["steps=3000"], "stable_baselines3", CHOICE, 0.15, id="sb3_dqn"),
    pytest.param("sb3_ppo", ["steps=4096"], "stable_baselines3", CHOICE, 0.15, id="sb3_ppo"),
    pytest.param("sb3_a2c", ["steps=8000"], "stable_baselines3", CHOICE, 0.3, id="sb3_a2c", marks=slow),
]


def make_env(id: str, meter: Meter | None = None) -> Any:
    def make(**overrides: Any) -> Any:
        env: Any = gymnasium.make(id, **{**SMALL, **overrides})
        if meter is not None:
            env.unwrapped.meter = meter
        return env

    return make


def answers(agent: Any, id: str, **settings: Any) -> np.ndarray:
    result = evaluate(agent, id, weights=WEIGHTS, seeds=[0], env_kwargs=SMALL, **{"n_prompts": 2, **settings})
    return np.asarray(result.returns, dtype=np.float64)[0]


@pytest.mark.parametrize(("name", "settings", "library", "id", "bound"), LEARNERS)
def test_it_learns(name: str, settings: list[str], library: str, id: str, bound: float, tmp_path: Path) -> None:
    pytest.importorskip(library)
    agent = build(name, settings)
    assert isinstance(agent, Agent)
    agent.train(make_env(id), Budget(), 0)
    learnt = answers(agent, id)
    best = (WEIGHTS @ np.array(make_env(id)().unwrapped.convex_coverage_set()).T).max(axis=1)
    regret = best - (WEIGHTS * learnt.mean(axis=1)).sum(axis=1)
    assert (regret > -1e-6).all() and regret.mean() < bound, regret
    by_chance = (answers(find("random_agent")(), id, n_prompts=40) * WEIGHTS[:, None]).sum(axis=2).mean(axis=0)
    _, highest = bootstrap_interval(lambda drawn: by_chance[drawn].mean(), len(by_chance), n_resamples=200)
    assert (WEIGHTS * learnt.mean(axis=1)).sum(axis=1).mean() > highest
    agent.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}
    loaded = type(agent).load(tmp_path)
    assert loaded == agent
    np.testing.assert_array_equal(answers(loaded, id, num_envs=1), learnt)


@pytest.mark.parametrize(
    ("name", "library", "id"),
    [("mo_q_learning", "morl_baselines", TOKEN), ("sb3_dqn", "stable_baselines3", CHOICE)],
)
def test_a_seed_fixes_training_and_a_budget_ends_it(name: str, library: str, id: str) -> None:
    pytest.importorskip(library)
    state = np.random.get_state()[1].tolist()
    found = []
    for _ in range(2):
        meter = Meter(Budget(generated_tokens=203))
        agent = build(name, ["steps=600"])
        agent.train(make_env(id, meter), meter.budget, 3)
        assert 203 - 8 <= meter.generated_tokens <= 203
        found.append(agent.learnt)
    assert np.random.get_state()[1].tolist() == state, "the global generators belong to the caller"
    assert found[0].keys() == found[1].keys()
    for key, array in found[0].items():
        np.testing.assert_array_equal(array, found[1][key])


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from morl_envs.adapters import outside
    from morl_envs.errors import InvalidParameter

    with pytest.raises(
        InvalidParameter, match=r"agent must find the package 'no_such_library': install morl-envs\[x\]"
    ):
        outside.extra("no_such_library", "x")
    with pytest.raises(InvalidParameter, match="agent must be trained or loaded first"):
        build("pareto_q_learning", []).policy(WEIGHTS[0])
    with pytest.raises(InvalidParameter, match="steps must be an integer of at least 1, got 0"):
        build("envelope", ["steps=0"])
