"""What the documentation says is true: its code runs, its names exist, its numbers are the scorers'."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import typer.main
from PIL import Image

import morl_envs.lm
from morl_envs import objectives, registry
from morl_envs.cli import app, main
from morl_envs.cli.agents import agent_names, find
from morl_envs.evaluation.certificate import Certificate
from morl_envs.objectives import contrast

ROOT = Path(__file__).parent.parent
READMES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "agents/README.md", "leaderboards/README.md")]
HAND_WRITTEN = [*READMES, *sorted(p for p in (ROOT / "docs").glob("*.md")), ROOT / "docs/environments/index.md"]
CERTIFICATES = sorted((ROOT / "docs/environments/certificates").glob("*.json"))
EPISODES = sorted((ROOT / "docs/environments/episodes").glob("*.gif"))
ANSWERS = sorted((ROOT / "docs/environments/answers").glob("*.json"))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


sys.path.insert(0, str(ROOT / "docs"))  # as Sphinx and Python do for what they find there


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return list(load("generate").write(tmp_path_factory.mktemp("docs")))


@pytest.fixture
def tiny_in_place_of_real(tiny_lm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = morl_envs.lm.load
    monkeypatch.setattr(morl_envs.lm, "load", lambda name="", device="cpu", dtype="float32": real(tiny_lm, "cpu"))


def blocks(text: str) -> list[tuple[str, str]]:
    """(language, body) of the fenced blocks, in order."""
    return FENCE.findall(text)


def run_page(text: str, where: str, capsys: pytest.CaptureFixture[str]) -> int:
    """Run a page's Python blocks in one namespace; a text block behind one is what it prints. How many were run."""
    namespace: dict[str, Any] = {"__name__": where}
    found = blocks(text)
    count = 0
    for i, (language, body) in enumerate(found):
        if language != "python":
            continue
        capsys.readouterr()
        exec(compile(body, f"{where} block {i}", "exec", dont_inherit=True), namespace)
        count += 1
        if found[i + 1 : i + 2] and found[i + 1][0] == "text":
            assert capsys.readouterr().out == found[i + 1][1]
    return count


