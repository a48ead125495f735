"""What the benchmark asks of whom, what it makes of the figures, and that each of its parts runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from morl_envs import lm
from morl_envs.bench import engine, steps
from morl_envs.bench.cases import prompt_indices
from morl_envs.bench.measure import MEASUREMENTS, Request
from morl_envs.bench.ours import Writer
from morl_envs.bench.peers import transformers_seconds, vllm_answers
from morl_envs.bench.result import BenchResult, Comparison, Growth, Row
from morl_envs.cli.bench import bench
from morl_envs.errors import InvalidParameter, ModelUnavailable


def row(**measured: list[float]) -> Row:
    comparisons = [Comparison(of="here", to="peer", asked=2.0), Comparison(of="here", to="absent", asked=1.0)]
    return Row(name="a row", unit="tokens/s", measured=measured, comparisons=comparisons)


def test_ratios_are_of_the_same_repeat_and_the_median_is_judged() -> None:
    found = row(here=[10.0, 30.0, 40.0], peer=[10.0, 10.0, 10.0])
    beside, absent = found.comparisons
    assert found.ratios(beside) == [1.0, 3.0, 4.0] and found.reached(beside) is True
    assert found.ratios(absent) == [] and found.reached(absent) is None
    assert row(here=[10.0], peer=[10.0]).reached(beside) is False
    share = Row(
        name="s", unit="%", measured={"share": [6.0]}, comparisons=[Comparison(of="share", asked=5, at_most=True)]
    )
    assert share.reached(share.comparisons[0]) is False


def test_the_table_says_which_rows_fall_short() -> None:
    result = BenchResult(machine="two cores", versions={}, lm="tiny", dtype="float32")
    result.add(row(here=[10.0, 12.0, 11.0], peer=[10.0, 10.0, 10.0]))
    result.add(row(here=[1500.0], peer=[500.0]))
    table = result.as_markdown()
    assert table.count("a row") == 1, "measured again, it takes the place of the old one"
    assert "| a row | here 1,500<br>peer 500 tokens/s | 3 × peer | 2 | yes |" in table
    result.add(row(here=[10.0, 12.0, 11.0], peer=[10.0, 10.0, 10.0]))
    assert "here 11 (10 to 12)<br>peer 10 (10 to 10) tokens/s | 1.1 (1 to 1.2) × peer | 2 | **no**" in (
        result.as_markdown()
    )


def test_figures_of_another_model_are_not_mixed_in(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    held = BenchResult.begin(path, "tiny", "float32")
    held.add(row(here=[1.0]))
    held.save(path)
    assert BenchResult.begin(path, "tiny", "float32").rows == held.rows
    with pytest.raises(InvalidParameter, match="--out must hold no figures of another machine, model or dtype"):
        BenchResult.begin(path, "other", "float32")


def test_prompts_are_distinct_near_the_length_and_others_in_each_repeat() -> None:
    lengths = np.random.default_rng(0).integers(40, 100, size=500).tolist()
    first, second = prompt_indices(lengths, 64, 1, 0), prompt_indices(lengths, 64, 1, 1)
    assert len(set(first.tolist())) == 64 and not set(first.tolist()) & set(second.tolist())
    assert max(abs(lengths[i] - 64) for i in first) <= 10
    grouped = prompt_indices(lengths, 64, 8, 0)
    assert (grouped.reshape(8, 8) == grouped[::8, None]).all() and len(set(grouped.tolist())) == 8


def test_answers_have_the_length_that_is_asked_for(tiny_lm: str) -> None:
    writer = Writer(4, 12, lm=tiny_lm)
    writer.reset(1, 0)
    lengths: list[int] = []
    step = writer.envs.unwrapped.step

    def watched(tokens: Any) -> Any:
        found = step(tokens)
        lengths.extend((writer._written[found[2]] + 1).tolist())
        return found

    writer.envs.unwrapped.step = watched
    for _ in range(24):
        writer.step()
    assert lengths == [12] * 8, "the model's own end is passed over"
    writer.reset(1, 1)
    lengths.clear()
    for _ in range(10):
        writer.step(lambda written: written >= 4)
    assert lengths == [5] * 8


@pytest.mark.filterwarnings("ignore:.*precision lowered by casting")  # MO-Gymnasium's
def test_every_engine_measurement_gives_a_positive_figure(tiny_lm: str) -> None:
    model = lm.load(tiny_lm)
    assert engine.step_seconds(model, 3, 20, steps=2) > 0
    assert engine.product_seconds(model, 3) > 0
    assert min(engine.log_prob_rates(model, n=4, new_tokens=5)) > 0
    assert 0.1 < engine.peak_gib(model, n_rows=2, length=20) < 4
    assert transformers_seconds(model, [[5, 6, 7], [8]], 4) > 0
    assert steps.reference_rate(200) > 0
    assert steps.rule_rate(steps.rule_envs("morl/review-token-v0", ["brevity"], 4)) > 0


def test_the_command_keeps_rows_and_draws(tiny_lm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("morl_envs.cli.bench.growth", lambda _: Growth(envs={1: 3.0}, products={1: 5}, lengths={20: 9}))
    console = Console(quiet=True)
    bench(console, Request(lm=tiny_lm, repeats=2), tmp_path, ["late-steps", "growth"])
    found = json.loads((tmp_path / "bench.json").read_text())
    assert [held["name"] for held in found["rows"]] == ["a step at token 500 against token 20, 64 rows"]
    assert len(found["rows"][0]["measured"]["at 500"]) == 2
    assert (tmp_path / "growth.png").read_bytes()[:4] == b"\x89PNG"
    assert "a step at token 500" in (tmp_path / "table.md").read_text()
    with pytest.raises(InvalidParameter, match=r"--only must be one of .*late-steps"):
        bench(console, Request(lm=tiny_lm), tmp_path, ["speed"])


def stand_in(path: Path, says: str) -> Path:
    """An interpreter that runs a script of its own whatever it is given."""
    script = path.with_suffix(".py")
    script.write_text(says)
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')
    path.chmod(0o755)
    return path


def test_vllm_is_asked_for_the_same_contexts(tiny_lm: str, tmp_path: Path) -> None:
    says = (
        "import json, sys\n"
        "asked = json.load(sys.stdin)['cases']\n"
        "print(json.dumps({'seconds': [[len(case['contexts'])] for case in asked]}))\n"
    )
    request = {"cases": [{"contexts": [[1], [2]], "new_tokens": 3}]}
    assert vllm_answers(stand_in(tmp_path / "python", says), request) == {"seconds": [[2]]}
    broken = stand_in(tmp_path / "broken", "raise SystemExit('no kernel for this processor')")
    with pytest.raises(ModelUnavailable, match="could not be measured: no kernel for this processor"):
        vllm_answers(broken, request)
    with pytest.raises(InvalidParameter, match="--vllm must be the Python of an environment"):
        Request(lm=tiny_lm, vllm=tmp_path / "nowhere")


def test_measurements_are_named_after_their_sizes() -> None:
    assert {"1x32", "64x32", "64x128", "128x128", "lengths", "late-steps", "memory"} <= set(MEASUREMENTS)
