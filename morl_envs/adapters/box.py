"""Discrete actions seen as a box, for algorithms whose actions are continuous."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import Env, spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from morl_envs.errors import require

__all__ = ["BoxActions", "chosen", "scores_space"]


class BoxActions(gymnasium.ActionWrapper[Any, Any, Any], RecordConstructorArgs):
    """An environment with n actions whose action is a score for each of them: the one with the highest score is taken.

    The action space is ``Box(-1, 1, (n,))``; among equal scores, the first wins. Each of the n actions has scores that
    take it, so that a deterministic policy reaches whatever it reaches without the box: a front stays the front.
    Observations and rewards are left alone.

    Args:
        env: With a Discrete action space: a ``choice`` or a ``lab``, say.

    Raises:
        InvalidParameter: for another action space.
    """

    def __init__(self, env: Env[Any, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        gymnasium.ActionWrapper.__init__(self, env)
        self.action_space = scores_space(env.action_space)

    def action(self, action: Any) -> Any:
        """The action with the highest score."""
        return int(chosen(np.asarray(action)))


def scores_space(actions: spaces.Space[Any]) -> spaces.Box:
    """The space of scores for discrete actions.

    Raises:
        InvalidParameter: where the actions are not discrete.
    """
    require(isinstance(actions, spaces.Discrete), "env", "must have a Discrete action space", actions)
    return spaces.Box(-1.0, 1.0, (int(actions.n),), np.float32)  # type: ignore[attr-defined]


def chosen(scores: NDArray[Any]) -> NDArray[np.int64]:
    """The actions that rows of scores take, shape ``(..., n)`` to ``(...)``."""
    taken: NDArray[np.int64] = scores.argmax(axis=-1)
    return taken
