"""The main job: train, evaluate, print, draw, keep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from morl_envs import registry
from morl_envs.budget import Meter
from morl_envs.cli import agents
from morl_envs.cli.show import lm_kwargs
from morl_envs.errors import require
from morl_envs.evaluation import Budget, EvaluationResult, evaluate
from morl_envs.metrics import non_dominated, simplex_lattice

__all__ = ["Request", "run"]

_SAMPLES = 5


@dataclass(frozen=True)
class Request:
    """The arguments of ``morl-envs run``."""

    agent: str
    env: str
    lm: str
    device: str
    dtype: str
    n_prompts: int | None
    n_seeds: int | None
    divisions: int | None
    num_envs: int
    settings: tuple[str, ...]
    out: Path | None


def run(console: Console, request: Request) -> EvaluationResult:
    """Train and evaluate; the result file is written before anything is drawn."""
    from morl_envs.cli.plot import draw_front

    protocol = registry.protocol(request.env)
    agent = agents.build(request.agent, request.settings)
    seeds = protocol.seeds
    if request.n_seeds is not None:
        require(1 <= request.n_seeds <= len(seeds), "--seeds", f"must be in [1, {len(seeds)}]", request.n_seeds)
        seeds = seeds[: request.n_seeds]
    kwargs = lm_kwargs(request.env, lm=request.lm, device=request.device, dtype=request.dtype)
    meter = Meter()

    def make_env(**overrides: Any) -> Any:
        env: Any = gymnasium.make(request.env, **{**kwargs, **overrides, "split": "train"})
        env.unwrapped.meter = meter
        return env

    agent.train(make_env, Budget(), seeds[0])
    weights = None
    if request.divisions is not None:
        weights = simplex_lattice(len(protocol.ref_point), request.divisions)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("eta"), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("answers", total=None)
        result = evaluate(
            agent,
            request.env,
            weights=weights,
            seeds=seeds,
            n_prompts=request.n_prompts,
            num_envs=request.num_envs,
            env_kwargs=kwargs,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    name = Path(request.agent.partition(":")[0]).stem
    out = request.out or Path("runs") / f"{name}-{request.env.replace('/', '-')}"
    result.save(out / "result.json")
    draw_front(result, out / "front.png")
    _table(console, result)
    _samples(console, result)
    console.print(f"\nresult {out / 'result.json'}\nfront  {out / 'front.png'}", soft_wrap=True)
    return result


def _table(console: Console, result: EvaluationResult) -> None:
    means, by_seed = result.mean_returns(), result.returns_by_seed()
    front = non_dominated(means)
    table = Table(title=f"{escape(result.agent)} on {result.id}")
    table.add_column("weights")
    for name in result.objectives:
        table.add_column(name, justify="right")
    table.add_column("weighted", justify="right")
    table.add_column("front")
    several = len(result.seeds) > 1
    for i, weights in enumerate(np.asarray(result.weights)):
        spread = by_seed[:, i].std(axis=0, ddof=1) if several else None
        cells = [f"{m:.3f}" + (f" ±{spread[j]:.3f}" if spread is not None else "") for j, m in enumerate(means[i])]
        shown = " ".join(f"{w:.2f}" for w in weights)
        table.add_row(shown, *cells, f"{weights @ means[i]:.3f}", "*" if front[i] else "")
    console.print(table)
    if several:
        console.print(f"± standard deviation over {len(result.seeds)} seeds; * not dominated", style="dim")
    console.print(
        f"hypervolume {result.hypervolume():.4f} above {result.ref_point}, "
        f"expected utility {result.expected_utility():.4f}, "
        + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in result.costs.items())
    )


def _samples(console: Console, result: EvaluationResult) -> None:
    prompts = {
        prompt.id: prompt.text for prompt in registry.task(registry.task_and_control(result.id)[0]).prompts("test")
    }
    corners = np.linspace(0, len(result.weights) - 1, min(_SAMPLES, len(result.weights))).astype(int)
    console.print("\n[bold]sample answers[/]")
    for i, w in enumerate(corners):
        prompt = i % len(result.prompt_ids)
        scores = zip(result.objectives, result.returns[0][w][prompt], strict=True)
        asked = ", ".join(f"{name} {x:g}" for name, x in zip(result.objectives, result.weights[w], strict=True))
        console.print(f"\n[dim]{escape(prompts[result.prompt_ids[prompt]])}[/]", highlight=False)
        console.print(escape(result.completions[0][w][prompt].strip()), highlight=False)
        console.print(f"[dim]asked:[/] {asked}  [dim]got:[/] " + ", ".join(f"{n} {x:.2f}" for n, x in scores))