@pytest.mark.parametrize("page", HAND_WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
@pytest.mark.usefixtures("tiny_in_place_of_real")
def test_code_of_pages_runs(
    page: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page.name == "design.md":
        pytest.skip("its code is a sketch of a protocol")
    if page.name == "your_agent.md":
        pytest.skip("its commands are run too, by a test of their own")
    text = page.read_text(encoding="utf-8")
    for library in ("datasets", "h5py", "minari", "morl_baselines", "stable_baselines3", "torchrl", "trl"):
        if re.search(rf"^(from|import) {library}\b", text, re.MULTILINE):
            pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    assert run_page(text, page.name, capsys) == text.count("```python")


def test_the_guide_to_an_agent_of_your_own_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "guide"}
    commands = 0
    for language, body in blocks((ROOT / "docs/your_agent.md").read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(body, "your_agent.md", "exec", dont_inherit=True), namespace)
            continue
        for line in body.splitlines():
            program, *arguments = shlex.split(line)
            assert program == "morl-envs"
            with pytest.raises(SystemExit) as ended:
                main(arguments)
            assert ended.value.code == 0, line
            commands += 1
    assert commands == 5 and namespace["worth"]("second").shape == (5,)


@pytest.mark.usefixtures("tiny_in_place_of_real")
def test_code_of_generated_pages_runs(generated: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert sum(run_page(page.read_text(encoding="utf-8"), page.name, capsys) for page in generated) >= len(
        registry.TASKS
    )


def test_every_task_has_a_page_that_names_its_ids(generated: list[Path]) -> None:
    pages = {page.stem: page.read_text(encoding="utf-8") for page in generated}
    for task, row in registry.TASKS.items():
        for control in row.controls:
            assert f'"{row.id(control)}"' in pages[task] or f"`{row.id(control)}`" in pages[task]
            assert f"`{row.id(control)}`" in pages["overview"]
        assert registry.task(task).content_hash("test") in pages[task]
        for objective in registry.task(task).objectives:
            assert f"| `{objective}` | [" in pages[task]


def test_the_readme_lists_every_task_with_its_controls() -> None:
    rows = re.findall(r"^\| `(\w+)`: .* \| (.*) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {task: tuple(listed.split(", ")) for task, listed in rows} == {
        t: r.controls for t, r in registry.TASKS.items()
    }


def test_the_table_of_objectives_is_of_those_there_are(generated: list[Path]) -> None:
    table = next(page for page in generated if page.name == "objectives.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(objectives.names())
    figures = json.loads((ROOT / "docs/objectives.json").read_text(encoding="utf-8"))
    for name in contrast.names():
        pairs, gold = contrast.held_out(name), objectives.gold(name)
        renew = "renew the figures with `python tests/benchmarks/objectives.py --write`"
        assert figures[name]["auc"] == pytest.approx(contrast.auc(objectives.get(name), pairs), abs=2e-3), renew
        if gold is not None:
            assert figures[name]["gold_auc"] == pytest.approx(contrast.auc(gold, pairs), abs=2e-3), renew


def test_generated_tables_are_tables(generated: list[Path]) -> None:
    for page in generated:
        for table in re.findall(r"(?:^\|.*\|\n)+", page.read_text(encoding="utf-8"), re.MULTILINE):
            columns = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
            assert len(columns) == 1, f"{page.name}: {table[:200]}"


@pytest.mark.parametrize("page", HAND_WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_ids_on_pages_exist(page: Path) -> None:
    found = set(re.findall(r"morl/[\w-]+?-v\d+", page.read_text(encoding="utf-8")))
    assert found <= set(registry.ids())


@pytest.mark.parametrize("page", HAND_WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_on_pages_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for line in re.findall(r"(?:^|`)morl-envs ([^`\n…]+)", text, re.MULTILINE):
        name, *words = shlex.split(line, comments=True)
        if name == "COMMAND":
            continue
        assert name in commands, line
        options = {option for parameter in commands[name].params for option in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= options, line
        if name == "run" and not re.search(r"\.py|[A-Z]|--help", words[0]):
            assert words[0] in agent_names(), line
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make (\w+)", text, re.MULTILINE)) <= targets
    for script in re.findall(r"python ((?:docs|agents)/\w+\.py)", text):
        assert (ROOT / script).is_file()


def test_links_between_files_of_the_checkout_hold() -> None:
    for page in HAND_WRITTEN:
        prose = FENCE.sub("", page.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose):
            made_by_the_build = "environments" in (page.parent / target).parts
            assert "://" in target or made_by_the_build or (page.parent / target).resolve().exists(), (page, target)


def test_the_agents_readme_lists_every_agent_with_its_controls() -> None:
    text = (ROOT / "agents/README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)\.py` \| [^|]+ \| ([^|]+) \| ", text, re.MULTILINE))
    assert rows.keys() == {path.stem for path in (ROOT / "agents").glob("*.py")}
    for name, listed in rows.items():
        controls = getattr(find(name), "controls", None)
        assert controls is None or ", ".join(controls) == listed.partition(", of")[0], name


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_committed_answers_have_the_scores_shown(path: Path) -> None:
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["task"] == path.stem and len(kept["answers"]) == 10
    assert sum(answer["source"] == "written" for answer in kept["answers"]) <= 3
    env: Any = gymnasium.make(registry.row(path.stem).id("completion"), split="test").unwrapped
    assert kept["objectives"] == list(env.objectives)
    prompts = {prompt.id: prompt for prompt in env.prompts}
    for answer in kept["answers"]:
        assert prompts[answer["prompt_id"]].text == answer["prompt"]
        assert re.match(r"(Yes|Half|No): ", answer["remark"]), "a remark begins with its verdict"
    asked = [prompts[answer["prompt_id"]] for answer in kept["answers"]]
    scores = env.score(asked, [answer["answer"] for answer in kept["answers"]])
    moved = "scores have moved: run `python docs/answers.py TASK`, read again, and write the remarks that it emptied"
    assert scores == pytest.approx(np.array([answer["scores"] for answer in kept["answers"]]), abs=1e-3), moved


def test_the_prompts_of_committed_answers_are_those_of_the_seeds() -> None:
    for path in ANSWERS:
        kept = json.loads(path.read_text(encoding="utf-8"))
        env = gymnasium.make(registry.row(path.stem).id("completion"), split="test")
        sampled = [answer["prompt_id"] for answer in kept["answers"] if answer["source"] == "sampled"]
        assert sampled == [env.reset(seed=kept["seed"] + i)[1]["prompt_id"] for i in range(len(sampled))]


@pytest.mark.parametrize("path", CERTIFICATES, ids=lambda path: path.stem)
def test_committed_certificates_are_of_today_s_objectives_and_shown(path: Path, generated: list[Path]) -> None:
    again = f"run `morl-envs certify {path.stem} --out {path.relative_to(ROOT)} --overwrite`"
    found, row = Certificate.load(path), registry.row(path.stem)
    assert found.task == path.stem and found.objectives == registry.task(path.stem).objectives
    if found.lm is not None:
        current = {name: objectives.get(name).version for name in found.objectives}
        assert {name: found.versions[name] for name in found.objectives} == current, again
        assert registry.uses_lm(row.id(row.controls[0]))
    pages = {page.stem: page.read_text(encoding="utf-8") for page in generated}
    for pair, label in found.labels.items():
        assert f"{pair}: {label}" in pages[path.stem], "the picture says in words what it shows"
        assert f"| {pair} | **{label}** |" in pages[path.stem] and f"| {pair} | **{label}** |" in pages["relationships"]
    picture = generated[0].parent / "certificates" / f"{path.stem}.png"
    assert (
        picture.read_bytes().startswith(b"\x89PNG") and f"../generated/certificates/{path.stem}.png" in pages[path.stem]
    )


def test_every_task_is_measured_and_filmed_and_the_suite_has_every_relationship() -> None:
    assert {path.stem for path in CERTIFICATES} == {path.stem for path in EPISODES} == set(registry.TASKS)
    labels = [set(Certificate.load(path).labels.values()) for path in CERTIFICATES]
    for relationship in ("conflicting", "complementary", "independent"):
        assert sum(relationship in found for found in labels) >= 2, relationship


def test_every_task_is_on_the_map(generated: list[Path]) -> None:
    shown = next(page for page in generated if page.stem == "relationships").read_text(encoding="utf-8")
    measured = {path.stem for path in CERTIFICATES}
    for task in registry.TASKS:
        assert f"[{task}](environments/{task}.md)" in shown
        line = next(line for line in shown.splitlines() if f"[{task}](" in line)
        assert ("not measured yet" in line) == (task not in measured)


@pytest.mark.parametrize("path", EPISODES, ids=lambda path: path.stem)
def test_an_episode_is_small_and_ends_in_the_vector_that_it_says(path: Path, generated: list[Path]) -> None:
    assert path.stem in registry.TASKS and path.stat().st_size < load("episodes").LARGEST == 150_000
    with Image.open(path) as film:
        words = film.info["comment"].decode()
        assert film.n_frames > 4 and film.size[0] == 690
        frames = []
        for frame in (0, film.n_frames - 1):
            film.seek(frame)
            frames.append(np.asarray(film.convert("RGB")))
    assert (frames[0] != frames[1]).any() and (frames[1] == 255).mean() > 0.5, "dark on white"
    said = re.fullmatch(r"Asked: (.+) Answered: (.+) Earned: (.+)\.", words, re.DOTALL)
    assert said is not None
    earned = dict(pair.rsplit(" ", 1) for pair in said[3].split(", "))
    assert tuple(earned) == registry.task(path.stem).objectives
    page = next(page for page in generated if page.stem == path.stem).read_text(encoding="utf-8")
    assert f"```{{image}} episodes/{path.name}" in page and said[3] in page
    if path.stem == "dial":
        env: Any = gymnasium.make("morl/dial-token-v0").unwrapped
        returns = env.following(env.lm.encode_completion(said[2])).expected_return
        assert [f"{value:.2f}" for value in returns] == list(earned.values())


def test_an_episode_of_a_model_can_be_filmed(tiny_lm: str, tmp_path: Path) -> None:
    episodes = load("episodes")
    frames, words = episodes.film("review", seed=1, lm=tiny_lm)
    assert words.startswith("Asked: ") and " Earned: positivity " in words
    assert episodes.film("review", seed=1, lm=tiny_lm)[1] == words != episodes.film("review", seed=2, lm=tiny_lm)[1]
    episodes.save(frames, words, tmp_path / "new" / "review.gif")
    assert 0 < (tmp_path / "new" / "review.gif").stat().st_size < episodes.LARGEST
    with Image.open(tmp_path / "new" / "review.gif") as film:
        assert 2 <= film.n_frames <= 24 and film.info["comment"].decode() == words


@pytest.mark.parametrize("task", sorted(t for t, row in registry.TASKS.items() if "completion" in row.controls))
def test_a_worked_example_prints_the_vector_of_its_answer(task: str, generated: list[Path]) -> None:
    page = next(page for page in generated if page.stem == task).read_text(encoding="utf-8")
    (_, code), (language, printed), *_ = blocks(page)
    assert language == "text" and re.search(r"env\.step\((answer|turn)\)", code)
    found = dict(re.findall(r"^(\w+) +(\d\.\d\d)$", printed, re.MULTILINE))
    assert tuple(found) == registry.task(task).objectives
    written = json.loads((ROOT / f"docs/environments/answers/{task}.json").read_text())["answers"][-1]
    assert written["source"] == "written"
    given = code if registry.task(task).partner is None else json.dumps(printed)
    assert json.dumps(written["answer"], ensure_ascii=False)[1:-1] in given
    assert [float(value) for value in found.values()] == pytest.approx(written["scores"], abs=0.0051)
