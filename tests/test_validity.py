"""Negative controls lose, the optimum wins, and the order of graded agents is the exact one."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from rich.console import Console

from morl_envs import registry
from morl_envs.budget import Budget
from morl_envs.cli.agents import build
from morl_envs.cli.validate import validate
from morl_envs.errors import ContractViolation, InvalidParameter
from morl_envs.evaluation import evaluate
from morl_envs.evaluation.reference import reference
from morl_envs.evaluation.validity import mean_regrets, optimum_has_no_regret, order_agrees, what_must_lose_loses
from morl_envs.spec import content_hash

DIAL = "morl/dial-token-v0"
RUN: dict[str, Any] = {"n_prompts": 20, "seeds": [0, 1, 2]}


def test_every_claim_holds_on_dial() -> None:
    console = Console(record=True, width=150)
    checks = validate(console, DIAL, n_prompts=20)
    assert len(checks) == 9 and all(check.passed for check in checks)
    shown = console.export_text()
    for name in ("RandomAgent", "ConstantText", "BaseModel", "WeightIgnoring", "ShuffledFeedback", "PermutedWeights"):
        assert f"{name}(" in shown
    assert "10 agents are ranked as they should be" in shown and "no " not in [line[:3] for line in shown.splitlines()]


def test_claims_that_do_not_hold_are_said_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    base, exact = (evaluate(build(name, []), DIAL, **RUN) for name in ("base_model", "exact_dial"))
    assert not optimum_has_no_regret(base).passed
    assert not what_must_lose_loses(exact, base).passed and what_must_lose_loses(base, exact).passed
    assert not what_must_lose_loses(base, base).passed, "a tie is no loss"
    assert not order_agrees([1, 2, 3], [1, 3, 2]).passed and order_agrees([1, 2, 3], [4, 5, 6]).passed
    with pytest.raises(InvalidParameter, match="control must answer what the method answers"):
        what_must_lose_loses(evaluate(build("base_model", []), DIAL, **{**RUN, "seeds": [5, 6, 7]}), exact)
    monkeypatch.setattr("morl_envs.cli.validate.GRADED", (("noise=1",), ()))
    with pytest.raises(ContractViolation, match=r"morl/dial-token-v0: 2 of 9 claims do not hold: ExactDial\("):
        validate(Console(quiet=True), DIAL, n_prompts=5)


LAB = "morl/review-lab-v0"
FEW: dict[str, Any] = {"weights": [[1, 0, 0], [0.2, 0.3, 0.5], [0, 0, 1]], "seeds": [0]}


@pytest.mark.parametrize("task", ["review", "story", "summary"])
@pytest.mark.parametrize(("n_prompts", "num_envs"), [(8, 8), (3, 2)])
def test_the_optimum_of_a_lab_has_no_regret(task: str, n_prompts: int, num_envs: int) -> None:
    result = evaluate(
        build("exact_lab", []), registry.row(task).id("lab"), n_prompts=n_prompts, num_envs=num_envs, **FEW
    )
    assert reference(result).origin == "exact"
    assert result.prompts_sha256 == content_hash(registry.task(task).prompts("train")[:n_prompts])
    check = optimum_has_no_regret(result)
    assert check.passed, check.found


def test_what_is_no_optimum_of_a_lab_has_regret() -> None:
    optimum, greedy, ignoring = (
        evaluate(build(*agent), LAB, **FEW)
        for agent in (
            ("exact_lab", []),
            ("base_model", ["temperature=0"]),
            ("weight_ignoring", ["of=exact_lab"]),
        )
    )
    for other in (greedy, ignoring):
        assert not optimum_has_no_regret(other).passed
        assert (mean_regrets([other]) > mean_regrets([optimum]) + 0.01).all()


def test_the_front_of_a_lab_is_that_of_the_prompts_that_were_answered() -> None:
    """The first prompt's own front, and not that of all eight."""
    result = evaluate(build("exact_lab", []), LAB, weights=np.eye(3), seeds=[0], n_prompts=1)
    env: Any = gymnasium.make(LAB).unwrapped
    found, whole = reference(result).front, np.array(env.pareto_front())
    assert found.max(axis=0) == pytest.approx(np.diag(result.mean_returns()))
    assert whole.max(axis=0) != pytest.approx(found.max(axis=0))
    with pytest.raises(InvalidParameter, match=r"n_prompts must be in \[1, 8\], got 9"):
        env.pareto_front(n_prompts=9)


def test_controls_lose_to_the_optimum_of_a_lab() -> None:
    console = Console(record=True, width=150)
    # two objectives: a grid of eleven weights, not of sixty-six
    checks = validate(console, LAB, n_prompts=40, seeds=[0, 1, 2], objectives=["positivity", "brevity"])
    assert len(checks) == 6 and all(check.passed for check in checks), console.export_text()


def test_an_agent_without_tables_is_no_optimum_of_them() -> None:
    with pytest.raises(InvalidParameter, match="env must know its optimal actions"):
        build("exact_lab", []).policy(np.eye(2)[0]).start(object())


