"""`dial` under the `choice` control: the same words and rewards, seen as a vector."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from morl_envs.envs.dial.base import DialTables
from morl_envs.envs.dial.scalar import DialEnv
from morl_envs.envs.dial.vector import DialVectorEnv

__all__ = ["DialChoiceEnv", "DialChoiceVectorEnv"]

_FLOOR = -50.0  # as for language models: a log-probability below this is as good as impossible


class _Seen(DialTables):
    """Observations as ``Box(2 V + 1)``: the last word (one-hot), the share of the text written, log-probabilities."""

    @property
    def state_space(self) -> spaces.Space[Any]:
        """The vectors."""
        v = self.mdp.vocabulary_size
        low = np.concatenate([np.zeros(v + 1), np.full(v, _FLOOR)]).astype(np.float32)
        high = np.concatenate([np.ones(v + 1), np.zeros(v)]).astype(np.float32)
        return spaces.Box(low, high, dtype=np.float32)

    def seen(self, states: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of states, shape ``(n, 2 V + 1)``; fresh."""
        v, rows = self.mdp.vocabulary_size, self.mdp.rows[states]
        used = (states + v - 1) // v / self.mdp.horizon
        last = np.eye(v + 1)[rows, 1:]
        return np.concatenate([last, used[:, None], np.log(self.mdp.prior[rows])], axis=1, dtype=np.float32)


class DialChoiceEnv(_Seen, DialEnv):
    """The text MDP `dial`, seen as a vector.

    ## Description
    Words, rewards, prior and all that is exact are those of `morl/dial-token-v0`; only the observation differs, so that
    methods with function approximation (PPO, Envelope, PCN) plug in where the optimum is known.

    ## Observation Space
    `Box(2 * vocabulary_size + 1)`: the last word (one-hot, zeros at the start), the share of the text that is
    written, and the prior's log-probabilities of the next word. It is a Markov state.

    ## Action Space
    `Discrete(vocabulary_size)`: the next word. All words are candidates, in the order of their numbers.

    ## Reward Space
    As under `token`: multiples of 1/16 between 0 and 1, one per objective, all to be maximised, at every step.

    ## Starting State
    No word yet.

    ## Episode Termination
    After `horizon` words, by termination. Episodes are never truncated.

    ## Arguments
    As under `token`.

    ## Version History
    * v0: first release.
    """

    def observed(self, state: int) -> NDArray[np.float32]:
        """The vector of one state."""
        one: NDArray[np.float32] = self.seen(np.array([state]))[0]
        return one


class DialChoiceVectorEnv(_Seen, DialVectorEnv):
    """Many :class:`DialChoiceEnv`; see :class:`DialVectorEnv` for its arguments."""
