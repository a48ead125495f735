"""The main job: train, evaluate, print, draw, keep."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from morl_envs import registry
from morl_envs.budget import Meter
from morl_envs.cli import agents, report
from morl_envs.cli.show import lm_kwargs
from morl_envs.errors import InvalidParameter, require
from morl_envs.evaluation import Budget, EvaluationResult, evaluate
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


@dataclass(frozen=True)
class _Plan:
    """A request whose every argument was checked, before a model is loaded or anything is spent."""

    agent: Any
    seeds: tuple[int, ...]
    weights: NDArray[np.float64]
    n_prompts: int
    budget: Budget
    kwargs: dict[str, Any]
    out: Path


def run(console: Console, request: Request) -> EvaluationResult:
    """Train and evaluate; the result file is written before anything is drawn."""
    from morl_envs.cli.plot import draw_front

    plan = _checked(request)
    meter = Meter(plan.budget)

    def make_env(**overrides: Any) -> Any:
        env: Any = gymnasium.make(request.env, **{**plan.kwargs, **overrides, "split": "train"})
        env.unwrapped.meter = meter
        return env

    plan.agent.train(make_env, plan.budget, plan.seeds[0])
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("eta"), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("answers", total=None)
        result = evaluate(
            plan.agent,
            request.env,
            weights=plan.weights,
            seeds=plan.seeds,
            n_prompts=plan.n_prompts,
            num_envs=request.num_envs,
            env_kwargs=plan.kwargs,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    result.save(plan.out / "result.json")
    draw_front(result, plan.out / "front.png")
    report.table(console, result)
    report.samples(console, result)
    console.print(f"\nresult {plan.out / 'result.json'}\nfront  {plan.out / 'front.png'}", soft_wrap=True)
    return result


def _checked(request: Request) -> _Plan:
    protocol = registry.protocol(request.env)
    _, control = registry.task_and_control(request.env)
    agent = agents.build(request.agent, request.settings)
    fitting = getattr(agent, "controls", (control,))
    require(control in fitting, "agent", f"must act under the control {control!r} of {request.env}", request.agent)
    seeds = protocol.seeds
    if request.n_seeds is not None:
        require(1 <= request.n_seeds <= len(seeds), "--seeds", f"must be in [1, {len(seeds)}]", request.n_seeds)
        seeds = seeds[: request.n_seeds]
    n_prompts = protocol.n_prompts if request.n_prompts is None else request.n_prompts
    available = len(registry.prompts(request.env, "test"))
    require(1 <= n_prompts <= available, "--n-prompts", f"must be in [1, {available}]", n_prompts)
    require(request.num_envs >= 1, "--num-envs", "must be at least 1", request.num_envs)
    divisions = protocol.weight_divisions if request.divisions is None else request.divisions
    weights = simplex_lattice(len(protocol.ref_point), divisions)
    budget = Budget(scored_completions=request.completions, generated_tokens=request.tokens)
    kwargs: dict[str, Any] = lm_kwargs(request.env, lm=request.lm, device=request.device, dtype=request.dtype)
    gymnasium.make(request.env, **kwargs).close()  # an unknown model or device is refused here
    return _Plan(agent, seeds, weights, n_prompts, budget, kwargs, _writable_folder(request))


def _writable_folder(request: Request) -> Path:
    name = Path(request.agent.partition(":")[0]).stem
    out = request.out or Path("runs") / f"{name}-{request.env.replace('/', '-')}"
    rule = "must hold no result yet, or --overwrite must be given"
    require(request.overwrite or not (out / "result.json").exists(), "--out", rule, str(out))
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise InvalidParameter(f"--out must be a folder that can be written, got {str(out)!r}: {error}") from None
    return out
