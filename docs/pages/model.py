"""The embedded model's card."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

from morl_envs import registry
from morl_envs.lm.download import sha256
from morl_envs.lm.embedded import FOLDER
from pages import HERE
from pages.answers import card
from pages.markdown import table

__all__ = ["embedded", "n_parameters"]


def embedded() -> str:
    """The embedded model's card: sizes, hash, figures, and answers of each task."""
    found = json.loads((HERE / "embedded.json").read_text(encoding="utf-8"))
    recipe = json.loads((FOLDER.parents[1] / "training" / "embedded" / "recipe.json").read_text(encoding="utf-8"))
    weights = FOLDER / "model.safetensors"
    sizes = [
        ("parameters", f"{n_parameters(weights):,}"),
        ("file", f"{weights.stat().st_size / 1e6:.1f} MB, bfloat16, SHA-256 `{sha256(weights)}`"),
        ("vocabulary", f"{recipe['vocabulary_size']:,} tokens"),
        ("layers, width, heads", f"{recipe['layers']}, {recipe['width']}, {recipe['heads']}"),
        ("training", f"{recipe['steps']:,} steps of {recipe['batch_tokens']:,} tokens, seed {recipe['seed']}"),
        ("distinct-2 of 500 answers, the tasks in equal shares", f"{found['distinct_2']:.2f}"),
    ]
    rows = [
        (
            f"[{task['task']}](environments/{task['task']}.md)",
            f"{task['matching']:.2f}",
            f"{task['distinct_2']:.2f}",
            f"{task['words']:.0f}",
            ", ".join(f"{name} {value:.2f}" for name, value in task["spread"].items()),
        )
        for task in found["tasks"]
    ]
    shown = ["## What it writes\n\nThe first five test prompts of each task, at temperature 1, none left out.\n"]
    for task in found["tasks"]:
        names = registry.task(task["task"]).objectives
        cards = [card(names, {"source": "sampled", "remark": "", **answer}) for answer in task["answers"]]
        shown.append(f"### {task['task']}\n\n" + "\n".join(cards))
    head = ("task", "matching", "distinct-2", "words a turn", "spread")
    return "\n".join([table(("", ""), sizes), table(head, rows), *shown])


def n_parameters(weights: Path) -> int:
    """How many numbers a safetensors file holds."""
    with weights.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return sum(prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
