"""Evaluation: the same answers however many run side by side, exact costs, and files that can be trusted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from morl_envs import registry
from morl_envs.cli.agents import find
from morl_envs.errors import BudgetExceeded, InvalidParameter
from morl_envs.evaluation import Agent, Budget, EvaluationResult, Policy, derived_seeds, evaluate
from morl_envs.metrics import expected_utility, hypervolume
from morl_envs.spec import content_hash

REVIEW = "morl/review-completion-v0"
DIAL = "morl/dial-token-v0"
CORNERS = np.eye(3)


class Told:
    """Answers prompt i under weights w and its n-th seed of a prompt with ``texts(w, i)``; no model."""

    def __init__(self, texts: Any) -> None:
        self.texts = texts

    def train(self, make_env: Any, budget: Any, seed: int) -> None:
        """Nothing is learnt."""

    def policy(self, weights: Any) -> Any:
        return _Told(self.texts, np.asarray(weights))

    def save(self, folder: Path) -> None:
        """Nothing to keep."""

    @classmethod
    def load(cls, folder: Path) -> Any:
        raise NotImplementedError


class _Told:
    def __init__(self, texts: Any, weights: Any) -> None:
        self.texts, self.weights = texts, weights

    def start(self, envs: Any) -> None:
        self.index = {prompt.text: i for i, prompt in enumerate(envs.prompts)}

    def act(self, observations: Any, seeds: Any) -> Any:
        return tuple(self.texts(self.weights, self.index[text]) for text in observations)


FINE = Told(lambda weights, prompt: "fine film")


@pytest.fixture
def small(tiny_lm: str) -> dict[str, Any]:
    return {"lm": tiny_lm, "dtype": "float32", "max_new_tokens": 5}


@pytest.mark.parametrize("agent", ["base_model", "random_agent"])
@pytest.mark.parametrize("control", sorted(registry.CONTROLS.keys() & {"token", "choice", "completion"}))
def test_answers_returns_and_costs_do_not_depend_on_num_envs(control: str, agent: str, small: dict[str, Any]) -> None:
    found = [
        evaluate(
            find(agent)(),
            registry.row("review").id(control),
            weights=[[1, 0, 0], [0.2, 0.3, 0.5]],
            seeds=[3, 4],
            n_prompts=6,
            num_envs=n,
            env_kwargs=small,
        )
        for n in (1, 4, 32)
    ]
    assert np.shape(found[0].returns) == (2, 2, 6, 3) and np.shape(found[0].completions) == (2, 2, 6)
    for other in found[1:]:
        assert other == found[0]
    if agent == "base_model":
        assert len({text for s in found[0].completions for text in s[0]}) > 6  # prompts and seeds both matter


def test_best_of_n_does_not_depend_on_num_envs_either(small: dict[str, Any]) -> None:
    found = [
        evaluate(find("best_of_n")(n=2), REVIEW, weights=CORNERS, seeds=[1], n_prompts=5, num_envs=n, env_kwargs=small)
        for n in (1, 3)
    ]
    assert found[0] == found[1]
    assert found[0].costs["scored_completions"] == 2 * 5 + 3 * 5  # candidates once, the chosen one per weight vector


def test_dial_does_not_depend_on_num_envs() -> None:
    found = [
        evaluate(find("base_model")(), DIAL, weights=[[1, 0]], seeds=[0, 1], n_prompts=9, num_envs=n)
        for n in (1, 4, 32)
    ]
    assert found[0] == found[1] == found[2]
    assert found[0].costs == {"scored_completions": 18, "generated_tokens": 18 * 8, "forward_passes": 0}


class _Watching:
    """Writes the first word until it has earned something of the first objective, then the last word; no model."""

    def start(self, envs: Any) -> None:
        self.last = int(envs.single_action_space.n) - 1
        self.total = np.zeros((envs.num_envs, envs.reward_dim))
        self.totals: list[list[float]] = []

    def act(self, observations: Any, seeds: Any) -> Any:
        assert len(observations) == len(self.total)
        return np.where(self.total[:, 0] > 0, self.last, 0)

    def earned(self, rewards: Any, ended: Any) -> None:
        self.total += rewards
        self.totals += self.total[ended].tolist()
        self.total[ended] = 0


@pytest.mark.parametrize("num_envs", [1, 2, 32])
def test_a_policy_may_go_by_what_it_has_earned(num_envs: int) -> None:
    policy = _Watching()
    agent = type("Watching", (Told,), {"policy": lambda self, weights: policy})(None)
    result = evaluate(agent, DIAL, weights=[[1, 0]], seeds=[0], n_prompts=5, num_envs=num_envs)
    assert policy.totals == result.returns[0][0]  # every episode, and each from nothing
    words = [completion.split() for completion in result.completions[0][0]]
    assert len(set(words[0])) == 2 and words == [words[0]] * 5


def test_known_answers_earn_exactly_the_expected_returns(small: dict[str, Any]) -> None:
    """Brevity of a run of c words, 1 up to 4 words and then falling by 1/44 a word."""
    counts = np.array([[1, 4, 5, 26, 47, 48, 60], [2, 3, 6, 7, 8, 9, 10]])
    agent = Told(lambda weights, prompt: " ".join(["word"] * counts[int(weights[1] > 0.5), prompt]))
    result = evaluate(
        agent,
        REVIEW,
        weights=[[1, 0], [0, 1]],
        seeds=[0, 7],
        n_prompts=7,
        num_envs=3,
        env_kwargs={**small, "max_new_tokens": 48, "objectives": ["brevity", "specificity"]},
    )
    expected = np.clip((48 - counts) / 44, 0, 1).astype(np.float32)
    returns = np.asarray(result.returns)
    assert returns.shape == (2, 2, 7, 2)
    for s in range(2):
        np.testing.assert_array_equal(returns[s, :, :, 0], expected)
    assert result.completions[1][0][2] == "word word word word word"
    means = returns.mean(axis=(0, 2))
    np.testing.assert_array_equal(result.mean_returns(), means)
    np.testing.assert_array_equal(result.returns_by_seed(), returns.mean(axis=2))
    assert result.hypervolume() == hypervolume(means, result.ref_point)
    assert result.expected_utility() == expected_utility(means, result.weights)


def test_the_result_says_what_was_done(small: dict[str, Any]) -> None:
    progress: list[tuple[int, int]] = []
    result = evaluate(
        FINE, REVIEW, seeds=np.array([5]), n_prompts=2, env_kwargs=small, on_progress=lambda *at: progress.append(at)
    )
    task = registry.task("review")
    assert (result.id, result.agent, result.objectives) == (REVIEW, "Told", task.objectives)
    assert result.seeds == (5,) and len(result.weights) == 15  # the lattice with 4 divisions of three objectives
    assert result.prompt_ids == tuple(prompt.id for prompt in task.prompts("test")[:2])
    assert result.prompts_sha256 == content_hash(task.prompts("test")[:2]) != task.content_hash("test")
    assert result.ref_point == registry.protocol(REVIEW).ref_point
    assert result.env_kwargs["split"] == "test" and result.env_kwargs["lm"] == small["lm"]
    assert result.costs == {"scored_completions": 30, "generated_tokens": 0, "forward_passes": 0}
    assert progress == [(i, 30) for i in range(1, 31)]


def test_returns_are_discounted_as_the_protocol_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    run = {"weights": [[1, 0]], "seeds": [0], "n_prompts": 3, "num_envs": 2}
    whole = evaluate(find("exact_dial")(), DIAL, **run)
    monkeypatch.setattr(registry, "protocol", lambda _: replace(registry.row("dial").protocol, gamma=0.5))
    halved = evaluate(find("exact_dial")(), DIAL, **run)
    assert halved.completions == whole.completions
    import gymnasium

    env: Any = gymnasium.make(DIAL).unwrapped
    env.reset()
    words = [env.lm.decode([[w]])[0] for w in range(env.action_space.n)]
    rewards = [env.step(words.index(word))[1] for word in whole.completions[0][0][0].split()]
    np.testing.assert_allclose(whole.returns[0][0][0], np.sum(rewards, axis=0), rtol=1e-6)
    discounts = 0.5 ** np.arange(len(rewards))
    np.testing.assert_allclose(halved.returns[0][0][0], discounts @ np.array(rewards), rtol=1e-6)


@pytest.mark.parametrize("allowed", [0, 7, 29])
def test_the_budget_ends_the_evaluation_at_the_exact_completion(allowed: int, small: dict[str, Any]) -> None:
    given: list[int] = []
    run: dict[str, Any] = {
        "seeds": [0],
        "n_prompts": 2,
        "env_kwargs": small,
        "on_progress": lambda i, _: given.append(i),
    }
    message = rf"scored_completions must stay within {allowed}; {allowed} are spent and 1 more were asked for"
    with pytest.raises(BudgetExceeded, match=message):
        evaluate(FINE, REVIEW, num_envs=1, budget=Budget(scored_completions=allowed), **run)
    assert len(given) == allowed


def test_what_an_evaluation_needs_is_what_its_budget_must_hold(small: dict[str, Any]) -> None:
    run: dict[str, Any] = {"weights": CORNERS, "seeds": [0], "n_prompts": 5, "num_envs": 4, "env_kwargs": small}
    agent = find("base_model")()
    needed = evaluate(agent, REVIEW, **run).costs
    assert needed["scored_completions"] == 15 and needed["generated_tokens"] > 15
    assert evaluate(agent, REVIEW, budget=Budget(**needed), **run).costs == needed
    for name in needed:
        with pytest.raises(BudgetExceeded, match=name):
            evaluate(agent, REVIEW, budget=Budget(**{**needed, name: needed[name] - 1}), **run)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": [[0.5, 0.5, 0.5]]}, r"weights\[0\] must be non-negative and sum to 1"),
        ({"weights": [[1, 0, 0], [1.5, -0.5, 0]]}, r"weights\[1\] must be non-negative and sum to 1, got \[1.5, -0.5"),
        ({"weights": [[0.5, 0.5]]}, r"weights must have shape \(m, 3\), got \(1, 2\)"),
        ({"weights": [[float("nan"), 0.5, 0.5]]}, r"weights\[0\] must be non-negative and sum to 1"),
        ({"id": "morl/review-complet-v0"}, r"id must be one of .*did you mean 'morl/review-completion-v0'"),
        ({"n_prompts": 0}, "n_prompts must be an integer of at least 1, got 0"),
        ({"n_prompts": 2.5}, r"n_prompts must be an integer of at least 1, got 2\.5"),
        ({"n_prompts": 10**6}, r"n_prompts must be at most \d+ \(prompts of the split\), got 1000000"),
        ({"num_envs": 0}, "num_envs must be an integer of at least 1, got 0"),
        ({"seeds": []}, "seeds must not be empty"),
        ({"seeds": [1, 1]}, r"seeds must be distinct integers of at least 0, got \[1, 1\]"),
        ({"seeds": [-1]}, r"seeds must be distinct integers of at least 0, got \[-1\]"),
        ({"seeds": [0.5]}, "seeds must be distinct integers of at least 0"),
        ({"env_kwargs": {"autoreset_mode": "NextStep"}}, "env_kwargs must leave autoreset_mode to the evaluation"),
        ({"env_kwargs": {"split": "dev"}}, "split must be one of"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str, small: dict[str, Any]) -> None:
    given = {"id": REVIEW, "n_prompts": 1, "seeds": [0], **arguments}
    given["env_kwargs"] = {**small, **arguments.get("env_kwargs", {})}
    with pytest.raises(InvalidParameter, match=message):
        evaluate(FINE, **given)


def test_derived_seeds_differ_by_seed_prompt_and_step_and_not_by_batch() -> None:
    prompts = np.arange(50)
    rows = {(s, t): derived_seeds(s, prompts, t) for s in range(3) for t in range(3)}
    every = np.concatenate(list(rows.values()))
    assert len(set(every.tolist())) == 450 and (every >= 0).all() and every.dtype == np.int64
    assert derived_seeds(1, prompts[7:8], 2)[0] == rows[1, 2][7]
    assert derived_seeds(1, prompts[:3], np.array([0, 2, 1])).tolist() == [
        rows[1, t][i] for i, t in enumerate((0, 2, 1))
    ]


def test_agents_and_policies_are_recognised_by_their_methods() -> None:
    assert isinstance(FINE, Agent) and isinstance(FINE.policy(CORNERS[0]), Policy)
    assert not isinstance(object(), Agent)


@pytest.fixture
def result() -> EvaluationResult:
    agent = find("random_agent")()
    return evaluate(agent, DIAL, weights=[[1, 0], [0.3, 0.7]], seeds=[0, 2], n_prompts=3)


def test_a_result_survives_its_file(result: EvaluationResult, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "result.json"
    result.save(path)
    assert EvaluationResult.load(path) == result
    assert [p.name for p in path.parent.iterdir()] == ["result.json"]
    result.save(path)  # over an older one
    assert EvaluationResult.load(path) == result


def damaged(result: EvaluationResult) -> dict[str, str]:
    whole = result.model_dump_json()
    held = json.loads(whole)
    short = {**held, "returns": [[rows[:-1] for rows in seed] for seed in held["returns"]]}
    ragged = json.loads(whole)
    ragged["returns"][1][1].pop()
    infinite, undefined = json.loads(whole), json.loads(whole)
    infinite["returns"][0][0][0][0] = float("inf")
    undefined["returns"][0][0][0][0] = float("nan")
    return {
        "not JSON": "hello",
        "empty": "",
        "truncated": whole[: len(whole) // 2],
        "extra key": json.dumps({**held, "rank": 1}),
        "missing key": json.dumps({key: value for key, value in held.items() if key != "costs"}),
        "other schema": json.dumps({**held, "schema_version": 3}),
        "prompts missing": json.dumps(short),
        "ragged": json.dumps(ragged),
        "completions of another shape": json.dumps({**held, "completions": held["completions"][:1]}),
        "weights of another shape": json.dumps({**held, "weights": [[1.0], [0.0]]}),
        "reference point of another shape": json.dumps({**held, "ref_point": [0.0]}),
        "text for numbers": json.dumps({**held, "returns": "many"}),
        "infinite": json.dumps(infinite),
        "not a number": json.dumps(undefined),
    }


def test_a_damaged_file_is_refused_by_its_path(result: EvaluationResult, tmp_path: Path) -> None:
    for what, text in damaged(result).items():
        path = tmp_path / f"{what}.json"
        path.write_text(text)
        with pytest.raises(InvalidParameter, match=f"path must be an evaluation result .*{what}.json"):
            EvaluationResult.load(path)
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00result")
    with pytest.raises(InvalidParameter, match=r"binary\.json"):
        EvaluationResult.load(binary)


def test_saving_is_all_or_nothing(result: EvaluationResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            result.save(path)
        assert list(tmp_path.iterdir()) == []
    result.save(path)
    before = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            result.model_copy(update={"agent": "Other"}).save(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["result.json"]
