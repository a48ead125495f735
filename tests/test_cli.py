"""The command does what it says, and refuses the rest in one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import morl_envs
from morl_envs import registry
from morl_envs.cli import agents, main
from morl_envs.envs import lab
from morl_envs.envs.answers import load
from morl_envs.evaluation import EvaluationResult
from morl_envs.evaluation.certificate import Certificate
from morl_envs.training import labs

Output = tuple[int, str, str]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in this process; returns (exit code, stdout, stderr)."""

    def run(*arguments: str, columns: int = 80, answers: list[str] | None = None) -> Output:
        monkeypatch.setenv("COLUMNS", str(columns))
        if answers is not None:
            lines = iter(answers)

            def ask(_: str = "") -> str:
                try:
                    return next(lines)
                except StopIteration:
                    raise EOFError from None

            monkeypatch.setattr("builtins.input", ask)
        code = 0
        try:
            main(list(arguments))
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0
        found = capsys.readouterr()
        return code, found.out, found.err

    return run


@pytest.fixture
def small(tiny_lm: str, tmp_path: Path) -> list[str]:
    """Arguments of a run that takes a second."""
    sizes = ["--n-prompts", "2", "--seeds", "1", "--divisions", "1", "--num-envs", "2"]
    return ["--lm", tiny_lm, "--dtype", "float32", *sizes, "--out", str(tmp_path / "out")]


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_list_shows_every_task_and_never_cuts_an_id(command: Any, columns: int) -> None:
    code, out, _ = command("list", columns=columns)
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    for id in registry.ids():
        assert [id] in lines
    for task in registry.TASKS:
        assert any(line and line[0] == task for line in lines)
        for objective in registry.task(task).objectives:
            assert objective in out


def test_version_and_help(command: Any) -> None:
    assert command("--version")[1].strip() == morl_envs.__version__
    code, out, _ = command()
    assert code == 0 and "fetch" in out and "run" in out


@pytest.mark.parametrize("id", ["morl/review-completion-v0", "morl/arithmetic-choice-v0"])
def test_check_names_every_check(command: Any, tiny_lm: str, id: str) -> None:
    code, out, _ = command("check", id, "--lm", tiny_lm, "--dtype", "float32")
    assert code == 0
    for name in (*morl_envs.check.ENV_CHECKS, *morl_envs.check.VECTOR_CHECKS):
        assert f"ok {name.replace('_', ' ')}" in out


def test_playing_with_whole_answers(command: Any, tiny_lm: str) -> None:
    text = "Tender acting, dull plot."
    code, out, _ = command("play", "morl/review-completion-v0", "--lm", tiny_lm, answers=[text, "x" * 5000, "Bad."])
    assert code == 0
    assert out.count("prompt") == 3, "two answers, and the prompt that the input ended at"
    assert text in out and "positivity" in out and "action must be in UnicodeText" in out


@pytest.mark.parametrize(
    ("control", "lines"),
    [("token", ["0", "= the film", "99", "x"]), ("choice", ["0", "3", "77"]), ("lab", ["0", "3", "4", "77"])],
)
def test_playing_token_by_token(command: Any, tiny_lm: str, control: str, lines: list[str]) -> None:
    many = lines + ["0"] * 60
    code, out, _ = command("play", f"morl/review-{control}-v0", "--lm", tiny_lm, "--dtype", "float32", answers=many)
    assert code == 0
    assert "positivity" in out, "an episode came to its end"
    assert "must be" in out, "a bad line is refused and asked again"


def test_playing_a_conversation(command: Any, tiny_lm: str) -> None:
    said = ["Hello, what is your best price?", "hm", "I walk away.", "Goodbye."]
    code, out, _ = command("play", "morl/haggle-completion-v0", "--lm", tiny_lm, answers=said)
    assert code == 0 and out.count("prompt") == 3 and out.count("politeness") == 2
    assert out.count("Mine is $") == 4, "each reply when it is given, and again when the dialogue is shown whole"
    assert out.count("A pity. Goodbye.") == 2
    tokens = ["= Hello", "="] + ["0"] * 140  # an empty text ends the turn, and the length limit does
    code, out, _ = command("play", "morl/haggle-token-v0", "--lm", tiny_lm, "--dtype", "float32", answers=tokens)
    assert code == 0 and "You: Hello\n" in out and "politeness" in out


CASES = [
    (agent, id)
    for agent, id in (
        ("best_of_n", "morl/review-completion-v0"),
        ("constant_text", "morl/arithmetic-completion-v0"),
        ("base_model", "morl/review-token-v0"),
        ("base_model", "morl/arithmetic-choice-v0"),
        ("base_model", "morl/review-completion-v0"),
        ("random_agent", "morl/review-choice-v0"),
        ("random_agent", "morl/story-lab-v0"),
        ("random_agent", "morl/arithmetic-token-v0"),
        ("random_agent", "morl/review-completion-v0"),
    )
]


