"""Printing what an evaluation found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from morl_envs import registry
from morl_envs.errors import require
from morl_envs.evaluation import EvaluationResult
from morl_envs.evaluation.compare import Comparison, best_known, compare, task_of
from morl_envs.evaluation.report import Estimate, Report, report
from morl_envs.metrics import non_dominated

__all__ = ["compare_files", "everything", "key_numbers", "samples", "table"]

_SAMPLES = 5


def table(console: Console, result: EvaluationResult) -> None:
    """A row per weight vector: mean returns with their spread over seeds, and which are not dominated."""
    means, by_seed = result.mean_returns(), result.returns_by_seed()
    front = non_dominated(means)
    rows = Table(title=f"{escape(result.agent)} on {result.id}", box=box.SIMPLE, pad_edge=False)
    rows.add_column("weights", no_wrap=True)
    for name in result.objectives:
        rows.add_column(name, justify="right")
    rows.add_column("weighted", justify="right")
    rows.add_column("front")
    several = len(result.seeds) > 1
    for i, weights in enumerate(np.asarray(result.weights)):
        spread = by_seed[:, i].std(axis=0, ddof=1) if several else None
        cells = [f"{m:.3f}" + (f" ±{spread[j]:.3f}" if spread is not None else "") for j, m in enumerate(means[i])]
        shown = " ".join(f"{w:.2f}" for w in weights)
        rows.add_row(shown, *cells, f"{weights @ means[i]:.3f}", "*" if front[i] else "")
    console.print(rows)
    if several:
        console.print(f"± standard deviation over {len(result.seeds)} seeds; * not dominated", style="dim")


def key_numbers(console: Console, result: EvaluationResult) -> Report:
    """The numbers that a row of a leaderboard would show, with their intervals."""
    found = report(result)
    console.print(_numbers(found, ("mean_regret", "worst_regret", "utility"), ("hypervolume", "expected_utility")))
    console.print(_explained(found), style="dim", highlight=False)
    console.print(", ".join(_amount(name, x) for name, x in found.costs.items()))
    return found


def everything(console: Console, found: Report) -> None:
    """All metrics of one result."""
    steered = [name for name, estimate in found.steering.items() if estimate.value.ndim == 0]
    console.print(_numbers(found, tuple(steered), tuple(found.front), title=found.result.label))
    console.print(_explained(found), style="dim", highlight=False)
    rows = Table(box=box.SIMPLE, pad_edge=False)
    rows.add_column("weights", no_wrap=True)
    shown = {name: found.steering[name] for name in ("regret", "esr_regret") if name in found.steering} | found.guards
    for name in shown:
        rows.add_column(name.replace("_", " "), justify="right")
    for i, weights in enumerate(found.result.weights):
        cells = [f"{estimate.value[i]:.3f}" for estimate in shown.values()]
        rows.add_row(" ".join(f"{w:.2f}" for w in weights), *cells)
    console.print(rows)
    responses = zip(found.result.objectives, _lines(found.steering["rank_correlation"]), strict=True)
    console.print("rank correlation of weight and return: " + ", ".join(f"{name} {x}" for name, x in responses))
    console.print(", ".join(_amount(name, x) for name, x in found.costs.items()))


def compare_files(console: Console, paths: Sequence[Path]) -> None:
    """One result in full, or several beside each other: a row each, then aggregates over their tasks."""
    files = [path / "result.json" if path.is_dir() else path for path in paths]
    for file in files:
        require(file.is_file(), "path", "must be a result file, or the folder of a run", str(file))
    results = [EvaluationResult.load(file) for file in files]
    if len(results) == 1:
        everything(console, report(results[0]))
        return
    by_task: dict[str, list[EvaluationResult]] = {}
    for result in results:
        by_task.setdefault(task_of(result), []).append(result)
    for held in by_task.values():
        front = best_known(held)
        _rows(console, [report(result, front) for result in held])
    if len({result.label for result in results}) > 1:
        _aggregates(console, compare(results))


def _rows(console: Console, reports: Sequence[Report]) -> None:
    rows = Table(title=reports[0].result.id, box=box.SIMPLE, pad_edge=False)
    rows.add_column("agent", overflow="fold")
    names = ("mean_regret", "worst_regret", "hypervolume", "expected_utility")
    for name in names:
        rows.add_column(name.replace("_", " "), justify="right")
    order = sorted(reports, key=lambda found: float(found.steering["mean_regret"].value))
    for found in order:
        rows.add_row(
            escape(found.result.label), *(_lines({**found.steering, **found.front}[name])[0] for name in names)
        )
    console.print(rows)
    console.print(_explained(order[0]), style="dim", highlight=False)


def _aggregates(console: Console, found: Comparison) -> None:
    if not found.tasks:
        console.print("no task has results of all agents: nothing to aggregate")
        return
    rows = Table(title=f"over {len(found.tasks)} task(s)", box=box.SIMPLE, pad_edge=False)
    rows.add_column("agent", overflow="fold")
    rows.add_column("interquartile mean score", justify="right")
    rows.add_column("probability of improvement over the next", justify="right")
    order = sorted(found.agents, key=lambda agent: -float(found.iqm[agent].value))
    for agent, following in zip(order, [*order[1:], None], strict=True):
        better = "" if following is None else _lines(found.improvement[agent, following])[0]
        rows.add_row(escape(agent), _lines(found.iqm[agent])[0], better)
    console.print(rows)
    console.print("score: 1 - mean regret, as a share of what can be gained; one a seed", style="dim")


def _numbers(found: Report, steered: Sequence[str], front: Sequence[str], title: str | None = None) -> Table:
    rows = Table(title=None if title is None else escape(title), box=box.SIMPLE, pad_edge=False)
    for heading in ("", "value", "95 % interval"):
        rows.add_column(heading, justify="left" if not heading else "right")
    for name in (*steered, *front):
        estimate = {**found.steering, **found.front}[name]
        interval = "" if np.isnan(estimate.low) else f"{estimate.low + 0:.4f} to {estimate.high + 0:.4f}"
        rows.add_row(name.replace("_", " "), f"{estimate.value:.4f}", interval)
    return rows


def _explained(found: Report) -> str:
    against = {
        "exact": "the exact front",
        "given": "the best points of these results",
        "own": "the agent's own best points, since no other front is known",
    }[found.reference.origin]
    seeds = len(found.result.seeds)
    ends = f"intervals: bootstrap over {seeds} seeds, prompts nested" if seeds > 1 else "one seed: no intervals"
    return f"regret against {against}; sets are chosen on one half of the prompts, scored on the other; {ends}"


def _lines(estimate: Estimate) -> list[str]:
    ends = np.stack([np.atleast_1d(part) for part in (estimate.value, estimate.low, estimate.high)], axis=1)
    return [f"{v:.3f}" + ("" if np.isnan(low) else f" [{low:.3f}, {high:.3f}]") for v, low, high in ends]


def _amount(name: str, x: float) -> str:
    """A cost in words: ``3,813 generated tokens``, ``124 MB peak memory``."""
    words = name.replace("_", " ")
    if words.endswith(" bytes"):
        return f"{x / 1e6:,.0f} MB {words.removesuffix(' bytes')}"
    return f"{x:,} {words}" if isinstance(x, int) else f"{x:,.1f} {words}"


def samples(console: Console, result: EvaluationResult) -> None:
    """A few answers with what was asked of them and what they earned."""
    prompts = {prompt.id: prompt.text for prompt in registry.prompts(result.id, "test")}
    corners = np.linspace(0, len(result.weights) - 1, min(_SAMPLES, len(result.weights))).astype(int)
    console.print("\n[bold]sample answers[/]")
    for i, w in enumerate(corners):
        prompt = i % len(result.prompt_ids)
        scores = zip(result.objectives, result.returns[0][w][prompt], strict=True)
        asked = ", ".join(f"{name} {x:g}" for name, x in zip(result.objectives, result.weights[w], strict=True))
        console.print(f"\n[dim]{escape(prompts[result.prompt_ids[prompt]])}[/]", highlight=False)
        console.print(escape(result.completions[0][w][prompt].strip()), highlight=False)
        console.print(f"[dim]asked:[/] {asked}  [dim]got:[/] " + ", ".join(f"{n} {x:.2f}" for n, x in scores))
