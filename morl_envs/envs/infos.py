"""Infos of many sub-environments, whole arrays at a time: what Gymnasium's `_add_info` would assemble row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from morl_envs.spec import Prompt

__all__ = ["final_infos", "reset_infos", "step_infos"]

Mask = NDArray[np.bool_]


def reset_infos(prompts: Sequence[Prompt], begun: Mask) -> dict[str, Any]:
    """The infos of a reset.

    Args:
        prompts: Of the rows that `begun` marks, in their order.
        begun: Shape ``(n,)``; each key gets a copy as its mask.
    """
    texts, ids = ([getattr(prompt, name) for prompt in prompts] for name in ("text", "id"))
    return {**_entry("prompt", _spread(texts, begun), begun), **_entry("prompt_id", _spread(ids, begun), begun)}


def step_infos(
    objectives: Sequence[str], rewards: NDArray[np.float32], acted: Mask, ended: Mask, answers: Sequence[str]
) -> dict[str, Any]:
    """The infos of a step.

    Args:
        objectives: Names, in reward order.
        rewards: Shape ``(n, k)``; what rows that did not act hold is left out.
        acted: Shape ``(n,)``.
        ended: The rows whose episodes ended, shape ``(n,)``.
        answers: Of those rows, in their order.
    """
    infos: dict[str, Any] = {}
    if acted.any():
        named: dict[str, Any] = {}
        for name, column in zip(objectives, rewards.T, strict=True):
            named |= _entry(name, np.where(acted, column, 0).astype(np.float64), acted)
        infos |= _entry("reward_components", named, acted)
    if ended.any():
        infos |= _entry("completion", _spread(answers, ended), ended)
    return infos


def final_infos(observations: Sequence[Any], infos: dict[str, Any], ended: Mask) -> dict[str, Any]:
    """SAME_STEP: the last observations of the rows that `ended` marks, in their order, and the infos of their step."""
    return {**_entry("final_obs", _spread(observations, ended), ended), **_entry("final_info", infos, ended)}


def _entry(key: str, values: Any, mask: Mask) -> dict[str, Any]:
    return {key: values, f"_{key}": mask.copy()}


def _spread(values: Sequence[Any], mask: Mask) -> NDArray[np.object_]:
    """An object array with `values` where `mask` is true and None elsewhere."""
    array = np.full(len(mask), None, dtype=object)
    array[mask] = np.fromiter(values, dtype=object, count=len(values))
    return array
