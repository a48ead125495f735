"""What an agent's returns are held against: the exact front where the environment knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.envs.registration import load_env_creator
from numpy.typing import ArrayLike, NDArray

from morl_envs import registry
from morl_envs.errors import InvalidParameter
from morl_envs.evaluation.result import EvaluationResult
from morl_envs.metrics.dominance import checked_points, non_dominated
from morl_envs.metrics.utility import Utility

__all__ = ["Reference", "reference"]


@dataclass(frozen=True)
class Reference:
    """A front, and the utility of single episodes where it is not linear.

    Attributes:
        front: Returns that no policy known dominates, shape ``(n, k)``.
        origin: "exact" from the environment, "given" by the caller, or the result's "own".
        utilities: For each weight vector, what an episode's return is worth; None where that is linear.
        best: For each weight vector, the highest expected utility of an episode, exact; None likewise.
    """

    front: NDArray[np.float64]
    origin: Literal["exact", "given", "own"]
    utilities: tuple[Utility, ...] | None = None
    best: NDArray[np.float64] | None = None


def reference(result: EvaluationResult, front: ArrayLike | None = None) -> Reference:
    """The exact front of the result's environment; else `front`, the best known one; else the result's own.

    Against its own front an agent that ignores its weights has no regret: give the best front that is known.

    Args:
        result: Of an evaluation.
        front: Shape ``(n, k)``.
    """
    env = _environment(result)
    if env is not None:
        try:
            points = checked_points(_exact(env, result))
        except InvalidParameter:
            pass  # known for some keyword arguments only
        else:
            return Reference(points, "exact", *_by_episode(env, result))
    points = result.mean_returns() if front is None else checked_points(front)
    return Reference(points[non_dominated(points)], "own" if front is None else "given")


def _exact(env: Any, result: EvaluationResult) -> Any:
    """The front of the prompts that were answered; those of `dial` are all alike."""
    gamma = registry.protocol(result.id).gamma
    lab = registry.task_and_control(result.id)[1] == "lab"
    return env.pareto_front(gamma, len(result.prompt_ids)) if lab else env.pareto_front(gamma)


def _environment(result: EvaluationResult) -> Any:
    """The environment if its kind knows its front; no language model is loaded to find out that it does not."""
    spec = gymnasium.spec(result.id)
    if not hasattr(load_env_creator(str(spec.entry_point)), "pareto_front"):
        return None
    kwargs = {name: value for name, value in result.env_kwargs.items() if name != "autoreset_mode"}
    return gymnasium.make(result.id, **kwargs).unwrapped


def _by_episode(env: Any, result: EvaluationResult) -> tuple[tuple[Utility, ...] | None, NDArray[np.float64] | None]:
    if not hasattr(env, "esr_optimum") or env.mdp.utility == "linear":
        return None, None
    weights = [np.array(row) for row in result.weights]
    best = np.array([env.esr_optimum(row).utility for row in weights])
    return tuple(lambda returns, row=row: env.utility(returns, row) for row in weights), best
