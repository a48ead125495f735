"""Exact moments of the return of a tabular policy, by one pass forward in time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["moments", "visits"]


def visits(policy: NDArray[np.float64], horizon: int) -> NDArray[np.float64]:
    """Probability of each row of the tables at each time before an action, shape ``(horizon, V + 1)``.

    Args:
        policy: Probabilities of the next word in each state, shape ``(n_states, V)``.
        horizon: Words of an episode.
    """
    v = policy.shape[1]
    found = np.zeros((horizon, v + 1))
    found[0, 0] = 1
    for t in range(1, horizon):
        found[t, 1:] = found[t - 1] @ _at(policy, t - 1)
    return found


def moments(
    rewards: NDArray[np.float64], policy: NDArray[np.float64], horizon: int, gamma: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean ``(k,)`` and covariance ``(k, k)`` of the return, discounted by ``gamma**t``.

    Args:
        rewards: Shape ``(V + 1, V, k)``.
        policy: Probabilities of the next word in each state, shape ``(n_states, V)``.
        horizon: Words of an episode.
        gamma: Discount.
    """
    v, k = rewards.shape[1:]
    # sums over histories that end in a row: of probability, of return, of the return's outer square
    mass, first, second = np.zeros(v + 1), np.zeros((v + 1, k)), np.zeros((v + 1, k, k))
    mass[0] = 1
    for t in range(horizon):
        p, r = _at(policy, t), gamma**t * rewards
        pr = p[:, :, None] * r
        cross = np.einsum("si,saj->aij", first, pr)
        new_second = np.tensordot(p, second, axes=(0, 0)) + cross + cross.transpose(0, 2, 1)
        new_second += np.einsum("s,sai,saj->aij", mass, pr, r)
        new_first = p.T @ first + np.einsum("s,sai->ai", mass, pr)
        mass = np.concatenate([[0], mass @ p])
        first = np.concatenate([np.zeros((1, k)), new_first])
        second = np.concatenate([np.zeros((1, k, k)), new_second])
    mean = first.sum(axis=0)
    return mean, second.sum(axis=0) - np.outer(mean, mean)


def _at(policy: NDArray[np.float64], t: int) -> NDArray[np.float64]:
    """Probabilities of the next word by row at time t, ``(V + 1, V)``; rows that time t cannot be in are zero."""
    v = policy.shape[1]
    found = np.zeros((v + 1, v))
    if t == 0:
        found[0] = policy[0]
    else:
        found[1:] = policy[1 + (t - 1) * v : 1 + t * v]
    return found
