"""The report: known agents on a known front, intervals where there can be any, and comparisons."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from morl_envs import objectives, registry
from morl_envs.cli.agents import build
from morl_envs.evaluation import EvaluationResult, evaluate
from morl_envs.evaluation.compare import best_known, compare, scores
from morl_envs.evaluation.reference import reference
from morl_envs.evaluation.report import Estimate, Report, report

DIAL = "morl/dial-token-v0"
RUN: dict[str, Any] = {"n_prompts": 10, "seeds": [0, 1, 2]}


def evaluated(agent: str, *settings: str, **changes: Any) -> EvaluationResult:
    return evaluate(build(agent, settings), DIAL, **{**RUN, **changes})


@pytest.fixture(scope="module")
def exact() -> EvaluationResult:
    return evaluated("exact_dial")


@pytest.fixture(scope="module")
def chance() -> EvaluationResult:
    return evaluated("random_agent")


def estimates(found: Report) -> dict[str, Estimate]:
    return {**found.steering, **found.front, **found.guards}


def test_the_optimum_steers_without_fault(exact: EvaluationResult) -> None:
    found = report(exact, n_resamples=50)
    assert found.reference.origin == "exact" and len(found.reference.front) == 46
    for name in ("mean_regret", "worst_regret", "miscalibration", "side_effects"):
        estimate = found.steering[name]
        assert estimate.value == pytest.approx(0, abs=1e-6) and estimate.high == pytest.approx(0, abs=1e-6)
    assert found.steering["regret"].value.shape == (5,) and found.steering["corner_regret"].value.shape == (2,)
    assert found.front["maximum_utility_loss"].value == pytest.approx(0, abs=1e-6)
    assert found.front["igd_plus"].value > 0, "five policies are not the whole front"
    assert (found.guards["kl"].value > 1).all() and (found.guards["words"].value == 8).all()


def test_chance_is_worse_at_everything(exact: EvaluationResult, chance: EvaluationResult) -> None:
    best, worst = report(exact, n_resamples=50), report(chance, n_resamples=200)
    for name in ("mean_regret", "worst_regret", "miscalibration", "side_effects"):
        assert worst.steering[name].low > best.steering[name].high
    assert worst.front["hypervolume"].high < best.front["hypervolume"].low
    assert worst.front["expected_utility"].high < best.front["expected_utility"].low
    low, high = worst.steering["rank_correlation"].low, worst.steering["rank_correlation"].high
    assert (low <= 0.0).all() and (high >= 0.0).all(), "chance does not answer to weights"
    assert (worst.guards["kl"].value > 1).all()
    silent = evaluated("best_of_n", "n=1", weights=[[1, 0]])
    assert "kl" not in report(silent, n_resamples=2).guards, "it does not say what it chose with which probability"
    for name, estimate in estimates(worst).items():
        assert (estimate.low <= estimate.high).all(), name


def test_the_divergence_from_the_prior_is_the_exact_one() -> None:
    result = evaluated("exact_dial", "kl_coef=0.8", weights=[[0.5, 0.5]], n_prompts=150)
    env: Any = gymnasium.make(DIAL).unwrapped
    estimate = report(result, n_resamples=300).guards["kl"]
    exact = env.optimal_policy([0.5, 0.5], 0.8).kl
    assert estimate.value[0] == pytest.approx(exact, rel=0.1)
    assert evaluated("base_model", weights=[[1, 0]]).log_ratios == [[[0.0] * 10]] * 3


def test_the_divergence_of_chance_and_of_a_constant_is_known_too() -> None:
    """Chance: the mean over its answers of log (1 / V) - log p; a constant text: -log p of that text, every time."""
    text = "old fox sings softly small river waits slowly"
    env: Any = gymnasium.make(DIAL).unwrapped
    constant, chance = (
        evaluate(build(name, given), DIAL, weights=[[1, 0]], seeds=[0], n_prompts=5)
        for name, given in (("constant_text", [f"text={text}"]), ("random_agent", []))
    )
    for result in (constant, chance):
        assert result.log_ratios is not None
        for answer, ratio in zip(result.completions[0][0], result.log_ratios[0][0], strict=True):
            words = env.lm.encode_completion(answer)
            rows = [0, *(1 + word for word in words[:-1])]
            under = float(np.log(env.mdp.prior[rows, words]).sum())
            own = 0.0 if result is constant else -len(words) * np.log(env.action_space.n)
            assert ratio == pytest.approx(own - under, abs=1e-3)


def test_one_seed_or_one_prompt_leaves_out_what_cannot_be_computed() -> None:
    alone = report(evaluated("random_agent", seeds=[0]))
    for name, estimate in estimates(alone).items():
        assert np.isnan(estimate.low).all() and np.isnan(estimate.high).all() and np.isfinite(estimate.value).all(), (
            name
        )
    single = report(evaluated("random_agent", n_prompts=1), n_resamples=20)
    assert np.isnan(single.front["hypervolume"].value) and np.isfinite(single.steering["mean_regret"].value)


def test_single_episodes_are_judged_apart_where_the_utility_is_concave() -> None:
    concave: dict[str, Any] = {"env_kwargs": {"utility": "concave"}, "weights": [[0.5, 0.5]]}
    best, linear = evaluated("exact_dial", "utility=true", **concave), evaluated("exact_dial", **concave)
    found, other = report(best, n_resamples=20), report(linear, n_resamples=20)
    assert found.steering["esr_regret"].value == pytest.approx([0], abs=1e-5)
    assert other.steering["esr_regret"].value[0] > 0.1, "linear weights do not find it"
    assert other.steering["regret"].value == pytest.approx([0], abs=1e-5)
    assert other.steering["esr_utility"].value <= other.steering["ser_utility"].value + 1e-6


def test_an_unknown_front_is_the_best_that_is_given(exact: EvaluationResult, monkeypatch: pytest.MonkeyPatch) -> None:
    import gymnasium

    big = exact.model_copy(update={"env_kwargs": {"n_objectives": 2, "split": "test"}})
    monkeypatch.setattr("morl_envs.evaluation.reference._environment", lambda result: None)
    own = report(big, n_resamples=20)
    assert own.reference.origin == "own" and "igd_plus" not in own.front and "maximum_utility_loss" not in own.front
    given_ = report(big, [[8.0, 8.0], [7.0, 7.0]], n_resamples=20)
    assert given_.reference.origin == "given" and given_.reference.front.tolist() == [[8, 8]]
    assert (given_.steering["regret"].value > own.steering["regret"].value).all()
    assert "maximum_utility_loss" in given_.front and gymnasium.spec(DIAL) is not None


def test_a_front_that_the_environment_cannot_give_is_not_claimed(
    exact: EvaluationResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("morl_envs.envs.dial.fronts._MOST_POINTS", 10)
    changed = exact.model_copy(update={"env_kwargs": {"instance": 9}})
    assert reference(changed).origin == "own"


def test_scores_are_comparable_and_aggregated(exact: EvaluationResult, chance: EvaluationResult) -> None:
    base = evaluated("base_model")
    assert scores(exact) == pytest.approx(np.ones(3), abs=1e-6)
    assert (scores(chance) < 0.9).all() and scores(chance).shape == (3,)
    found = compare([exact, base, chance], n_resamples=100)
    assert found.agents == (exact.label, base.label, chance.label) and len(found.tasks) == 1
    assert found.improvement[exact.label, chance.label].value == 1
    assert found.improvement[chance.label, exact.label].value == 0
    assert found.iqm[exact.label].value == pytest.approx(1, abs=1e-6)
    assert found.iqm[base.label].low <= found.iqm[base.label].value <= found.iqm[base.label].high
    twice = compare([exact, exact, chance], n_resamples=10)
    assert twice.scores[exact.label][0].shape == (6,), "results of one agent on one task are more seeds"
    elsewhere = evaluated("base_model", env_kwargs={"instance": 1})
    assert compare([exact, elsewhere]).tasks == (), "nothing is shared"


@settings(max_examples=20)
@given(st.permutations(range(3)))
def test_the_order_of_results_changes_no_front(order: list[int]) -> None:
    results = [POINTS[i] for i in order]
    assert sorted(best_known(results).tolist()) == [[0.0, 3.0], [2.0, 2.0]]


def _with_means(points: list[list[float]]) -> EvaluationResult:
    return EvaluationResult(
        id=DIAL,
        agent="Told",
        objectives=("first", "second"),
        weights=[[1, 0], [0, 1]],
        seeds=(0,),
        prompt_ids=("dial/test/0000",),
        prompts_sha256="",
        ref_point=(-1, -1),
        nadir=(0, 0),
        ideal=(4, 4),
        env_kwargs={},
        returns=[[[point] for point in points]],
        completions=[[["a"], ["b"]]],
        costs={},
        versions={},
    )


POINTS = [_with_means([[1, 1], [0, 3]]), _with_means([[2, 2], [0, 0]]), _with_means([[2, 1], [0, 3]])]


def test_gold_scores_are_the_twins_of_the_answers(tiny_lm: str) -> None:
    text = "A tender, funny film; the old actor is superb."
    agent = build("constant_text", [f"text={text}"])
    result = evaluate(
        agent, "morl/review-completion-v0", weights=np.eye(3), seeds=[0, 1], n_prompts=3, env_kwargs={"lm": tiny_lm}
    )
    found = report(result, n_resamples=10).guards
    twin = objectives.gold("positivity")
    assert twin is not None and "gold_brevity" not in found
    prompts = registry.task("review").prompts("test")[:3]
    wanted = twin.score(prompts, [text] * 3).mean()
    assert found["gold_positivity"].value == pytest.approx([wanted] * 3, abs=1e-6)
    assert found["distinct_1"].value.shape == (3,)
