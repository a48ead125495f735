"""What the suite holds, whether an environment keeps the contract, and fetching a model."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from morl_envs import registry
from morl_envs.tasks import SPLITS

__all__ = ["checks", "fetch", "lm_kwargs", "suite"]


def lm_kwargs(id: str, **kwargs: Any) -> dict[str, Any]:
    """What chooses a language model, for an id that takes one; nothing for one that has none."""
    return kwargs if registry.uses_lm(id) else {}


def suite(console: Console) -> None:
    """Print the registry, a block a task; ids are never cut or wrapped."""
    from morl_envs import objectives

    for name, row in registry.TASKS.items():
        task = registry.task(name)
        scored = ", ".join(task.objectives)
        if not row.environments:
            scorers = [objectives.get(objective) for objective in task.objectives]
            scored = ", ".join(f"{o.name} [{o.low:g}, {o.high:g}]" for o in scorers)
        counts = " and ".join(f"{len(task.prompts(split))} {split}" for split in SPLITS)
        block = Table.grid(padding=(0, 2))
        block.add_column(width=10)
        block.add_column(overflow="fold")
        block.add_row(Text(name, style="bold"), Text(task.summary))
        block.add_row("", Text(f"objectives: {scored}"))
        block.add_row("", Text(f"prompts: {counts}"))
        for control in row.controls:
            block.add_row("", Text(row.id(control), style="cyan", no_wrap=True))
        console.print(block, "")


def checks(console: Console, id: str, **kwargs: Any) -> None:
    """Run every named check on the scalar and the vector environment."""
    import gymnasium

    from morl_envs.check import ENV_CHECKS, VECTOR_CHECKS, check_env, check_vector_env
    from morl_envs.registry import task_and_control

    task_and_control(id)  # an unknown id is refused with a suggestion
    env = gymnasium.make(id, **kwargs)
    check_env(env)
    envs = gymnasium.make_vec(id, num_envs=3, **kwargs)
    check_vector_env(envs)
    env.close()
    envs.close()
    for name in (*ENV_CHECKS, *VECTOR_CHECKS):
        console.print(f"[green]ok[/] {name.replace('_', ' ')}")


def fetch(console: Console, name: str) -> None:
    """Fetch a model with a progress bar."""
    from morl_envs.lm import hub

    columns = (TextColumn("{task.description:>9}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        stages: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage == "convert":
                bar.console.print(f"converting: {('reading', 'writing', 'checking', 'done')[done]}")
                return
            if stage not in stages:
                stages[stage] = bar.add_task(stage, total=total)
            bar.update(stages[stage], completed=done, total=total)

        folder = hub.fetch(name, progress=report)
    console.print(f"{name} is in {folder}", soft_wrap=True)
