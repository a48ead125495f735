"""The unit of work: one policy, for one weight vector, answers the test prompts under one seed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from morl_envs import registry
from morl_envs.budget import Meter
from morl_envs.evaluation.agent import Agent, Policy, base_log_probs, derived_seeds
from morl_envs.evaluation.plan import Plan

__all__ = ["Unit", "seed_units"]

_DECIMALS = 4  # of a log-ratio in nats: below what batched arithmetic can tell apart


class Unit(BaseModel):
    """What one policy earned under one seed.

    Attributes:
        returns: ``(n, k)``.
        completions: ``(n,)``.
        log_ratios: ``(n,)``; None where the policy does not know its probabilities.
        costs: What this unit added to the meter.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    returns: list[list[float]]
    completions: list[str]
    log_ratios: list[float] | None
    costs: dict[str, int]


def seed_units(
    agent: Agent,
    plan: Plan,
    seed: int,
    *,
    meter: Meter | None = None,
    finished: Collection[int] = (),
    on_answer: Callable[[], None] | None = None,
) -> Iterator[tuple[int, Unit]]:
    """(number of the weight vector, its unit) for the weight vectors that are not `finished`, in order.

    All of a seed's units run in one environment, one after the other, so that what an agent samples once for all
    weights is paid once. Where some are finished, the first is run again unrecorded before the others: what the agent
    sampled for it is there again, and the others cost what they would have cost.
    """
    envs = plan.make()
    envs.meter = meter or Meter()
    try:
        missing = [w for w in range(len(plan.weights)) if w not in finished]
        if 0 in finished and missing:
            _unit(envs, agent, plan, 0, seed, None)
        for w in missing:
            yield w, _unit(envs, agent, plan, w, seed, on_answer)
    finally:
        envs.close()


def _unit(envs: Any, agent: Agent, plan: Plan, w: int, seed: int, on_answer: Callable[[], None] | None) -> Unit:
    before = envs.meter.costs()
    policy = agent.policy(plan.grid()[w])
    policy.start(envs)
    returns = np.zeros((plan.n_prompts, envs.reward_dim), dtype=np.float32)
    completions = [""] * plan.n_prompts
    log_ratios: list[float | None] = [None] * plan.n_prompts
    for prompt, text, reward, ratio in _answers(envs, policy, seed, plan.n_prompts, registry.protocol(plan.id).gamma):
        returns[prompt] = reward
        completions[prompt] = text
        log_ratios[prompt] = None if ratio is None else round(ratio, _DECIMALS) + 0.0  # no -0.0 in the file
        if on_answer is not None:
            on_answer()
    spent = {name: count - before[name] for name, count in envs.meter.costs().items()}
    known = [ratio for ratio in log_ratios if ratio is not None]
    return Unit(
        returns=returns.tolist(),
        completions=completions,
        log_ratios=known if len(known) == plan.n_prompts else None,
        costs=spent,
    )


def _answers(envs: Any, policy: Policy, seed: int, count: int, gamma: float) -> Iterator[Any]:
    """(prompt index, answer, return, log-ratio) of the first `count` prompts; a row that ends takes the next prompt."""
    n = envs.num_envs
    prompts = np.arange(n)  # what each row answers; rows for which none is left idle on the last one
    steps = np.zeros(n, dtype=np.int64)
    earned = np.zeros((n, envs.reward_dim), dtype=np.float32)
    likelier = np.zeros(n)
    open_ = np.ones(n, dtype=bool)
    envs.idle[:] = False
    observations, _ = envs.reset(options={"prompt_index": prompts})
    following = n
    while open_.any():
        actions = policy.act(observations, derived_seeds(seed, prompts, steps))
        likelier += _log_ratios(envs, policy, observations, actions)
        observations, rewards, terminated, truncated, infos = envs.step(actions)
        earned += (gamma**steps)[:, None].astype(np.float32) * rewards
        steps[open_] += 1
        ended = terminated | truncated
        if hasattr(policy, "earned"):
            policy.earned(rewards, ended)
        for row in np.flatnonzero(ended):
            known = None if np.isnan(likelier[row]) else float(likelier[row])
            yield int(prompts[row]), str(infos["completion"][row]), earned[row].copy(), known
        if not ended.any():
            continue
        rows = np.flatnonzero(ended)
        fresh = following + np.arange(len(rows))
        following += len(rows)
        open_[rows] = fresh < count
        envs.idle[:] = ~open_
        prompts[rows] = np.minimum(fresh, count - 1)
        steps[rows], earned[rows], likelier[rows] = 0, 0, 0
        if open_.any():
            observations, _ = envs.reset(options={"reset_mask": ended, "prompt_index": prompts})


def _log_ratios(envs: Any, policy: Policy, observations: Any, actions: Any) -> NDArray[np.float64] | float:
    tell = getattr(policy, "log_probs", None)
    if tell is None:
        return float("nan")
    told: NDArray[np.float64] = tell(observations, actions)
    return told if np.isnan(told).all() else told - base_log_probs(envs, observations, actions)
