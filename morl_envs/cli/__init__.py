"""The command ``morl-envs``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from morl_envs import __version__, registry
from morl_envs.errors import (
    BudgetExceeded,
    ContractViolation,
    InvalidParameter,
    ModelUnavailable,
    ScoringError,
)

__all__ = ["app", "main"]

app = typer.Typer(
    name="morl-envs",
    help="Multi-objective reinforcement learning for text generation.",
    pretty_exceptions_enable=False,
)
console = Console()

Id = Annotated[str, typer.Argument(help="Environment id.")]
Task = Annotated[str, typer.Argument(help="Name of a task.")]
Name = Annotated[str, typer.Argument(help="Name of the model: smollm2-135m.")]
Seed = Annotated[int, typer.Option(help="Of the first episode; the next ones count on from it.")]
Lm = Annotated[str, typer.Option(help="Language model: a name, a folder or a hub id.")]
Device = Annotated[str, typer.Option(help="Where it runs.")]
Dtype = Annotated[str, typer.Option(help="What it computes in.")]


@app.command("list")
def list_() -> None:
    """Show the tasks, their objectives, the controls and the ids."""
    from morl_envs.cli import show

    show.suite(console)


@app.command()
def check(id: Id, lm: Lm = "embedded", device: Device = "auto", dtype: Dtype = "auto") -> None:
    """Check an environment, scalar and vector, against the contract."""
    from morl_envs.cli import show

    show.checks(console, id, **show.lm_kwargs(id, lm=lm, device=device, dtype=dtype))


@app.command()
def play(id: Id, lm: Lm = "embedded", device: Device = "auto", dtype: Dtype = "auto", seed: Seed = 0) -> None:
    """Write tokens or answers yourself and see the reward vector."""
    from morl_envs.cli import show
    from morl_envs.cli.play import play as play_episodes

    play_episodes(console, id, seed=seed, **show.lm_kwargs(id, lm=lm, device=device, dtype=dtype))


@app.command()
def fetch(name: Name) -> None:
    """Fetch a language model into the cache, verified and converted once."""
    from morl_envs.cli import show

    show.fetch(console, name)


@app.command()
def run(
    agent: Annotated[str, typer.Argument(help="A reference agent, or FILE.py, or FILE.py:Class.")],
    env: Annotated[str, typer.Option(help="Environment id.")] = "morl/review-completion-v0",
    lm: Lm = "embedded",
    device: Device = "auto",
    dtype: Dtype = "auto",
    n_prompts: Annotated[int | None, typer.Option(help="Test prompts; the protocol's number by default.")] = None,
    seeds: Annotated[int | None, typer.Option(help="How many of the protocol's seeds to use.")] = None,
    divisions: Annotated[int | None, typer.Option(help="Steps of the weight lattice between two corners.")] = None,
    num_envs: Annotated[int, typer.Option(help="Episodes side by side.")] = 32,
    set_: Annotated[list[str] | None, typer.Option("--set", help="An argument of the agent: name=value.")] = None,
    completions: Annotated[int | None, typer.Option(help="Training budget: scored completions.")] = None,
    tokens: Annotated[int | None, typer.Option(help="Training budget: generated tokens.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the result; runs/<agent>-<env> by default.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a result that is there.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was killed.")] = False,
    executor: Annotated[str, typer.Option(help="Where it runs: local, processes or ray.")] = "local",
    workers: Annotated[int | None, typer.Option(help="Processes or Ray tasks; by default one a processor.")] = None,
) -> None:
    """Train and evaluate an agent; print its front, draw it, and keep the result."""
    from morl_envs.cli.run import Request
    from morl_envs.cli.run import run as run_agent

    run_agent(
        console,
        Request(
            agent=agent,
            env=env,
            lm=lm,
            device=device,
            dtype=dtype,
            n_prompts=n_prompts,
            n_seeds=seeds,
            divisions=divisions,
            num_envs=num_envs,
            settings=tuple(set_ or ()),
            completions=completions,
            tokens=tokens,
            out=out,
            overwrite=overwrite,
            resume=resume,
            executor=executor,
            workers=workers,
        ),
    )


@app.command()
def certify(
    task: Task,
    lm: Lm = "embedded",
    device: Device = "auto",
    dtype: Dtype = "auto",
    n_prompts: Annotated[int, typer.Option(help="Training prompts.")] = 64,
    n_samples: Annotated[int, typer.Option(help="Answers a prompt.")] = 32,
    kl: Annotated[float, typer.Option(help="Nats that training is taken to move the policy by.")] = 0.5,
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 0,
    out: Annotated[Path | None, typer.Option(help="File; runs/certificates/<task>.json by default.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a certificate that is there.")] = False,
) -> None:
    """Measure how a task's objectives relate under the base model; print and keep the certificate."""
    from morl_envs.cli import measure, show

    kwargs = show.lm_kwargs(registry.row(task).id(registry.row(task).controls[0]), lm=lm, device=device, dtype=dtype)
    sizes = {"n_prompts": n_prompts, "n_samples": n_samples, "kl": kl, "seed": seed}
    measure.certify(console, task, out, overwrite=overwrite, **sizes, **kwargs)


