"""Units run anywhere with the same numbers, and a killed run ends where an unbroken one would have."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from morl_envs.cli.agents import Saved, build
from morl_envs.cli.runs import RunFolder
from morl_envs.errors import InvalidParameter
from morl_envs.evaluation import EvaluationResult, evaluate
from morl_envs.evaluation.evaluate import assembled
from morl_envs.evaluation.executors import EXECUTORS, run_units
from morl_envs.evaluation.plan import Plan

DIAL = "morl/dial-token-v0"
ROOT = Path(__file__).parents[1]
SCRIPT = "import sys; from morl_envs.cli import main; main(sys.argv[1:])"


def plan(**changes: Any) -> Plan:
    return Plan.checked(DIAL, **{"weights": [[1, 0], [0.5, 0.5], [0, 1]], "seeds": [0, 1], "n_prompts": 6, **changes})


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Any, Saved]:
    agent = build("best_of_n", ["n=3"])
    agent.save(tmp_path / "agent")
    return agent, Saved("best_of_n", tmp_path / "agent")


@pytest.fixture
def cluster() -> Iterator[None]:
    """A local Ray; it gives itself 30 s to start, which a busy machine does not always grant."""
    ray = pytest.importorskip("ray")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        except Exception as error:
            pytest.skip(f"Ray cannot start here: {error}")
        yield
        ray.shutdown()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_every_executor_gives_the_numbers_of_evaluate(
    executor: str, saved: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if executor == "ray":
        request.getfixturevalue("cluster")
    agent, load = saved
    wanted = evaluate(agent, DIAL, weights=plan().weights, seeds=[0, 1], n_prompts=6)
    seen: list[tuple[int, int]] = []
    units = run_units(
        plan(), load, tmp_path / "units", executor=executor, workers=2, on_progress=lambda *at: seen.append(at)
    )
    assert assembled(plan(), agent, units) == wanted
    assert seen[-1] == (6, 6) and len(list((tmp_path / "units").iterdir())) == 6


def test_results_depend_neither_on_num_envs_nor_on_which_units_were_there(saved: Any, tmp_path: Path) -> None:
    agent, load = saved
    whole = assembled(plan(), agent, run_units(plan(num_envs=1), load, tmp_path / "a"))
    for n, lost in ((4, ["seed-0-weights-0002.json", "seed-1-weights-0000.json"]), (32, ["seed-1-weights-0001.json"])):
        for name in lost:
            (tmp_path / "a" / name).unlink()
        again = assembled(plan(), agent, run_units(plan(num_envs=n), load, tmp_path / "a"))
        assert again == whole  # the costs of what is shared between weights, too
    assert whole.costs["scored_completions"] == 2 * 6 * (3 + 3)


def test_bad_arguments_and_files_are_named(saved: Any, tmp_path: Path) -> None:
    _, load = saved
    with pytest.raises(InvalidParameter, match="executor must be one of 'local', 'processes', 'ray', got 'loca'"):
        run_units(plan(), load, tmp_path / "a", executor="loca")
    with pytest.raises(InvalidParameter, match="workers must be at least 1, got 0"):
        run_units(plan(), load, tmp_path / "a", workers=0)
    (tmp_path / "a").mkdir(exist_ok=True)
    (tmp_path / "a" / "seed-0-weights-0000.json").write_text("{")
    with pytest.raises(InvalidParameter, match=r"folder must hold finished units, got .*weights-0000.json"):
        run_units(plan(), load, tmp_path / "a")


def test_a_workers_error_reaches_the_caller(tmp_path: Path) -> None:
    agent = build("constant_text", ["text=no word of dial"])
    agent.save(tmp_path / "agent")
    with pytest.raises(InvalidParameter, match="word must be one of"):
        run_units(plan(), Saved("constant_text", tmp_path / "agent"), tmp_path / "u", executor="processes", workers=1)


def comparable(folder: Path) -> str:
    held = json.loads((folder / "result.json").read_text())
    assert held.pop("measured").keys() == {"training_seconds", "peak_memory_bytes"}
    return json.dumps(held)


def start(out: Path, *more: str) -> subprocess.Popen[bytes]:
    run = ["run", "best_of_n", "--env", DIAL, "--set", "n=32", "--n-prompts", "10", "--seeds", "3", "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    null = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-c", SCRIPT, *run, *more], env=environment, stdout=null, stderr=null)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nobody disturbs."""
    folder = tmp_path_factory.mktemp("whole")
    assert start(folder).wait() == 0
    return folder


def strike(process: subprocess.Popen[bytes], units: Path, rng: random.Random) -> int | None:
    """Kill a run a moment after none to three more units are there: how many there are, or None if it ended before."""
    more = rng.randrange(4)
    wanted = len(list(units.glob("*.json"))) + more
    while process.poll() is None and len(list(units.glob("*.json"))) < wanted:
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.05) if more else rng.uniform(0, 4))
    running = process.poll() is None
    process.kill()
    process.wait()
    return len(list(units.glob("*.json"))) if running else None


def check(out: Path, whole: Path) -> None:
    assert comparable(out) == comparable(whole)
    assert {path.name for path in out.iterdir()} >= {"agent", "front.png", "result.json"}
    assert not (out / "units").exists()


@pytest.mark.parametrize("executor", ["local", "processes"])
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_file(
    executor: str, whole: Path, tmp_path: Path
) -> None:
    """MORL_ENVS_KILLS sets how often; 30 times in tests/benchmarks/killing.py. A run that ends between is compared."""
    kills, options = int(os.environ.get("MORL_ENVS_KILLS", "2")), ["--resume", "--executor", executor, "--workers", "2"]
    rng, struck, ended = random.Random(executor), [], 0
    while len(struck) < kills:
        out = tmp_path / str(ended)
        finished = strike(start(out, *options), out / "units", rng)
        if finished is None:
            check(out, whole)
            ended += 1
        else:
            struck.append(finished)
    out = tmp_path / str(ended)
    assert start(out, *options).wait() == 0
    check(out, whole)
    print(f"{executor}: killed with {struck} of 15 units finished; {ended + 1} runs came to their end")


def test_a_run_folder_is_gone_on_with_by_the_same_request_only(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.open({"agent": "a"}, resume=True, overwrite=False) is None  # nothing there yet
    folder.units.mkdir()
    (folder.units / "x.json").write_text("{}")
    assert folder.open({"agent": "a"}, resume=True, overwrite=False) is None and (folder.units / "x.json").exists()
    with pytest.raises(InvalidParameter, match="--resume must be given with the arguments that the run began with"):
        folder.open({"agent": "b"}, resume=True, overwrite=False)
    assert folder.open({"agent": "b"}, resume=False, overwrite=False) is None
    assert not folder.units.exists() and folder.training() is None
    result = evaluate(build("random_agent", []), DIAL, weights=[[1, 0]], seeds=[0], n_prompts=1)
    folder.finish(result)
    assert folder.open({"agent": "b"}, resume=True, overwrite=False) == result
    with pytest.raises(InvalidParameter, match="--out must hold no result yet"):
        folder.open({"agent": "b"}, resume=False, overwrite=False)
    assert EvaluationResult.load(tmp_path / "result.json") == result
