"""Labs: every answer is known, and what follows from them is what brute force finds one step at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.brute_force as brute
from morl_envs import objectives, registry
from morl_envs.envs import answers as kept
from morl_envs.envs import lab
from morl_envs.envs.answers import AnswerSets, best_answers, load
from morl_envs.errors import InvalidParameter, ModelUnavailable
from morl_envs.training import labs

LABS = [task for task, row in registry.TASKS.items() if "lab" in row.controls]
SHIPPED = json.loads((kept._DATA / "labs.json").read_text()) if (kept._DATA / "labs.json").is_file() else {}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tiny_lm: str) -> dict[str, Any]:
    """A lab of three prompts, three decisions among three candidates, two tokens each."""
    for name, value in (("DECISIONS", 3), ("CANDIDATES", 3), ("_STRIDE", 2)):
        monkeypatch.setattr(lab, name, value)
    monkeypatch.setattr(labs, "_ROWS", 10)  # does not divide the number of plans
    monkeypatch.setattr(registry, "LAB_PROMPTS", 3)
    return {"lm": tiny_lm, "dtype": "float32"}


def id_of(task: str) -> str:
    return registry.row(task).id("lab")


def ordered(points: Any) -> Any:
    rounded = np.round(points, 9)
    return rounded[np.lexsort(rounded.T[::-1])]


class Hashed:
    """Scores that differ from text to text, so that fronts have many points: a tiny model's babble earns few."""

    version, low, high = "1", 0.0, 1.0

    def __init__(self, name: str) -> None:
        self.name = name

    def score(self, prompts: Any, completions: Any) -> Any:
        found = [
            crc32(f"{self.name} {p.id} {text}".encode()) % 17 / 16 for p, text in zip(prompts, completions, strict=True)
        ]
        return np.array(found, dtype=np.float32)


