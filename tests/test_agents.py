"""Every agent file: found, saved and loaded, reproducible, and as good or as bad as it says."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from scipy.stats import chisquare

from morl_envs import lm, registry
from morl_envs.cli.agents import agent_names, build, find
from morl_envs.errors import InvalidParameter, ModelUnavailable
from morl_envs.evaluation import Agent, Budget, EvaluationResult, Policy, base_scores, derived_seeds, evaluate

REVIEW = "morl/review-completion-v0"
DIAL = "morl/dial-token-v0"
UNTRAINED: dict[str, tuple[str, dict[str, Any]]] = {
    "base_model": (REVIEW, {"temperature": 0.7}),
    "best_of_n": (REVIEW, {"n": 3, "temperature": 0.9}),
    "constant_text": (REVIEW, {"text": "Ünusual — 日本\n"}),
    "exact_dial": (DIAL, {"kl_coef": 0.5}),
    "permuted_weights": (DIAL, {"of": "best_of_n", "settings": ("n=3",)}),
    "random_agent": (REVIEW, {"n_tokens": 4}),
    "shuffled_feedback": (DIAL, {"of": "best_of_n", "settings": ("n=3",)}),
    "weight_ignoring": (DIAL, {"of": "exact_dial", "settings": ("kl_coef=0.5",)}),
}
"""Agents that learn nothing: an id that they act in, and arguments that are not the defaults."""


@pytest.fixture
def small(tiny_lm: str) -> dict[str, Any]:
    return {"lm": tiny_lm, "dtype": "float32", "max_new_tokens": 12}


def run(agent: Any, id: str, small: dict[str, Any], **arguments: Any) -> EvaluationResult:
    k = len(registry.protocol(id).ref_point)
    settings = {"weights": np.eye(k), "seeds": [0, 1], "n_prompts": 5, **arguments}
    return evaluate(agent, id, env_kwargs=small if registry.uses_lm(id) else None, **settings)


@pytest.mark.parametrize("name", agent_names())
def test_every_file_holds_an_agent(name: str) -> None:
    cls = find(name)
    agent = cls()
    assert isinstance(agent, Agent) and cls.__doc__ and sys.modules[cls.__module__].__doc__
    assert f"python agents/{name}.py" in (sys.modules[cls.__module__].__doc__ or "")
    assert "sys.argv[1:]" in Path(sys.modules[cls.__module__].__file__ or "").read_text()  # run as a script, it listens
    with pytest.raises(InvalidParameter, match="--set must be one of"):
        build(name, ["no_such_argument=1"])


def test_the_table_is_of_agents_that_exist() -> None:
    assert UNTRAINED.keys() <= set(agent_names())


@pytest.mark.parametrize("name", UNTRAINED)
def test_what_is_saved_answers_the_same_when_loaded(name: str, small: dict[str, Any], tmp_path: Path) -> None:
    id, arguments = UNTRAINED[name]
    cls = find(name)
    agent = cls(**arguments)
    agent.train(lambda **_: gymnasium.make(id), Budget(), 0)
    assert isinstance(agent.policy(np.eye(len(registry.protocol(id).ref_point))[0]), Policy)
    before = run(agent, id, small)
    agent.save(tmp_path / "new" / "folder")
    files = [path for path in (tmp_path / "new" / "folder").rglob("*") if path.is_file()]
    assert files and {file.suffix for file in files} <= {".json", ".safetensors"}
    loaded = cls.load(tmp_path / "new" / "folder")
    assert loaded == agent and loaded != cls()
    for other in (loaded, pickle.loads(pickle.dumps(agent)), copy.deepcopy(agent)):
        assert run(other, id, small) == before


@pytest.mark.parametrize("name", UNTRAINED)
def test_seeds_fix_answers_whatever_the_batch(name: str, small: dict[str, Any]) -> None:
    id, arguments = UNTRAINED[name]
    first, again, alone = (run(find(name)(**arguments), id, small, num_envs=n) for n in (4, 4, 1))
    assert first == again == alone
    if name not in ("constant_text",):
        assert first.completions[0] != first.completions[1]  # the seeds differ


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("best_of_n", {"n": 0}, "n must be an integer of at least 1, got 0"),
        ("best_of_n", {"n": 2.5}, r"n must be an integer of at least 1, got 2\.5"),
        ("best_of_n", {"temperature": 0}, "temperature must be finite and positive.*got 0"),
        ("best_of_n", {"temperature": float("nan")}, "temperature must be finite and positive"),
        ("base_model", {"temperature": -0.1}, r"temperature must be finite and at least 0, got -0\.1"),
        ("base_model", {"temperature": float("inf")}, "temperature must be finite and at least 0, got inf"),
        ("random_agent", {"n_tokens": 0}, "n_tokens must be an integer of at least 1, got 0"),
        ("constant_text", {"text": 7}, "text must be a string, got 7"),
        ("exact_dial", {"kl_coef": -1}, "kl_coef must be at least 0, got -1"),
        ("exact_dial", {"kl_coef": 1, "utility": True}, "kl_coef must be 0 with utility=True"),
    ],
)
def test_bad_arguments_are_named(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        find(name)(**arguments)


def test_agents_are_found_by_name_by_file_and_by_class(tmp_path: Path) -> None:
    file = Path(__file__).parents[1] / "agents" / "best_of_n.py"
    assert find(str(file)).__name__ == find(f"{file}:BestOfN").__name__ == "BestOfN"
    with pytest.raises(InvalidParameter, match=r"agent must be one of .*did you mean 'best_of_n'"):
        find("best_of_m")
    with pytest.raises(InvalidParameter, match="agent must name a file that exists"):
        find(str(tmp_path / "nobody.py"))
    (tmp_path / "empty.py").write_text("x = 1\n")
    with pytest.raises(InvalidParameter, match="agent must define a class with train, policy, save and load"):
        find(str(tmp_path / "empty.py"))
    assert build("best_of_n", ["n=2", "temperature=0.5"]).n == 2


def test_constant_text_is_constant(small: dict[str, Any]) -> None:
    result = run(find("constant_text")(text="A fine film."), REVIEW, small)
    assert {text for s in result.completions for w in s for text in w} == {"A fine film."}
    returns = np.asarray(result.returns)
    assert (returns[:, :1] == returns).all() and (returns[:1] == returns).all()
    with pytest.raises(InvalidParameter, match=r"actions\[0\] must be in UnicodeText"):
        run(find("constant_text")(text="long " * 100), REVIEW, small)


@pytest.mark.parametrize("control", ["choice", "token"])
def test_random_actions_are_uniform(control: str, small: dict[str, Any]) -> None:
    envs: Any = gymnasium.make_vec(registry.row("review").id(control), num_envs=2, **small)
    policy = find("random_agent")().policy(np.eye(3)[0])
    policy.start(envs)
    seeds = derived_seeds(0, np.arange(60 * envs.single_action_space.n), 3)
    actions = policy.act(None, seeds)
    assert all(envs.single_action_space.contains(action) for action in actions[:50])
    counts = np.bincount(actions, minlength=envs.single_action_space.n)
    assert counts.shape == (envs.single_action_space.n,) and chisquare(counts).pvalue > 0.001
    np.testing.assert_array_equal(policy.act(None, seeds[:7]), actions[:7])


def test_the_base_model_draws_from_the_models_own_distribution(small: dict[str, Any]) -> None:
    """Under `token` and `choice`, frequencies of the first action against the softmax of what the model says."""
    for control in ("token", "choice"):
        n = 3000
        envs: Any = gymnasium.make_vec(registry.row("review").id(control), num_envs=1, **small)
        observations, _ = envs.reset(seed=0)
        policy = find("base_model")().policy(np.eye(3)[0])
        policy.start(envs)
        scores = base_scores(envs, observations)[0].astype(np.float64)
        drawn = policy._draw(np.repeat(base_scores(envs, observations), n, axis=0), derived_seeds(0, np.arange(n), 0))
        expected = np.exp(scores - scores.max())
        expected *= n / expected.sum()
        likely = expected >= 5
        counts = np.bincount(drawn, minlength=len(scores))
        pooled = [np.append(x[likely], x[~likely].sum()) for x in (counts, expected)]
        kept = pooled[1] > 0
        assert chisquare(pooled[0][kept], pooled[1][kept]).pvalue > 0.001
        greedy = find("base_model")(temperature=0).policy(np.eye(3)[0])
        greedy.start(envs)
        assert greedy.act(observations, np.zeros(1, dtype=np.int64))[0] == scores.argmax()


def test_best_of_n_keeps_the_best_of_what_it_samples(small: dict[str, Any]) -> None:
    longer = {**small, "max_new_tokens": 40}
    one, many = (run(find("best_of_n")(n=n), REVIEW, longer, n_prompts=15) for n in (1, 6))
    assert all(row == one.completions[0][0] for row in one.completions[0])  # no choice, so no preference
    gained = many.mean_returns().diagonal() - one.mean_returns().diagonal()
    assert gained[0] >= 0 and (gained[1:] > 0.01).all()  # gibberish is neither good nor bad news: 0.5
    best = many.mean_returns()
    assert (best.diagonal() >= best.max(axis=0) - 1e-9).all()  # nobody else's choice is better at what was asked for


def test_best_of_n_forgets_another_environments_candidates(small: dict[str, Any]) -> None:
    used = find("best_of_n")(n=3)
    for arguments in ({"objectives": ["brevity"]}, {"objectives": ["specificity"]}, {"max_new_tokens": 3}):
        kwargs = {**small, **arguments}
        k = len(arguments.get("objectives", (1, 2, 3)))  # type: ignore[arg-type]
        fresh, again = (
            evaluate(agent, REVIEW, weights=np.eye(k), seeds=[0], n_prompts=3, env_kwargs=kwargs)
            for agent in (find("best_of_n")(n=3), used)
        )
        assert again == fresh


def test_exact_dial_is_best_at_each_corner() -> None:
    exact, base, chance = (
        run(find(name)(), DIAL, {}, n_prompts=20).mean_returns()
        for name in ("exact_dial", "base_model", "random_agent")
    )
    assert (exact.diagonal() > base.diagonal() + 1).all() and (exact.diagonal() > chance.diagonal() + 1).all()
    with pytest.raises(InvalidParameter, match="env must know its optimal policies"):
        find("exact_dial")().policy(np.eye(2)[0]).start(object())


def test_an_agent_file_runs_as_a_script(tmp_path: Path, small: dict[str, Any]) -> None:
    root = Path(__file__).parents[1]
    command = [sys.executable, "agents/random_agent.py", "--env", DIAL, "--n-prompts", "2", "--seeds", "1"]
    ran = subprocess.run(
        [*command, "--out", str(tmp_path)],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads((tmp_path / "result.json").read_text())["agent"] == "RandomAgent"


@pytest.fixture(scope="module")
def smollm2() -> str:
    try:
        lm.load("smollm2-135m").start([[1]], max_new_tokens=1)
    except ModelUnavailable as error:
        pytest.skip(f"SmolLM2 cannot be fetched: {error}")
    return "smollm2-135m"


@pytest.mark.smollm2
def test_best_of_n_beats_the_real_base_model_at_each_corner(smollm2: str) -> None:
    kwargs = {"lm": smollm2, "max_new_tokens": 24}
    base, best = (
        run(find(n)(**a), REVIEW, kwargs, seeds=[0], n_prompts=8)
        for n, a in (("base_model", {}), ("best_of_n", {"n": 4}))
    )
    gained = best.mean_returns().diagonal() - base.mean_returns().diagonal()
    assert (gained > 0.01).all(), gained  # 24 tokens leave little to gain in brevity
    words = " ".join(text for row in base.completions[0] for text in row).lower().split()
    assert {"the", "a", "film", "of"} <= set(words)  # it is English, and about films


def test_a_new_agent_runs_saves_and_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    from morl_envs.cli.skeleton import new_agent

    monkeypatch.chdir(tmp_path)
    new_agent(Console(quiet=True), Path("my_first_agent.py"))
    cls = find("my_first_agent.py:MyFirstAgent")
    agent = cls(episodes=30)
    id = registry.row("dial").id("choice")
    agent.train(lambda **_: gymnasium.make(id), Budget(), 0)
    settings: dict[str, Any] = {"weights": np.eye(2), "seeds": [0], "n_prompts": 3}
    found, alone = (evaluate(agent, id, num_envs=n, **settings) for n in (3, 1))
    assert found == alone
    best = max((earned for _, earned in agent._tried), key=lambda earned: earned[0])
    np.testing.assert_allclose(found.mean_returns()[0], best)
    agent.save(tmp_path / "kept")
    assert evaluate(cls.load(tmp_path / "kept"), id, **settings) == found


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("my_agent.txt", "must name a Python file"),
        ("my-agent.py", "must name a Python file"),
        ("random.py", "must not hide a module of Python"),
        ("nowhere/my_agent.py", "must be in a folder that exists"),
        ("there.py", "must not exist yet"),
    ],
)
def test_a_new_agent_goes_where_it_can(name: str, rule: str, tmp_path: Path) -> None:
    from rich.console import Console

    from morl_envs.cli.skeleton import new_agent

    (tmp_path / "there.py").write_text("kept")
    with pytest.raises(InvalidParameter, match=f"path {rule}"):
        new_agent(Console(quiet=True), tmp_path / name)
    assert (tmp_path / "there.py").read_text() == "kept"
