"""Algorithms of MORL-Baselines and Stable-Baselines3, unmodified, learn where the exact front is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from morl_envs.budget import Meter
from morl_envs.cli.agents import build, find
from morl_envs.errors import InvalidParameter
from morl_envs.evaluation import Agent, Budget, evaluate
from morl_envs.metrics.intervals import bootstrap_interval
from morl_envs.metrics.utility import simplex_lattice

TOKEN, CHOICE, LAB = "morl/dial-token-v0", "morl/dial-choice-v0", "morl/review-lab-v0"
SMALL = {TOKEN: {"vocabulary_size": 4, "horizon": 4}, CHOICE: {"vocabulary_size": 4, "horizon": 4}}
BASELINES, SB3 = "morl_baselines", "stable_baselines3"
LEARNERS = [
    # agent, its settings, id, mean regret that it stays below (random actions: 1.07 on `dial`, 0.24 in a lab), minutes
    ("pareto_q_learning", "steps=1500", TOKEN, 0.01, False),
    ("mo_q_learning", "steps=2000", TOKEN, 0.1, False),
    ("mo_q_learning", "steps=3000 selection=ols", TOKEN, 0.1, True),
    ("mo_q_learning", "steps=3000 selection=random", TOKEN, 0.1, True),
    ("envelope", "steps=1500", CHOICE, 0.1, True),
    ("gpi_ls", "steps=1500", CHOICE, 0.1, True),
    ("pcn", "steps=2000", CHOICE, 0.1, True),
    ("lcn", "steps=2000", CHOICE, 0.8, True),  # it gives up the corners
    ("morld", "steps=2000", CHOICE, 0.1, True),
    ("ipro", "steps=8192", CHOICE, 0.1, True),
    ("capql", "steps=2000", CHOICE, 0.2, True),
    ("gpi_pd", "steps=1500", CHOICE, 0.3, True),
    ("pgmorl", "steps=12288", CHOICE, 0.5, True),
    ("sb3_dqn", "steps=3000", CHOICE, 0.15, False),
    ("sb3_ppo", "steps=4096", CHOICE, 0.15, False),
    ("sb3_a2c", "steps=8000", CHOICE, 0.3, True),
    ("envelope", "steps=4000", LAB, 0.21, True),
    ("gpi_ls", "steps=2000", LAB, 0.21, True),
    ("pcn", "steps=3000", LAB, 0.17, True),
    ("lcn", "steps=2000", LAB, 0.21, True),
    ("morld", "steps=2400", LAB, 0.21, True),
    ("ipro", "steps=12288", LAB, 0.2, True),
]
CASES = [
    pytest.param(*row[:4], id=" ".join([row[0], row[2], *row[1].split()[1:]]), marks=[pytest.mark.baselines] * row[4])
    for row in LEARNERS
]


def make_env(id: str, meter: Meter | None = None) -> Any:
    def make(**overrides: Any) -> Any:
        env: Any = gymnasium.make(id, **{**SMALL.get(id, {}), **overrides})
        if meter is not None:
            env.unwrapped.meter = meter
        return env

    return make


def returns(agent: Any, id: str, weights: np.ndarray, **settings: Any) -> np.ndarray:
    """Shape ``(seeds, weights, prompts, k)``; a lab has eight prompts, and on `dial` all are alike."""
    n_prompts = 8 if id == LAB else 2
    given = {"seeds": [0], "n_prompts": n_prompts, **settings}
    result = evaluate(agent, id, weights=weights, env_kwargs=SMALL.get(id, {}), **given)
    return np.asarray(result.returns, dtype=np.float64)


@pytest.mark.parametrize(("name", "settings", "id", "bound"), CASES)
def test_it_learns(name: str, settings: str, id: str, bound: float, tmp_path: Path) -> None:
    pytest.importorskip(SB3 if name.startswith("sb3") else BASELINES)
    agent = build(name, settings.split())
    assert isinstance(agent, Agent)
    agent.train(make_env(id), Budget(), 0)
    env: Any = make_env(id)().unwrapped
    weights = simplex_lattice(env.reward_dim, 4)
    learnt = returns(agent, id, weights)
    worth = (weights * learnt.mean(axis=(0, 2))).sum(axis=1)
    best = (weights @ np.array(env.convex_coverage_set()).T).max(axis=1)
    regret = best - worth
    by_chance = returns(find("random_agent")(), id, weights[:1], seeds=range(10 if id == LAB else 40))
    utilities = (by_chance.reshape(-1, env.reward_dim) @ weights.T).mean(axis=1)
    lowest, highest = bootstrap_interval(lambda drawn: utilities[drawn].mean(), len(utilities), n_resamples=200)
    print(
        f"regret {regret.mean():.3f}, random [{best.mean() - highest:.3f}, {best.mean() - lowest:.3f}]"
    )  # for the docs
    assert (regret > -1e-6).all() and regret.mean() < bound, regret
    assert worth.mean() > highest
    agent.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}
    loaded = type(agent).load(tmp_path)
    assert loaded == agent
    np.testing.assert_array_equal(returns(loaded, id, weights[::2], num_envs=1), learnt[:, ::2])


@pytest.mark.parametrize(
    ("name", "settings", "id"),
    [
        ("mo_q_learning", "steps=600", TOKEN),
        ("sb3_dqn", "steps=600", CHOICE),
        *[
            pytest.param(*case.split(" ", 1), CHOICE, marks=pytest.mark.baselines)
            for case in (
                "pcn steps=600 kept=20",
                "morld steps=600",
                "ipro steps=600 num_steps=4",
                "capql steps=600",
                "gpi_pd steps=600",
                "pgmorl steps=600 num_steps=8",
            )
        ],
    ],
)
def test_a_seed_fixes_training_and_a_budget_ends_it(name: str, settings: str, id: str) -> None:
    pytest.importorskip(SB3 if name.startswith("sb3") else BASELINES)
    state = np.random.get_state()[1].tolist()
    found = []
    for _ in range(2):
        meter = Meter(Budget(generated_tokens=203))
        agent = build(name, settings.split())
        agent.train(make_env(id, meter), meter.budget, 3)
        assert 203 - 8 <= meter.generated_tokens <= 203
        found.append(agent.learnt)
    assert np.random.get_state()[1].tolist() == state, "the global generators belong to the caller"
    assert found[0].keys() == found[1].keys()
    for key, array in found[0].items():
        np.testing.assert_array_equal(array, found[1][key])


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from morl_envs.adapters import outside

    with pytest.raises(
        InvalidParameter, match=r"agent must find the package 'no_such_library': install morl-envs\[x\]"
    ):
        outside.extra("no_such_library", "x")
    with pytest.raises(InvalidParameter, match="agent must be trained or loaded first"):
        build("pareto_q_learning", []).policy(np.ones(2) / 2)
    with pytest.raises(InvalidParameter, match="steps must be an integer of at least 1, got 0"):
        build("envelope", ["steps=0"])


def test_what_is_too_little_is_named() -> None:
    pytest.importorskip(BASELINES)
    for name, least in {"ipro": 1024, "pgmorl": 3072}.items():
        with pytest.raises(InvalidParameter, match=f"steps must be at least {least}: .*, got {least - 1}"):
            build(name, [f"steps={least - 1}"]).train(make_env(CHOICE), Budget(), 0)
    meter = Meter(Budget(generated_tokens=3))
    with pytest.raises(InvalidParameter, match="budget must last until a policy is found"):
        build("pcn", []).train(make_env(CHOICE, meter), meter.budget, 0)