@pytest.mark.parametrize(("task", "scoring"), [("story", "its own"), ("review", "hashed")])
def test_what_is_enumerated_is_what_stepping_finds(
    task: str, scoring: str, small: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if scoring == "hashed":
        monkeypatch.setattr(objectives, "get", Hashed)
    labs.write(labs.enumerate_lab(task, **small), tmp_path)
    sets = load(tmp_path, task)
    env: Any = gymnasium.make(id_of(task), **small).unwrapped
    walked = [brute.all_answers(env, p) for p in range(3)]
    held = json.loads((tmp_path / f"lab-{task}.json").read_text())
    for prompt, answers, found in zip(env.prompts, walked, held["prompts"], strict=True):
        assert found["id"] == prompt.id and found["answers"] == len(answers)
        rewards = {answer.actions: answer.reward for answer in answers}
        for point, actions in zip(found["points"], found["actions"], strict=True):
            np.testing.assert_array_equal(np.array(point) / 16, rewards[tuple(actions)])
    for gamma in (1.0, 0.8):
        returns = brute.mean_returns([_undominated(answers, gamma) for answers in walked], gamma)
        expected = brute.front(returns, 1e-9)
        assert scoring != "hashed" or len(expected) > 10
        np.testing.assert_allclose(ordered(sets.pareto_front(gamma)), ordered(expected), atol=1e-9)
        np.testing.assert_allclose(
            ordered(sets.convex_coverage_set(gamma)), ordered(brute.winners(expected)), atol=1e-9
        )
        for weights in np.random.default_rng(0).dirichlet(np.ones(3), 4):
            for p, actions in enumerate(sets.optimal_actions(weights, gamma)):
                best = max(float(weights @ answer.worth(gamma)) for answer in walked[p])
                chosen = next(answer for answer in walked[p] if answer.actions == tuple(actions))
                assert weights @ chosen.worth(gamma) == pytest.approx(best, abs=1e-9)


def _undominated(answers: list[brute.Answer], gamma: float) -> list[brute.Answer]:
    """Fewer answers with the same front, so that all policies can be listed."""
    worth = np.array([answer.worth(gamma) for answer in answers])
    better = (worth[:, None] >= worth).all(axis=2) & (worth[:, None] > worth).any(axis=2)
    distinct = {tuple(worth[i]): answer for i, answer in enumerate(answers) if not better[:, i].any()}
    return list(distinct.values())


points = st.integers(1, 3).flatmap(
    lambda k: st.lists(
        st.lists(st.tuples(*[st.integers(0, 6)] * k, st.integers(1, 4)), min_size=1, max_size=6), min_size=1, max_size=3
    )
)


@settings(max_examples=60, deadline=None)
@given(points, st.sampled_from([1.0, 0.9, 0.5]))
def test_sets_of_any_answers_are_those_of_all_policies(drawn: list[list[tuple[int, ...]]], gamma: float) -> None:
    walked = [[brute.Answer((0,) * row[-1], np.array(row[:-1]) / 16) for row in rows] for rows in drawn]
    sets = []
    for rows in drawn:
        array = np.array(rows, dtype=np.int64)
        best = best_answers(array[:, :-1], array[:, -1])
        sets.append((array[best, :-1], array[best, -1], [[0] * int(n) for n in array[best, -1]]))
    found = AnswerSets(16, *map(tuple, zip(*sets, strict=True)))  # type: ignore[arg-type]
    expected = brute.front(brute.mean_returns(walked, gamma), 1e-9)
    np.testing.assert_allclose(ordered(found.pareto_front(gamma)), ordered(expected), atol=1e-8)
    np.testing.assert_allclose(ordered(found.convex_coverage_set(gamma)), ordered(brute.winners(expected)), atol=1e-8)


def test_a_lab_says_what_it_is_and_keeps_its_sizes(tiny_lm: str) -> None:
    env: Any = gymnasium.make("morl/review-lab-v0", lm=tiny_lm, dtype="float32").unwrapped
    assert env.action_space.n == 4 <= 4 and lab.DECISIONS <= 8
    assert [prompt.id for prompt in env.prompts] == [p.id for p in registry.task("review").prompts("train")[:8]]
    for split in ("train", "test"):
        other = gymnasium.make("morl/review-lab-v0", lm=tiny_lm, dtype="float32", split=split).unwrapped
        assert other.prompts == env.prompts == registry.prompts("morl/review-lab-v0", split)
        assert other.protocol == registry.protocol("morl/review-lab-v0") and other.protocol.n_prompts == 8
    env.reset(seed=0)
    steps, ended = 0, False
    while not ended:
        _, reward, ended, _, info = env.step(0)
        steps += 1
    assert steps <= lab.DECISIONS and len(env.lm.encode_completion(info["completion"])) <= 35
    np.testing.assert_array_equal(reward * 16, np.rint(reward * 16))


@pytest.mark.parametrize("control", ["choice"])
def test_other_controls_have_the_task_s_own_prompts(control: str) -> None:
    id = registry.row("review").id(control)
    assert registry.prompts(id, "test") == registry.task("review").prompts("test")
    assert registry.protocol(id).n_prompts == 100


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"max_new_tokens": 12}, "max_new_tokens must be left out: it is 35 in a lab, got 12"),
        ({"n_candidates": 5}, "n_candidates must be left out: it is 4 in a lab, got 5"),
        ({"objectives": ["brevty"]}, "objectives must be one of .*did you mean 'brevity'"),
    ],
)
def test_what_a_lab_fixes_cannot_be_changed(bad: dict[str, Any], message: str, tiny_lm: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        gymnasium.make("morl/review-lab-v0", lm=tiny_lm, **bad)


def test_fronts_of_other_models_are_not_claimed(tiny_lm: str) -> None:
    env: Any = gymnasium.make("morl/review-lab-v0", lm=tiny_lm).unwrapped
    for ask in (env.pareto_front, env.convex_coverage_set, lambda: env.optimal_actions([1, 0, 0])):
        with pytest.raises(InvalidParameter, match="lm must be 'embedded': fronts are known for its answers only"):
            ask()


@pytest.mark.parametrize("task", [task for task in LABS if task not in SHIPPED])
def test_a_lab_that_was_not_enumerated_says_so(task: str, tiny_lm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    env: Any = gymnasium.make(id_of(task), lm=tiny_lm, dtype="float32").unwrapped
    monkeypatch.setattr(env.lm, "name", "embedded")
    with pytest.raises(ModelUnavailable, match=f"the lab of '{task}' is not among those enumerated.*morl-envs enumer"):
        env.pareto_front()
    monkeypatch.setattr(env.lm, "dtype", "bfloat16")
    with pytest.raises(InvalidParameter, match="dtype must be 'float32'"):
        env.pareto_front()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A lab of two prompts, made by hand."""
    prompts = [
        {"id": "a", "answers": 3, "points": [[16, 0], [0, 8], [4, 4]], "actions": [[0, 1], [1, 0], [2]]},
        {"id": "b", "answers": 1, "points": [[2, 2]], "actions": [[0, 0]]},
    ]
    made = {"task": "review", "lm": "x", "objectives": ["positivity", "brevity"], "versions": ["1", "1"]}
    labs.write({**made, "lattice": 16, "prompts": prompts}, tmp_path)
    return tmp_path


def test_known_answers(folder: Path) -> None:
    sets = load(folder, "review")
    np.testing.assert_array_equal(sets.pareto_front(), np.array([[2, 10], [6, 6], [18, 2]]) / 32)
    np.testing.assert_array_equal(sets.convex_coverage_set(), np.array([[2, 10], [6, 6], [18, 2]])[[0, 2]] / 32)
    assert sets.optimal_actions(np.array([1.0, 0.0])) == [[0, 1], [0, 0]]
    # one decision is worth more than two: 0.1 * (16, 0) and 0.1 * (0, 8) are dominated by (4, 4)
    np.testing.assert_allclose(sets.pareto_front(0.1), [[4.2 / 32, 4.2 / 32]])
    assert sets.optimal_actions(np.array([1.0, 0.0]), 0.1) == [[2], [0, 0]]


def test_at_a_corner_no_answer_dominates_the_one_that_is_chosen() -> None:
    quick, slow = [[0]], [[1, 1]]
    for order in ([0, 1], [1, 0]):
        points = np.array([[16, 0], [16, 4]])[order]
        sets = AnswerSets(16, (points,), (np.array([1, 2])[order],), ([(quick + slow)[i] for i in order],))
        assert sets.optimal_actions(np.array([1.0, 0.0])) == slow
        assert sets.optimal_actions(np.array([1.0, 0.0]), 0.9) == quick


def test_a_subset_of_the_objectives_has_its_own_front(folder: Path) -> None:
    np.testing.assert_array_equal(load(folder, "review", ["brevity"]).pareto_front(), [[10 / 32]])
    swapped = load(folder, "review", ["brevity", "positivity"]).pareto_front()
    np.testing.assert_array_equal(ordered(swapped[:, ::-1]), ordered(load(folder, "review").pareto_front()))
    with pytest.raises(InvalidParameter, match="objectives must be one of 'brevity', 'positivity', got 'humour'"):
        load(folder, "review", ["humour"])


@pytest.mark.parametrize("gamma", [0.0, -1.0, 1.5, float("nan")])
def test_a_discount_out_of_range_is_refused(gamma: float, folder: Path) -> None:
    sets = load(folder, "review")
    for ask in (sets.pareto_front, sets.convex_coverage_set, lambda g: sets.optimal_actions(np.ones(2), g)):
        with pytest.raises(InvalidParameter, match=r"gamma must be in \(0, 1\]"):
            ask(gamma)


@pytest.mark.parametrize("weights", [[1.0], [[1.0, 0.0]], [-1.0, 2.0], [float("nan"), 1.0]])
def test_bad_weights_are_refused(weights: Any, folder: Path) -> None:
    with pytest.raises(InvalidParameter, match="weights must be 2 non-negative numbers"):
        load(folder, "review").optimal_actions(np.array(weights))


def test_a_changed_file_is_refused_and_writing_again_heals_it(folder: Path) -> None:
    path = folder / "lab-review.json"
    held = json.loads(path.read_text())
    path.write_text(path.read_text().replace("16", "17", 1))
    with pytest.raises(ModelUnavailable, match=r"lab-review\.json must have SHA-256"):
        load(folder, "review")
    labs.write(held, folder)
    labs.write({**held, "task": "story"}, folder)
    assert load(folder, "review").lattice == load(folder, "story").lattice == 16
    assert sorted(json.loads((folder / "labs.json").read_text())) == ["review", "story"]
    assert sorted(entry.name for entry in folder.iterdir()) == ["lab-review.json", "lab-story.json", "labs.json"]


def test_a_task_without_a_lab_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="task must be one of 'review', 'story', 'summary', got 'dial'"):
        labs.enumerate_lab("dial")


def test_every_lab_ships_its_answers() -> None:
    assert set(SHIPPED) == set(LABS), "run `morl-envs enumerate TASK --lm embedded --out morl_envs/envs/data`"


@pytest.mark.parametrize("task", SHIPPED)
def test_shipped_answers_are_those_of_the_embedded_model(task: str) -> None:
    held = json.loads((kept._DATA / f"lab-{task}.json").read_text())
    env: Any = gymnasium.make(id_of(task), lm="embedded").unwrapped
    assert held["lm"] == "embedded" and held["objectives"] == list(env.objectives)
    assert held["versions"] == [scorer.version for scorer in env._rows.scorers], "enumerate the lab again"
    assert [prompt["id"] for prompt in held["prompts"]] == [prompt.id for prompt in env.prompts]
    for index, prompt in enumerate(held["prompts"]):
        for at in (0, len(prompt["actions"]) // 2, -1):
            env.reset(options={"prompt_index": index})
            for action in prompt["actions"][at]:
                _, reward, ended, _, _ = env.step(action)
            assert ended and (reward * 16).tolist() == prompt["points"][at]
    front, corners = env.pareto_front(), env.convex_coverage_set()
    assert len(front) >= len(corners) >= 2
    assert {tuple(point) for point in corners} <= {tuple(point) for point in front}