@pytest.mark.parametrize(("agent", "id"), CASES)
def test_run_keeps_shows_and_draws(command: Any, small: list[str], tmp_path: Path, agent: str, id: str) -> None:
    code, out, err = command("run", agent, "--env", id, *small)
    assert code == 0, err
    result = EvaluationResult.load(tmp_path / "out" / "result.json")
    assert result.id == id and len(result.weights) == 3 and len(result.prompt_ids) == 2
    assert (tmp_path / "out" / "front.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "agent",
        "front.png",
        "result.json",
        "run.json",
        "training.json",
    ]
    for shown in (*result.objectives, "hypervolume", "expected utility", "sample answers", "1.00 0.00 0.00"):
        assert shown in out
    assert max(map(len, out.splitlines())) <= 80 + len(str(tmp_path)) + 30, "only paths may be wider"


def test_a_file_of_ones_own_is_an_agent(command: Any, small: list[str], tmp_path: Path) -> None:
    source = (agents._folder() / "constant_text.py").read_text().replace("ConstantText", "Mine")
    (tmp_path / "mine.py").write_text(source)
    path = f"{tmp_path / 'mine.py'}:Mine"
    code, out, err = command("run", path, "--env", "morl/review-completion-v0", "--set", "text=Fine.", *small)
    assert code == 0, err
    assert "Mine on morl/review-completion-v0" in out
    assert EvaluationResult.load(tmp_path / "out" / "result.json").completions[0][0][0] == "Fine."


def test_certify_prints_and_keeps_a_certificate(command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sizes = ["--n-prompts", "4", "--n-samples", "32"]
    code, out, err = command("certify", "dial", *sizes)
    assert code == 0, err
    found = Certificate.load(tmp_path / "runs" / "certificates" / "dial.json")
    assert "first, second: conflicting" in out and f"hypervolume {found.hypervolume:.3f}" in out
    for title in ("scores", "Correlation within prompts", "Transfer"):
        assert title in out
    assert f"{found.correlation.value[0][1]:.2f}" in out and f"{found.correlation.low[0][1]:.2f} to" in out
    code, _, err = command("certify", "dial", *sizes)
    assert code == 2 and "--out must not exist, or --overwrite must be given" in err
    assert command("certify", "dial", *sizes, "--seed", "1", "--overwrite")[0] == 0
    assert Certificate.load(tmp_path / "runs" / "certificates" / "dial.json") != found


def test_enumerate_writes_a_lab_that_can_be_loaded(
    command: Any, tiny_lm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("DECISIONS", 2), ("CANDIDATES", 2), ("_STRIDE", 1)):
        monkeypatch.setattr(lab, name, value)
    monkeypatch.setattr(registry, "LAB_PROMPTS", 2)
    monkeypatch.setattr(labs, "_ROWS", 4)
    code, out, err = command("enumerate", "story", "--lm", tiny_lm, "--dtype", "float32", "--out", "new/folder")
    assert code == 0, err
    assert "Lab of story" in out and "story/train/0001" in out
    assert len(load(tmp_path / "new" / "folder", "story").pareto_front()) >= 1


REVIEW = ["--env", "morl/review-completion-v0"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "morl/reviw-token-v0"], "id must be one of .* did you mean 'morl/review-token-v0'"),
        (["certify", "reviw"], "task must be one of .* did you mean 'review'"),
        (["enumerate", "dial"], "task must be one of 'review', 'story', 'summary', got 'dial'"),
        (["certify", "dial", "--n-samples", "1"], "n_samples must be an integer of at least 2, got 1"),
        (["certify", "dial", "--out", "/proc/nothing/x.json"], "--out must be where files can be written"),
        (["fetch", "smollm"], "name must be one of .*'smollm2-135m'"),
        (["run", "best_of_m", *REVIEW], "agent must be one of .* did you mean 'best_of_n'"),
        (["run", "nowhere.py", *REVIEW], "agent must name a file that exists, got 'nowhere.py'"),
        (["run", "best_of_n", "--env", "morl/review-token-v0"], "agent must act under the control 'token'"),
        (["run", "best_of_n", *REVIEW, "--set", "m=3"], "--set must be one of 'n', 'temperature', got 'm'"),
        (["run", "best_of_n", *REVIEW, "--set", "n"], "--set must have the form name=value, got 'n'"),
        (["run", "best_of_n", *REVIEW, "--set", "n=0"], "n must be an integer of at least 1, got 0"),
        (["run", "best_of_n", *REVIEW, "--n-prompts", "0"], r"--n-prompts must be in \[1, 200\], got 0"),
        (["run", "best_of_n", *REVIEW, "--n-prompts", "9999"], r"--n-prompts must be in \[1, 200\], got 9999"),
        (["run", "best_of_n", *REVIEW, "--seeds", "99"], r"--seeds must be in \[1, 5\], got 99"),
        (["run", "best_of_n", *REVIEW, "--divisions", "0"], "divisions must be at least 1, got 0"),
        (["run", "best_of_n", *REVIEW, "--num-envs", "0"], "--num-envs must be at least 1, got 0"),
        (["run", "best_of_n", *REVIEW, "--completions", "-1"], "scored_completions must be None or an integer"),
        (["run", "base_model", "--env", "morl/review-token-v0", "--lm", "nosuch"], "lm must be one of .*got 'nosuch'"),
        (["run", "base_model", "--env", "morl/review-token-v0", "--device", "tpu"], "device must be 'auto' or"),
        (["run", "base_model", "--env", "morl/review-token-v0", "--dtype", "int3"], "dtype must be one of"),
        (["run", "best_of_n", *REVIEW, "--out", "/proc/nothing"], "--out must be a folder that can be written"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    command: Any, arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import re

    monkeypatch.chdir(tmp_path)
    code, _, err = command(*arguments)
    assert code == 2
    assert re.search(f"^error: {message}", err) and len(err.strip().splitlines()) == 1, err
    assert not list(tmp_path.rglob("result.json"))


def test_text_in_brackets_survives_in_an_error(command: Any) -> None:
    _, _, err = command("check", "[bold]morl[/bold]")
    assert "[bold]morl[/bold]" in err


def test_a_result_is_replaced_only_on_request(command: Any, small: list[str], tmp_path: Path) -> None:
    assert command("run", "constant_text", *REVIEW, *small)[0] == 0
    held = (tmp_path / "out" / "result.json").read_bytes()
    code, _, err = command("run", "constant_text", *REVIEW, "--set", "text=Other.", *small)
    assert code == 2 and "--overwrite" in err
    assert (tmp_path / "out" / "result.json").read_bytes() == held
    assert command("run", "constant_text", *REVIEW, "--set", "text=Other.", *small, "--overwrite")[0] == 0
    assert (tmp_path / "out" / "result.json").read_bytes() != held


def test_a_killed_run_leaves_no_result(tiny_lm: str, tmp_path: Path) -> None:
    started = tmp_path / "started"
    slow = (agents._folder() / "constant_text.py").read_text()
    slow = slow.replace(
        "        return (self.text,) * len(seeds)",
        f"        import pathlib, time\n        pathlib.Path({str(started)!r}).touch()\n        time.sleep(0.2)\n"
        "        return (self.text,) * len(seeds)",
    )
    (tmp_path / "slow.py").write_text(slow)
    out = tmp_path / "out"
    line = "import sys; from morl_envs.cli import main; main(sys.argv[1:])"
    run = ["run", str(tmp_path / "slow.py"), *REVIEW, "--lm", tiny_lm, "--num-envs", "1", "--out", str(out)]
    process = subprocess.Popen([sys.executable, "-c", line, *run], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if started.exists():
                break
            time.sleep(0.1)
        assert started.exists()
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    assert not (out / "result.json").exists() and not (out / "front.png").exists()


def test_a_result_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"schema_version": 1})[:-3])
    with pytest.raises(morl_envs.InvalidParameter, match="path must be an evaluation result"):
        EvaluationResult.load(path)


