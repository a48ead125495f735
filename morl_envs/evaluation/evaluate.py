"""Running an agent over weights, seeds and test prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import ArrayLike

from morl_envs import registry
from morl_envs.budget import Budget, Meter
from morl_envs.errors import require
from morl_envs.evaluation.agent import Agent, Policy, derived_seeds
from morl_envs.evaluation.result import EvaluationResult, versions
from morl_envs.metrics.utility import checked_weights, simplex_lattice

__all__ = ["evaluate"]

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
    protocol = registry.protocol(id)
    count = protocol.n_prompts if n_prompts is None else n_prompts
    for name, value in (("num_envs", num_envs), ("n_prompts", count)):
        require(isinstance(value, int) and value >= 1, name, "must be an integer of at least 1", value)
    chosen = _checked_seeds(protocol.seeds if seeds is None else seeds)
    for name in ("autoreset_mode", "num_envs"):
        require(name not in (env_kwargs or {}), "env_kwargs", f"must leave {name} to the evaluation", env_kwargs)
    kwargs = {"split": "test", "autoreset_mode": "Disabled", **(env_kwargs or {})}
    envs: Any = gymnasium.make_vec(id, num_envs=min(num_envs, count), **kwargs)
    try:
        available = len(envs.prompts)
        require(count <= available, "n_prompts", f"must be at most {available} (prompts of the split)", count)
        k = envs.reward_dim
        divisions = protocol.weight_divisions
        grid = checked_weights(simplex_lattice(k, divisions) if weights is None else weights, k)
        envs.meter = Meter(budget)
        returns = np.zeros((len(chosen), len(grid), count, k), dtype=np.float32)
        completions = [[[""] * count for _ in grid] for _ in chosen]
        total, given = len(chosen) * len(grid) * count, 0
        for s, seed in enumerate(chosen):
            for w, row in enumerate(grid):
                policy = agent.policy(row)
                policy.start(envs)
                for prompt, text, reward in _answers(envs, policy, seed, count, protocol.gamma):
                    returns[s, w, prompt] = reward
                    completions[s][w][prompt] = text
                    given += 1
                    if on_progress is not None:
                        on_progress(given, total)
        return EvaluationResult(
            id=id,
            agent=type(agent).__name__,
            objectives=envs.objectives,
            weights=grid.tolist(),
            seeds=chosen,
            prompt_ids=tuple(prompt.id for prompt in envs.prompts[:count]),
            prompts_sha256=envs.task.content_hash(kwargs["split"]),
            ref_point=envs.protocol.ref_point,
            env_kwargs=kwargs,
            returns=returns.tolist(),
            completions=completions,
            costs=envs.meter.costs(),
            versions=versions(),
        )
    finally:
        envs.close()


def _checked_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    require(len(seeds) >= 1, "seeds", "must not be empty", seeds)
    natural = all(isinstance(seed, int | np.integer) and seed >= 0 for seed in seeds)
    require(natural and len(set(seeds)) == len(seeds), "seeds", "must be distinct integers of at least 0", seeds)
    return tuple(map(int, seeds))


def _answers(envs: Any, policy: Policy, seed: int, count: int, gamma: float) -> Any:
    """(prompt index, answer, return) of the first `count` prompts; a row that ends takes the next prompt."""
    n = envs.num_envs
    prompts = np.arange(n)  # what each row answers; rows for which none is left idle on the last one
    steps = np.zeros(n, dtype=np.int64)
    earned = np.zeros((n, envs.reward_dim), dtype=np.float32)
    open_ = np.ones(n, dtype=bool)
    envs.idle[:] = False
    observations, _ = envs.reset(options={"prompt_index": prompts})
    following = n
    while open_.any():
        actions = policy.act(observations, derived_seeds(seed, prompts, steps))
        observations, rewards, terminated, truncated, infos = envs.step(actions)
        earned += (gamma**steps)[:, None].astype(np.float32) * rewards
        steps[open_] += 1
        ended = terminated | truncated
        for row in np.flatnonzero(ended):
            yield int(prompts[row]), str(infos["completion"][row]), earned[row].copy()
        if not ended.any():
            continue
        rows = np.flatnonzero(ended)
        fresh = following + np.arange(len(rows))
        following += len(rows)
        open_[rows] = fresh < count
        envs.idle[:] = ~open_
        prompts[rows] = np.minimum(fresh, count - 1)
        steps[rows], earned[rows] = 0, 0
        if open_.any():
            observations, _ = envs.reset(options={"reset_mask": ended, "prompt_index": prompts})