def test_a_policy_that_ignores_its_weights_answers_all_alike() -> None:
    result = evaluate(build("weight_ignoring", ["of=exact_dial"]), DIAL, **RUN)
    told = evaluate(build("exact_dial", []), DIAL, weights=[[0.5, 0.5]], **RUN)
    assert all(row == told.completions[0][0] for seed in result.completions for row in seed)


def test_permuted_weights_are_the_next_objectives() -> None:
    result = evaluate(build("permuted_weights", ["of=exact_dial"]), DIAL, weights=np.eye(2), **RUN)
    told = evaluate(build("exact_dial", []), DIAL, weights=np.eye(2)[::-1], **RUN)
    assert result.completions == told.completions


def test_shuffled_feedback_costs_the_same_and_earns_no_more_than_a_draw() -> None:
    grid = np.eye(2)
    shuffled, plain, one = (
        evaluate(build(*agent), DIAL, weights=grid, seeds=[0], n_prompts=100)
        for agent in (
            ("shuffled_feedback", ["of=best_of_n", 'settings=["n=4"]']),
            ("best_of_n", ["n=4"]),
            ("best_of_n", ["n=1"]),
        )
    )
    assert shuffled.costs == plain.costs
    drawn, best, single = (result.mean_returns().diagonal() for result in (shuffled, plain, one))
    assert (best > single + 0.3).all() and (np.abs(drawn - single) < 0.5).all()
    again = [
        evaluate(build("shuffled_feedback", []), DIAL, weights=grid, seeds=[0], n_prompts=9, num_envs=k) for k in (1, 4)
    ]
    assert again[0] == again[1]


def test_scores_of_whole_answers_are_shuffled_too() -> None:
    shuffled, plain = (
        evaluate(build(*agent), "morl/review-completion-v0", weights=np.eye(3), seeds=[0], n_prompts=24, num_envs=8)
        for agent in (("shuffled_feedback", ["of=best_of_n", 'settings=["n=4"]']), ("best_of_n", ["n=4"]))
    )
    assert shuffled.costs == plain.costs
    assert (shuffled.mean_returns().diagonal() < plain.mean_returns().diagonal() - 0.02).all()


def test_a_learner_is_trained_on_rewards_of_other_steps() -> None:
    control = build("shuffled_feedback", ["of=random_agent"])
    seen: list[tuple[int, tuple[float, ...]]] = []

    class Watch:
        def train(self, make_env: Any, budget: Budget, seed: int) -> None:
            env = make_env()
            for _ in range(40):
                env.reset(seed=seed)
                for word in range(8):
                    seen.append((word, tuple(env.step(word)[1].tolist())))

    object.__setattr__(control, "_agent", Watch())
    control.train(lambda **kwargs: gymnasium.make(DIAL, **kwargs), Budget(), 0)
    by_word = [{reward for word, reward in seen if word == w} for w in range(8)]
    assert all(len(rewards) > 3 for rewards in by_word), "the same word earns what others earned"
    assert set().union(*by_word) == by_word[7] | set().union(*by_word[:7])


@pytest.mark.parametrize("name", ["best_of_n", "constant_text"])
def test_word_by_word_agents_are_of_dial_alone(name: str, tiny_lm: str) -> None:
    agent = build(name, [])
    with pytest.raises(InvalidParameter, match="env must take whole answers, or be morl/dial-token-v0"):
        evaluate(agent, "morl/review-token-v0", weights=np.eye(3), seeds=[0], n_prompts=1, env_kwargs={"lm": tiny_lm})


def test_best_of_n_writes_its_choice_on_dial() -> None:
    import gymnasium

    envs: Any = gymnasium.make_vec(DIAL, num_envs=1)
    result = evaluate(build("best_of_n", ["n=5"]), DIAL, weights=[[0.3, 0.7]], seeds=[0], n_prompts=8)
    scored = envs.score([None] * 8, result.completions[0][0])
    np.testing.assert_allclose(scored, result.returns[0][0], atol=1e-6)
    assert result.costs == {"scored_completions": 8 * 6, "generated_tokens": 8 * 5 * 8 + 8 * 8, "forward_passes": 0}


def test_answers_of_dials_prior_follow_the_prior() -> None:
    import gymnasium

    env: Any = gymnasium.make(DIAL).unwrapped
    drawn = env.generate([None] * 4000, seeds=range(4000))
    first = np.bincount([answer.tokens[0] for answer in drawn], minlength=16) / 4000
    assert np.abs(first - env.mdp.prior[0]).max() < 0.03
    assert env.generate([None], seeds=[7])[0].text == drawn[7].text
    mean = env.score([None] * 4000, [answer.text for answer in drawn]).mean(axis=0)
    exact = env.evaluate_policy(env.mdp.prior[env.mdp.rows]).expected_return
    np.testing.assert_allclose(mean, exact, atol=0.1)
    with pytest.raises(InvalidParameter, match="completions must have 8 words, got 1"):
        env.score([None], ["old"])
    with pytest.raises(InvalidParameter, match="temperature must be positive, got 0"):
        env.generate([None], seeds=[0], temperature=0)
