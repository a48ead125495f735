"""Enumerating a lab: every answer to each of its prompts, written and scored by the environment's own rows."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from morl_envs import registry
from morl_envs.envs import lab
from morl_envs.envs.answers import best_answers
from morl_envs.errors import require_one_of

__all__ = ["enumerate_lab", "write"]

_ROWS = 512  # answers written side by side

Progress = Callable[[int, int], None]
"""Called with (prompts done, prompts in all)."""


def enumerate_lab(task: str, progress: Progress | None = None, **kwargs: Any) -> dict[str, Any]:
    """All answers of the lab of `task`, reduced to those that no other beats in reward and speed.

    Args:
        task: A task with a lab.
        progress: Called prompt by prompt.
        kwargs: Of the environment, such as ``lm``.

    Raises:
        InvalidParameter: for a task without a lab, or a keyword argument that its environment refuses.
    """
    labs = [name for name, row in registry.TASKS.items() if "lab" in row.controls]
    require_one_of("task", task, labs)
    plans = np.array(list(product(range(lab.CANDIDATES), repeat=lab.DECISIONS)))
    rows = lab.LabEpisodes(_ROWS, task, **kwargs)
    assert (rows.reward_space.low >= 0).all()  # or else a longer answer could be better under a discount
    prompts = []
    for p, prompt in enumerate(rows.prompts):
        found: dict[tuple[int, ...], NDArray[np.float32]] = {}  # an answer may end before its plan does
        for start in range(0, len(plans), _ROWS):
            found.update(_write(rows, p, plans[start : start + _ROWS]))
        actions = list(found)
        points = np.rint(np.stack(list(found.values())) * lab.LATTICE).astype(np.int64)
        kept = best_answers(points, np.array([len(plan) for plan in actions]))
        prompts.append(
            {
                "id": prompt.id,
                "answers": len(actions),
                "points": points[kept].tolist(),
                "actions": [list(actions[i]) for i in kept],
            }
        )
        if progress is not None:
            progress(p + 1, len(rows.prompts))
    return {
        "task": task,
        "lm": rows.lm.name,
        "objectives": list(rows.objectives),
        "versions": [scorer.version for scorer in rows.scorers],
        "lattice": lab.LATTICE,
        "prompts": prompts,
    }


def _write(rows: lab.LabEpisodes, prompt: int, plans: NDArray[np.int64]) -> dict[tuple[int, ...], NDArray[np.float32]]:
    live = np.arange(len(plans))
    rows.begin(np.arange(_ROWS), np.full(_ROWS, prompt))
    found = {}
    for t in range(lab.DECISIONS):
        rows.observe(live)
        rewards, done = rows.step(live, plans[live, t])
        for row, reward in zip(live[done], rewards[done], strict=True):
            found[tuple(plans[row, : t + 1].tolist())] = reward
        live = live[~done]
        if not len(live):
            break
    return found


def write(enumerated: dict[str, Any], folder: Path) -> Path:
    """Write ``lab-<task>.json`` and its hash into ``labs.json``; each file appears complete or not at all."""
    path = folder / f"lab-{enumerated['task']}.json"
    text = json.dumps(enumerated)
    index = folder / "labs.json"
    known = json.loads(index.read_text()) if index.exists() else {}
    known[enumerated["task"]] = hashlib.sha256(text.encode()).hexdigest()
    for file, content in ((path, text), (index, json.dumps(known, indent=1, sort_keys=True))):
        partial = file.with_suffix(".partial")
        partial.write_text(content)
        os.replace(partial, file)
    return path
