"""Drawing the front."""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from morl_envs.evaluation import EvaluationResult
from morl_envs.evaluation.certificate import Certificate, Interval
from morl_envs.metrics import non_dominated

__all__ = ["draw_certificate", "draw_front"]


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


def draw_certificate(certificate: Certificate, path: Path) -> None:
    """A heat map for each matrix, numbers and 95 % intervals in the cells; the file appears complete or not at all.

    Blue is together, red is against each other: a pair of colours that colour-blind readers tell apart.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = {
        "correlation within prompts": certificate.correlation,
        "cosine of policy gradients": certificate.gradient_cosine,
        "transfer: training on the row\nmoves the column": certificate.transfer,
    }
    shown = {title: interval for title, interval in panels.items() if interval is not None}
    k = len(certificate.objectives)
    figure = Figure(figsize=(0.6 + (1.0 + 1.05 * k) * len(shown), 1.1 + 0.95 * k), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(shown), squeeze=False)[0]
    for axis, (title, interval) in zip(axes, shown.items(), strict=True):
        _heat_map(axis, certificate.objectives, interval)
        axis.set_title(title, fontsize=10)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        figure.savefig(partial, dpi=110, format="png", metadata={"Software": None})
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _heat_map(axis: Any, names: tuple[str, ...], shown: Interval) -> None:
    values, lows, highs = (np.array(m, dtype=np.float64) for m in (shown.value, shown.low, shown.high))
    axis.imshow(values, cmap="RdBu", vmin=-1.3, vmax=1.3)  # the darkest colours would drown the numbers
    axis.set_facecolor("0.9")
    axis.set(xticks=range(len(names)), yticks=range(len(names)))
    axis.set_xticklabels(names, rotation=30, ha="right", rotation_mode="anchor")
    axis.set_yticklabels(names)
    for (i, j), value in np.ndenumerate(values):
        known = np.isfinite(value)
        ink = "white" if known and abs(value) > 0.8 else "black"
        axis.text(
            j, i, f"{value:.2f}" if known else "not\nknown", ha="center", va="bottom" if known else "center", color=ink
        )
        if i != j and np.isfinite(lows[i, j]) and np.isfinite(highs[i, j]):
            ends = f"{lows[i, j]:.2f} to\n{highs[i, j]:.2f}"
            axis.text(j, i + 0.06, ends, ha="center", va="top", color=ink, fontsize=7)
