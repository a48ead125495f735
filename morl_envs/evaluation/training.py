"""Training an agent where it can see what it may, and measuring what that costs."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import gymnasium

from morl_envs.budget import Budget, Meter
from morl_envs.errors import require
from morl_envs.evaluation.agent import Agent

__all__ = ["peak_memory", "stored_parameters", "train", "training_envs"]


def training_envs(id: str, meter: Meter, env_kwargs: dict[str, Any] | None = None) -> Callable[..., Any]:
    """What an agent is trained with: makes environments of `id` that charge `meter` and hold training prompts only.

    Raises:
        InvalidParameter: when called for another split.
    """

    def make_env(**overrides: Any) -> Any:
        split = overrides.get("split", "train")
        require(split == "train", "split", "must be 'train' in training", split)
        env: Any = gymnasium.make(id, **{**(env_kwargs or {}), **overrides, "split": "train"})
        env.unwrapped.meter = meter
        return env

    return make_env


def train(
    agent: Agent, id: str, *, budget: Budget | None = None, seed: int = 0, env_kwargs: dict[str, Any] | None = None
) -> tuple[dict[str, int], dict[str, float]]:
    """Train `agent` and return what it spent and what was measured, by name.

    Raises:
        BudgetExceeded: if the agent does not end when its budget does.
    """
    meter = Meter(budget)
    start = perf_counter()
    agent.train(training_envs(id, meter, env_kwargs), meter.budget, seed)
    seconds = perf_counter() - start
    costs = {f"training_{name}": amount for name, amount in meter.costs().items()}
    return costs, {"training_seconds": seconds, **peak_memory()}


def peak_memory() -> dict[str, float]:
    """The most memory that this process has held so far, in bytes, by kind."""
    unit = 1 if sys.platform == "darwin" else 1024
    found = {"peak_memory_bytes": float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)}
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["peak_gpu_memory_bytes"] = float(torch.cuda.max_memory_allocated())
    return found


def stored_parameters(folder: Path) -> int:
    """Numbers in the safetensors files of a saved agent."""
    from math import prod

    from safetensors import safe_open

    total = 0
    for path in folder.rglob("*.safetensors"):
        with safe_open(path, framework="numpy") as held:
            total += sum(prod(held.get_slice(name).get_shape()) for name in held.keys())  # noqa: SIM118  # no dict
    return total
