"""The main job: train, evaluate, print, draw, keep."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gymnasium
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from morl_envs import registry
from morl_envs.cli import agents, report
from morl_envs.cli.runs import RunFolder
from morl_envs.cli.show import lm_kwargs
from morl_envs.errors import require, require_one_of
from morl_envs.evaluation import Budget, EvaluationResult
from morl_envs.evaluation.evaluate import assembled
from morl_envs.evaluation.executors import EXECUTORS, run_units
from morl_envs.evaluation.plan import Plan
from morl_envs.evaluation.training import train
from morl_envs.metrics import simplex_lattice

__all__ = ["Request", "run"]


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
    completions: int | None
    tokens: int | None
    out: Path | None
    overwrite: bool
    resume: bool = False
    executor: str = "local"
    workers: int | None = None


@dataclass(frozen=True)
class _Job:
    """A request whose every argument was checked, before a model is loaded or anything is spent."""

    agent: Any
    plan: Plan
    budget: Budget
    kwargs: dict[str, Any]
    folder: RunFolder


def run(console: Console, request: Request) -> EvaluationResult:
    """Train and evaluate, or go on where a killed run stopped; the result is kept before anything is drawn."""
    from morl_envs.cli.plot import draw_front

    job = _checked(request)
    asked = {"agent": request.agent, "settings": sorted(request.settings), "budget": asdict(job.budget)}
    asked["plan"] = job.plan.model_dump(mode="json", exclude={"num_envs"})
    result = job.folder.open(asked, resume=request.resume, overwrite=request.overwrite)
    if result is None:
        result = _execute(console, request, job)
        job.folder.finish(result)
    out = job.folder.path
    draw_front(result, out / "front.png")
    report.table(console, result)
    report.key_numbers(console, result)
    report.samples(console, result)
    console.print(f"\nresult {out / 'result.json'}\nfront  {out / 'front.png'}", soft_wrap=True)
    return result


def _execute(console: Console, request: Request, job: _Job) -> EvaluationResult:
    training = job.folder.training()
    if training is None:
        seed = job.plan.seeds[0]
        spent = train(job.agent, request.env, budget=job.budget, seed=seed, env_kwargs=job.kwargs)
        job.folder.keep_agent(job.agent, spent)
        training = job.folder.training()
    assert training is not None  # it was just kept
    saved = agents.Saved(request.agent, job.folder.agent)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("eta"), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("seeds x weights", total=job.plan.n_units)
        units = run_units(
            job.plan,
            saved,
            job.folder.units,
            executor=request.executor,
            workers=request.workers,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    return assembled(job.plan, job.agent, units, *training)


def _checked(request: Request) -> _Job:
    protocol = registry.protocol(request.env)
    task, control = registry.task_and_control(request.env)
    agent = agents.build(request.agent, request.settings)
    fitting = getattr(agent, "controls", (control,))
    fits = control in fitting or f"{task}-{control}" in fitting
    require(fits, "agent", f"must act under the control {control!r} of {request.env}", request.agent)
    seeds = protocol.seeds
    if request.n_seeds is not None:
        require(1 <= request.n_seeds <= len(seeds), "--seeds", f"must be in [1, {len(seeds)}]", request.n_seeds)
        seeds = seeds[: request.n_seeds]
    n_prompts = protocol.n_prompts if request.n_prompts is None else request.n_prompts
    available = len(registry.prompts(request.env, "test"))
    require(1 <= n_prompts <= available, "--n-prompts", f"must be in [1, {available}]", n_prompts)
    require(request.num_envs >= 1, "--num-envs", "must be at least 1", request.num_envs)
    require_one_of("--executor", request.executor, EXECUTORS)
    require(request.workers is None or request.workers >= 1, "--workers", "must be at least 1", request.workers)
    divisions = protocol.weight_divisions if request.divisions is None else request.divisions
    weights = simplex_lattice(len(protocol.ref_point), divisions)
    budget = Budget(scored_completions=request.completions, generated_tokens=request.tokens)
    kwargs: dict[str, Any] = lm_kwargs(request.env, lm=request.lm, device=request.device, dtype=request.dtype)
    gymnasium.make(request.env, **kwargs).close()  # an unknown model or device is refused here
    plan = Plan.checked(
        request.env, weights=weights, seeds=seeds, n_prompts=n_prompts, num_envs=request.num_envs, env_kwargs=kwargs
    )
    name = Path(request.agent.partition(":")[0]).stem
    out = request.out or Path("runs") / f"{name}-{request.env.replace('/', '-')}"
    return _Job(agent, plan, budget, kwargs, RunFolder(out))
