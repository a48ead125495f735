"""Running an agent over weights, seeds and test prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import count
from typing import Any

import gymnasium
from numpy.typing import ArrayLike

from morl_envs.budget import Budget, Meter
from morl_envs.evaluation.agent import Agent
from morl_envs.evaluation.plan import Plan
from morl_envs.evaluation.result import EvaluationResult, versions
from morl_envs.evaluation.units import Unit, seed_units
from morl_envs.spec import content_hash

__all__ = ["assembled", "evaluate"]

Progress = Callable[[int, int], None]
"""Called with (answers given, answers in all)."""


def evaluate(
    agent: Agent,
    id: str,
    *,
    weights: ArrayLike | None = None,
    seeds: Sequence[int] | None = None,
    n_prompts: int | None = None,
    num_envs: int = 32,
    env_kwargs: dict[str, Any] | None = None,
    budget: Budget | None = None,
    on_progress: Progress | None = None,
) -> EvaluationResult:
    """Returns of the agent's policies on test prompts.

    The policy for each weight vector answers the first `n_prompts` test prompts under each seed; the answers do not
    depend on `num_envs`, and neither do the costs.

    Args:
        agent: A trained agent.
        id: A registered id.
        weights: On the simplex, shape ``(m, k)``; None for the lattice of the id's protocol.
        seeds: Evaluation seeds; None for the protocol's.
        n_prompts: Test prompts; None for the protocol's.
        num_envs: Episodes side by side.
        env_kwargs: Keyword arguments of the environment, such as ``lm``; not those that evaluation sets itself.
        budget: Bound on what the evaluation may spend.
        on_progress: Called as answers are given.

    Raises:
        InvalidParameter: for weights off the simplex, an unknown id, a count out of range, seeds that are no distinct
            natural numbers, or a keyword argument that evaluation sets itself.
        BudgetExceeded: when `budget` is spent.
    """
    plan = Plan.checked(id, weights=weights, seeds=seeds, n_prompts=n_prompts, num_envs=num_envs, env_kwargs=env_kwargs)
    meter, given = Meter(budget), count(1)
    total = plan.n_units * plan.n_prompts
    watch = None if on_progress is None else lambda: on_progress(next(given), total)
    units = {
        (seed, w): unit
        for seed in plan.seeds
        for w, unit in seed_units(agent, plan, seed, meter=meter, on_answer=watch)
    }
    return assembled(plan, agent, units)


def assembled(
    plan: Plan,
    agent: Agent,
    units: Mapping[tuple[int, int], Unit],
    costs: dict[str, int] | None = None,
    measured: dict[str, float] | None = None,
) -> EvaluationResult:
    """The result of a plan whose units are all there.

    Args:
        plan: What was to be done.
        agent: Whose result it is: its class and its arguments are kept.
        units: By seed and number of the weight vector.
        costs: What training cost, to be kept beside what the units did.
        measured: Seconds and bytes.
    """
    env: Any = gymnasium.make(plan.id, **_scalar(plan.env_kwargs)).unwrapped
    asked = env.prompts[: plan.n_prompts]
    grid = [[units[seed, w] for w in range(len(plan.weights))] for seed in plan.seeds]
    spent: dict[str, int] = {}
    for unit in units.values():
        for name, amount in unit.costs.items():
            spent[name] = spent.get(name, 0) + amount
    return EvaluationResult(
        id=plan.id,
        agent=type(agent).__name__,
        settings=_settings(agent),
        objectives=env.objectives,
        weights=[list(row) for row in plan.weights],
        seeds=plan.seeds,
        prompt_ids=tuple(prompt.id for prompt in asked),
        prompts_sha256=content_hash(asked),
        ref_point=env.protocol.ref_point,
        nadir=env.protocol.nadir,
        ideal=env.protocol.ideal,
        env_kwargs=plan.env_kwargs,
        returns=[[unit.returns for unit in row] for row in grid],
        completions=[[unit.completions for unit in row] for row in grid],
        log_ratios=_known([[unit.log_ratios for unit in row] for row in grid]),
        costs={**(costs or {}), **spent},
        measured=measured or {},
        versions=versions(),
    )


def _known(ratios: list[list[list[float] | None]]) -> list[list[list[float]]] | None:
    known = [[unit for unit in row if unit is not None] for row in ratios]
    return known if sum(map(len, known)) == sum(map(len, ratios)) else None


def _settings(agent: Any) -> dict[str, Any]:
    names = [f.name for f in fields(agent) if f.init] if is_dataclass(agent) else []
    return {name: getattr(agent, name) for name in names if not name.startswith("_")}


def _scalar(kwargs: dict[str, Any]) -> dict[str, Any]:
    """What a scalar environment takes of a vector environment's keyword arguments."""
    return {name: value for name, value in kwargs.items() if name != "autoreset_mode"}
