"""The only list of environments: tasks x controls -> Gymnasium ids. Everything else derives from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

import gymnasium

from morl_envs.errors import require_one_of
from morl_envs.spec import EvaluationProtocol, Prompt

if TYPE_CHECKING:
    from morl_envs.tasks.base import Task

__all__ = [
    "CONTROLS",
    "LAB_PROMPTS",
    "TASKS",
    "Row",
    "ids",
    "prompts",
    "protocol",
    "row",
    "task",
    "task_and_control",
    "uses_lm",
]

CONTROLS = {"token": "Token", "choice": "Choice", "completion": "Completion", "lab": "Lab"}
"""Control -> prefix of its two environment classes in ``morl_envs.envs.<control>``."""
LAB_PROMPTS = 8
"""Prompts of a lab, few enough that every answer to each is known."""


@dataclass(frozen=True)
class Row:
    """A task of the suite: where it is, under which controls it runs, and how it is judged.

    Args:
        task: Name; the task is ``morl_envs.tasks.<name>.TASK``.
        controls: Names of its controls.
        protocol: How agents are judged, for the default keyword arguments; in a lab, on its few prompts.
        version: Of its ids.
        environments: ``module:Prefix`` of environment classes of its own, for a task that needs no language model and
            so takes no ``lm``, ``device`` or ``dtype``; empty for the classes of the control. Under a control other
            than its first, the control's own prefix follows.
    """

    task: str
    controls: tuple[str, ...]
    protocol: EvaluationProtocol
    version: int = 0
    environments: str = ""

    def id(self, control: str) -> str:
        """The Gymnasium id of this task under `control`."""
        return f"morl/{self.task}-{control}-v{self.version}"

    def entry_point(self, control: str) -> str:
        """``module:Prefix`` of the environment classes under `control`."""
        if not self.environments:
            return f"morl_envs.envs.{control}:{CONTROLS[control]}"
        return self.environments + ("" if control == self.controls[0] else CONTROLS[control])


_ROWS = (
    Row(
        "review",
        ("token", "choice", "completion", "lab"),
        EvaluationProtocol(ref_point=(-0.01, -0.01, -0.01), nadir=(0.15, 0.0, 0.18), ideal=(0.89, 0.45, 0.98)),
    ),
    Row(
        "arithmetic",
        ("token", "choice", "completion"),
        EvaluationProtocol(ref_point=(-0.01, -0.01, -0.01), nadir=(0.0, 0.27, 0.0), ideal=(1.0, 1.0, 1.0)),
    ),
    Row(
        "reflection",
        ("token", "choice", "completion"),
        EvaluationProtocol(ref_point=(-0.01, -0.01, -0.01), nadir=(0.0, 0.0, 0.12), ideal=(1.0, 0.75, 0.86)),
    ),
    Row(
        "assistant",
        ("token", "choice", "completion"),
        EvaluationProtocol(ref_point=(-0.01, -0.01, -0.01), nadir=(0.0, 0.0, 0.0), ideal=(0.86, 1.0, 0.7)),
    ),
    Row(
        "summary",
        ("token", "choice", "completion", "lab"),
        EvaluationProtocol(ref_point=(-0.01, -0.01, -0.01), nadir=(0.01, 0.08, 0.27), ideal=(1.0, 0.82, 0.96)),
    ),
    Row(
        "story",
        ("token", "choice", "completion", "lab"),
        EvaluationProtocol(ref_point=(-0.01, -0.01, -0.01), nadir=(0.0, 0.17, 0.15), ideal=(1.0, 1.0, 0.87)),
    ),
    Row(
        "detox",
        ("token", "choice", "completion"),
        EvaluationProtocol(ref_point=(-0.01, -0.01, -0.01), nadir=(0.0, 0.0, 0.0), ideal=(1.0, 0.79, 0.43)),
    ),
    Row(
        "haggle",
        ("token", "choice", "completion"),
        EvaluationProtocol(ref_point=(-0.01, -0.01, -0.01), nadir=(0.0, 0.0, 0.0), ideal=(0.7, 1.0, 0.87)),
    ),
    Row(
        "dial",
        ("token", "choice"),
        EvaluationProtocol(ref_point=(1.1875, 0.5625), nadir=(1.25, 0.625), ideal=(7.375, 6.5)),
        environments="morl_envs.envs.dial:Dial",
    ),
)
TASKS = {r.task: r for r in _ROWS}
_BY_ID = {r.id(control): (r, control) for r in _ROWS for control in r.controls}


def ids() -> tuple[str, ...]:
    """Every registered id, in the order of the registry."""
    return tuple(_BY_ID)


def task_and_control(id: str) -> tuple[str, str]:
    """The task's name and the control behind an id."""
    require_one_of("id", id, _BY_ID)
    found, control = _BY_ID[id]
    return found.task, control


def uses_lm(id: str) -> bool:
    """Whether an id takes a language model: the keyword arguments ``lm``, ``device`` and ``dtype``."""
    return not row(task_and_control(id)[0]).environments


def row(task: str) -> Row:
    """The registry's row of a task."""
    require_one_of("task", task, TASKS)
    return TASKS[task]


def protocol(id: str) -> EvaluationProtocol:
    """The frozen evaluation protocol of an id."""
    found, control = task_and_control(id)
    judged = row(found).protocol
    return replace(judged, n_prompts=LAB_PROMPTS) if control == "lab" else judged


def prompts(id: str, split: str) -> tuple[Prompt, ...]:
    """The prompts of an id: its task's split, but the first of the training split in a lab, under either split."""
    found, control = task_and_control(id)
    return task(found).prompts("train")[:LAB_PROMPTS] if control == "lab" else task(found).prompts(split)


def task(name: str) -> Task:
    """The task itself, imported on first use from ``morl_envs.tasks.<name>``."""
    require_one_of("task", name, TASKS)
    found: Task = import_module(f"morl_envs.tasks.{name}").TASK
    return found


def _register() -> None:
    for id, (found, control) in _BY_ID.items():
        if id in gymnasium.registry:
            continue
        classes = found.entry_point(control)
        gymnasium.register(
            id,
            entry_point=f"{classes}Env",
            vector_entry_point=f"{classes}VectorEnv",
            disable_env_checker=True,  # Gymnasium's passive checker wants a scalar; morl_envs.check_env fits
            kwargs={} if found.environments else {"task": found.task},
        )


_register()