def test_results_are_reported_alone_and_compared(command: Any, tmp_path: Path) -> None:
    dial = ["--env", "morl/dial-token-v0", "--n-prompts", "6", "--seeds", "2"]
    for agent in ("exact_dial", "random_agent"):
        assert command("run", agent, *dial, "--out", str(tmp_path / agent))[0] == 0
    code, alone, _ = command("report", str(tmp_path / "random_agent"), columns=120)
    assert code == 0
    for shown in (
        "mean regret",
        "side effects",
        "igd plus",
        "cardinality",
        "distinct 1",
        "rank correlation",
        "exact front",
    ):
        assert shown in alone
    code, both, _ = command(
        "report", str(tmp_path / "exact_dial/result.json"), str(tmp_path / "random_agent"), columns=160
    )
    assert code == 0 and "interquartile mean" in both
    rows = [line for line in both.splitlines() if "ExactDial(" in line or "RandomAgent(" in line]
    assert len(rows) == 4 and "ExactDial" in rows[0] and "0.000" in rows[0], "the better agent comes first"
    assert "1.000" in rows[2], "the optimum improves on chance for sure"
    code, _, err = command("report", str(tmp_path / "nowhere"))
    assert code == 2 and "path must" in err


def test_a_run_is_resumed_with_the_same_arguments_only(command: Any, tmp_path: Path) -> None:
    run = ["run", "random_agent", "--env", "morl/dial-token-v0", "--n-prompts", "3", "--out", str(tmp_path)]
    assert command(*run, "--seeds", "2")[0] == 0
    held = (tmp_path / "result.json").read_bytes()
    code, out, _ = command(*run, "--seeds", "2", "--resume")
    assert code == 0 and "hypervolume" in out and (tmp_path / "result.json").read_bytes() == held
    code, _, err = command(*run, "--seeds", "3", "--resume")
    assert code == 2 and "--resume must be given with the arguments that the run began with" in err
    for option, value in (("--executor", "cluster"), ("--workers", "0")):
        code, _, err = command(*run, option, value, "--resume")
        assert code == 2 and f"{option} must be" in err
