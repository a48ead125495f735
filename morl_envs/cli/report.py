"""Printing what an evaluation found."""

from __future__ import annotations

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from morl_envs import registry
from morl_envs.evaluation import EvaluationResult
from morl_envs.metrics import non_dominated

__all__ = ["samples", "table"]

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
    console.print(
        f"hypervolume {result.hypervolume():.4f} above {result.ref_point}, "
        f"expected utility {result.expected_utility():.4f}, "
        + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in result.costs.items())
    )


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
