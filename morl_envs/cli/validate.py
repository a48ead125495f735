"""The validity report: the evaluation is tried on agents whose rank is known before it is believed about others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import gymnasium
import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from morl_envs import registry
from morl_envs.cli.agents import build
from morl_envs.errors import ContractViolation
from morl_envs.evaluation import EvaluationResult, evaluate
from morl_envs.evaluation.reference import reference
from morl_envs.evaluation.training import train
from morl_envs.evaluation.validity import (
    Check,
    exact_regret,
    mean_regrets,
    optimum_has_no_regret,
    order_agrees,
    what_must_lose_loses,
)

__all__ = ["EXACT", "GRADED", "validate"]

EXACT = "morl/dial-token-v0"
GRADED = (
    (),
    ("noise=0.02",),
    ("kl_coef=0.1",),
    ("noise=0.1",),
    ("kl_coef=0.4",),
    ("divisions=1", "noise=0.2"),
    ("kl_coef=0.8",),
    ("noise=0.5",),
    ("kl_coef=2",),
    ("noise=1",),
)
"""Settings of `exact_dial` from the optimum to the prior."""

_METHOD = ("best_of_n", ("n=16",))
_DIAL_TEXT = "old fox sings softly small river waits slowly"

Named = tuple[str, tuple[str, ...]]


def validate(
    console: Console,
    id: str,
    *,
    n_prompts: int,
    seeds: Sequence[int] | None = None,
    num_envs: int = 64,
    **env_kwargs: Any,
) -> list[Check]:
    """Print the checks on `id`, under the protocol's seeds or some others, and return them.

    Raises:
        ContractViolation: if any of them fails, after all are printed.
    """
    run: dict[str, Any] = {
        "n_prompts": min(n_prompts, registry.protocol(id).n_prompts),
        "num_envs": num_envs,
        "env_kwargs": env_kwargs,
    }
    checks = []
    rows = Table(box=box.SIMPLE, pad_edge=False)
    rows.add_column("", no_wrap=True)
    rows.add_column("claim", overflow="fold")
    rows.add_column("found", overflow="fold")
    for check in _checks(console, id, run):
        checks.append(check)
        rows.add_row("[green]ok[/]" if check.passed else "[red]no[/]", escape(check.name), escape(check.found))
    console.print(rows)
    failed = [check.name for check in checks if not check.passed]
    if failed:
        raise ContractViolation(f"{id}: {len(failed)} of {len(checks)} claims do not hold: {'; '.join(failed)}")
    return checks


def _checks(console: Console, id: str, run: dict[str, Any]) -> Iterator[Check]:
    if registry.task_and_control(id)[1] == "lab":
        method = _evaluated(console, ("exact_lab", ()), id, run)
        yield optimum_has_no_regret(method)
    else:
        method = _evaluated(console, _METHOD, id, run)
    if id == EXACT:
        graded = [_evaluated(console, ("exact_dial", settings), id, run) for settings in GRADED]
        yield optimum_has_no_regret(graded[0])
        yield what_must_lose_loses(method, graded[0])
        yield order_agrees(mean_regrets(graded), [_exactly(result) for result in graded])
    for control in _controls(id):
        yield what_must_lose_loses(_evaluated(console, control, id, run), method)


def _controls(id: str) -> Iterator[Named]:
    yield "random_agent", ()
    yield "base_model", ()
    if registry.task_and_control(id)[1] == "lab":  # nothing is sampled or scored there that could be shuffled
        yield "base_model", ("temperature=0",)
        yield "weight_ignoring", ("of=exact_lab",)
        yield "permuted_weights", ("of=exact_lab",)
        return
    yield "constant_text", (f"text={_DIAL_TEXT}",) if id == EXACT else ()
    name, settings = _METHOD
    for wrapper in ("weight_ignoring", "shuffled_feedback", "permuted_weights"):
        listed = ", ".join(f'"{setting}"' for setting in settings)
        yield wrapper, (f"of={name}", f"settings=[{listed}]")


def _evaluated(console: Console, agent: Named, id: str, run: dict[str, Any]) -> EvaluationResult:
    built = build(*agent)
    with console.status(escape(f"{agent[0]} {' '.join(agent[1])}")):
        train(built, id, seed=registry.protocol(id).seeds[0], env_kwargs=run["env_kwargs"])
        return evaluate(built, id, **run)


def _exactly(result: EvaluationResult) -> float:
    """The regret that an agent of graded quality has in expectation, from the tables."""
    env: Any = gymnasium.make(result.id).unwrapped
    agent = build("exact_dial", [f"{name}={json.dumps(value)}" for name, value in result.settings.items()])
    tables = [agent.policy(np.array(row)).probabilities(env) for row in result.weights]
    returns = [env.evaluate_policy(table).expected_return for table in tables]
    return exact_regret(returns, result.weights, reference(result))
