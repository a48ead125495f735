"""Drawing the front."""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path

import numpy as np

from morl_envs.evaluation import EvaluationResult
from morl_envs.metrics import non_dominated

__all__ = ["draw_front"]


def draw_front(result: EvaluationResult, path: Path) -> None:
    """Mean returns per weight vector, a panel per pair of objectives; the file appears complete or not at all.

    Small dots are single seeds, circled points are not dominated (in all objectives), colour is the weight of the
    horizontal objective.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    means, by_seed = result.mean_returns(), result.returns_by_seed()
    weights = np.asarray(result.weights)
    front = non_dominated(means)
    pairs = list(combinations(range(len(result.objectives)), 2)) or [(0, 0)]
    figure = Figure(figsize=(1.2 + 3.6 * len(pairs), 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(pairs), squeeze=False)[0]
    for axis, (x, y) in zip(axes, pairs, strict=True):
        for row in by_seed:
            axis.scatter(row[:, x], row[:, y], s=6, c="0.75", linewidths=0)
        shown = axis.scatter(means[:, x], means[:, y], c=weights[:, x], cmap="viridis", s=38, vmin=0, vmax=1, zorder=3)
        axis.scatter(means[front, x], means[front, y], s=110, facecolors="none", edgecolors="crimson", zorder=2)
        axis.set(xlabel=result.objectives[x], ylabel=result.objectives[y])
        axis.grid(alpha=0.25)
        figure.colorbar(shown, ax=axis, label=f"weight of {result.objectives[x]}", shrink=0.85)
    figure.suptitle(
        f"{result.agent} on {result.id}: {len(result.seeds)} seeds, {len(result.prompt_ids)} prompts "
        f"(circled: not dominated)",
        fontsize=10,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        figure.savefig(partial, format="png", dpi=130)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