@app.command()
def enumerate(
    task: Annotated[str, typer.Argument(help="Task with a lab.")],
    lm: Lm = "embedded",
    device: Device = "auto",
    dtype: Dtype = "auto",
    out: Annotated[Path, typer.Option(help="Folder of lab-<task>.json and labs.json.")] = Path("runs/labs"),
) -> None:
    """Write and score every answer of a task's lab; keep those that no other beats, from which fronts follow."""
    from morl_envs.cli import measure

    measure.enumerate_lab(console, task, out, lm=lm, device=device, dtype=dtype)


@app.command()
def bench(
    lm: Lm = "smollm2-135m",
    device: Device = "auto",
    dtype: Dtype = "auto",
    repeats: Annotated[int, typer.Option(help="Of each figure.")] = 3,
    only: Annotated[list[str] | None, typer.Option(help="Some of the measurements; all by default.")] = None,
    vllm: Annotated[Path | None, typer.Option(help="Python of an environment that has vLLM.")] = None,
    vllm_dtype: Annotated[str | None, typer.Option(help="What vLLM computes in; the same by default.")] = None,
    vllm_eager: Annotated[bool, typer.Option("--vllm-eager", help="Keep vLLM from compiling, in one process.")] = False,
    out: Annotated[Path, typer.Option(help="Folder; figures of the same machine there are added to.")] = Path(
        "runs/bench"
    ),
) -> None:
    """Measure how fast environments and models step, beside transformers and vLLM; print ratios, write a table."""
    from morl_envs.bench.measure import Request
    from morl_envs.cli.bench import bench as measured

    request = Request(lm, device, dtype, repeats, vllm, vllm_dtype, vllm_eager)
    measured(console, request, out, only or [])


@app.command("report")
def report_(
    results: Annotated[list[Path], typer.Argument(help="Result files, or folders of runs.")],
) -> None:
    """Print every metric of one result; compare several."""
    from morl_envs.cli import report as reports

    reports.compare_files(console, results)


@app.command("validate-protocol")
def validate_protocol(
    env: Annotated[str, typer.Option(help="Id: dial, a lab, or one with whole answers.")] = "morl/dial-token-v0",
    n_prompts: Annotated[int, typer.Option(help="Test prompts, at most the protocol's.")] = 40,
    lm: Lm = "embedded",
    device: Device = "auto",
    dtype: Dtype = "auto",
) -> None:
    """Try the evaluation on agents whose rank is known: controls must lose, the optimum must win."""
    from morl_envs.cli import show
    from morl_envs.cli.validate import validate

    validate(console, env, n_prompts=n_prompts, **show.lm_kwargs(env, lm=lm, device=device, dtype=dtype))


@app.command("new-agent")
def new_agent(path: Annotated[Path, typer.Argument(help="A file that does not exist yet: my_agent.py.")]) -> None:
    """Write a commented agent that runs as it is, to begin your own with."""
    from morl_envs.cli import skeleton

    skeleton.new_agent(console, path)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        console.print(__version__, highlight=False)
    elif context.invoked_subcommand is None:
        console.print(context.get_help(), highlight=False)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; an error of the package is one line and exit code 2, not a traceback."""
    import gymnasium.error

    known = (BudgetExceeded, ContractViolation, InvalidParameter, ModelUnavailable, ScoringError)
    try:
        app(arguments)
    except (*known, gymnasium.error.Error) as error:
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise SystemExit(2) from None
