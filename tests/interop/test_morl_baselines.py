"""MORL-Baselines' indicators beside ours; its algorithms, unmodified, on texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from morl_envs.budget import Meter
from morl_envs.cli.agents import build
from morl_envs.evaluation import Budget, evaluate
from morl_envs.metrics import indicators as ours
from morl_envs.metrics.utility import simplex_lattice

CHOICE = "morl/arithmetic-choice-v0"
ALGORITHMS = {
    "envelope": "steps=100",
    "gpi_ls": "steps=100 iterations=2",
    "pcn": "steps=150 kept=10",
    "lcn": "steps=150 kept=10",
    "morld": "steps=100 population=3 rounds=2",
    "ipro": "steps=512 num_steps=4 iterations=2 episodes=2",
    "capql": "steps=100",
    "gpi_pd": "steps=100 iterations=2",
}


def test_indicators_agree() -> None:
    theirs = pytest.importorskip("morl_baselines.common.performance_indicators")
    rng = np.random.default_rng(0)
    points, reference, ref_point = rng.random((20, 3)), rng.random((9, 3)) + 0.2, np.array([-0.1, 0.1, 0.0])
    weights = simplex_lattice(3, 4)
    lists = [list(rows) for rows in (points, reference, weights)]
    assert ours.hypervolume(points, ref_point) == pytest.approx(theirs.hypervolume(ref_point, lists[0]))
    assert ours.expected_utility(points, weights) == pytest.approx(theirs.expected_utility(lists[0], lists[2]))
    loss = ours.maximum_utility_loss(points, reference, weights)
    assert loss == pytest.approx(theirs.maximum_utility_loss(*lists)) and loss > 0
    # both indicators measure a distance; where the reference dominates all points, it is the same distance
    assert ours.igd_plus(points - 1, reference) == pytest.approx(theirs.igd(lists[1], list(points - 1)))


@pytest.mark.baselines
@pytest.mark.parametrize("name", ALGORITHMS)
def test_it_learns_on_texts(name: str, small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("morl_baselines")
    monkeypatch.chdir(tmp_path)
    settings, meter = {**small(CHOICE), "n_candidates": 4}, Meter()

    def make_env(**overrides: Any) -> Any:
        env: Any = gymnasium.make(CHOICE, **{**settings, **overrides})
        env.unwrapped.meter = meter
        return env

    agent = build(name, ALGORITHMS[name].split())
    agent.train(make_env, Budget(), 0)
    assert meter.generated_tokens >= 0.8 * agent.steps and meter.scored_completions > 0, "training is on the meter"
    assert list(tmp_path.iterdir()) == [], "it writes nothing where it stands"
    result = evaluate(agent, CHOICE, weights=np.eye(3), seeds=[0], n_prompts=3, env_kwargs=settings)
    assert np.shape(result.returns) == (1, 3, 3, 3) and np.isfinite(result.returns).all()
    alone = evaluate(agent, CHOICE, weights=np.eye(3), seeds=[0], n_prompts=3, num_envs=1, env_kwargs=settings)
    assert alone.completions == result.completions
