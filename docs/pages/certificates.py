"""What certificates say: the map of all pairs, and a task's own part."""

from __future__ import annotations

import itertools

from morl_envs import registry
from morl_envs.evaluation.certificate import Certificate, Interval
from pages import HERE
from pages.markdown import table

__all__ = ["measured_relationships", "relationships"]


def relationships() -> str:
    """The map: every pair of every task with its label."""
    rows = []
    for name in registry.TASKS:
        path = HERE / "environments" / "certificates" / f"{name}.json"
        task = f"[{name}](environments/{name}.md)"
        if not path.exists():
            rows.append((task, ", ".join(registry.task(name).objectives), "not measured yet", "", ""))
            continue
        found = Certificate.load(path)
        for i, j in itertools.combinations(range(len(found.objectives)), 2):
            pair = f"{found.objectives[i]}, {found.objectives[j]}"
            shown = found.hypervolume if (i, j) == (0, 1) else None
            volume = "" if shown is None else f"{shown:.2f}"
            rows.append((task, pair, f"**{found.labels[pair]}**", _shown(found.correlation, i, j), volume))
    return table(("task", "pair", "label", "correlation within prompts", "hypervolume of the front"), rows)


def measured_relationships(name: str) -> str:
    """The heat map of a certificate and its numbers pair by pair; nothing for a task that has none yet."""
    path = HERE / "environments" / "certificates" / f"{name}.json"
    if not path.exists():
        return ""
    found = Certificate.load(path)
    labels = "; ".join(f"{pair}: {label}" for pair, label in found.labels.items())
    kept = ", ".join(f"`{key}={value!r}`" for key, value in found.env_kwargs.items() if key not in ("device", "dtype"))
    base = (f"`{found.lm}`" if found.lm else "the task's own prior") + (f" with {kept}" if kept else "")
    return (
        f"## Relationships\n\nMeasured under {base}: {found.n_samples} answers to each "
        f"of {found.n_prompts} training prompts, 95 % intervals over prompts. `morl-envs certify {name}` measures it "
        "again; [Relationships](../relationships.md) says what the numbers mean.\n\n"
        f"```{{image}} ../generated/certificates/{name}.png\n"
        f":alt: Heat maps of how the objectives relate. {labels}.\n```\n\n{_pairs(found)}\n"
        f"Hypervolume of the normalised front: {found.hypervolume:.2f}; 1 where nothing has to be given up."
    )


def _pairs(found: Certificate) -> str:
    names, rows = found.objectives, []
    for i, j in itertools.combinations(range(len(names)), 2):
        cosine = _shown(found.gradient_cosine, i, j) if found.gradient_cosine else "no language model"
        transfer = f"{_shown(found.transfer, i, j)}; back {_shown(found.transfer, j, i)}"
        pair = f"{names[i]}, {names[j]}"
        rows.append((pair, f"**{found.labels[pair]}**", _shown(found.correlation, i, j), cosine, transfer))
    return table(("pair", "label", "correlation", "gradient cosine", "transfer"), rows)


def _shown(interval: Interval, i: int, j: int) -> str:
    value, low, high = interval.value[i][j], interval.low[i][j], interval.high[i][j]
    if value is None:
        return "not known"
    return f"{value:.2f}" if low is None or high is None else f"{value:.2f} ({low:.2f} to {high:.2f})"
