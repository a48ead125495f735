"""How objectives relate under a policy: do they rise together, apart, or each on its own?

All functions take rewards of sampled answers, shape ``(prompts, samples, k)``, and centre within prompts: correlations
pooled over prompts mix what the prompt does with what the policy can choose, and can have the wrong sign.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from morl_envs.errors import require
from morl_envs.metrics.indicators import hypervolume
from morl_envs.metrics.utility import simplex_lattice

__all__ = [
    "checked_samples",
    "normalised_front",
    "normalised_hypervolume",
    "relationship",
    "tilted_means",
    "transfer_matrix",
    "within_prompt_correlation",
    "within_prompt_covariance",
]

_FLAT = 1e-9  # spreads and gains below it are rounding errors of a constant
_DIVISIONS = 8  # steps of the weight lattice between two corners of a front


def checked_samples(rewards: ArrayLike) -> NDArray[np.float64]:
    """`rewards` as an array ``(prompts, samples, k)`` of finite numbers with at least two samples a prompt."""
    array = np.asarray(rewards, dtype=np.float64)
    shaped = array.ndim == 3 and array.shape[0] >= 1 and array.shape[1] >= 2 and array.shape[2] >= 1
    require(shaped, "rewards", "must have shape (prompts, samples, k) with at least two samples a prompt", array.shape)
    require(bool(np.isfinite(array).all()), "rewards", "must be finite", "a value that is not")
    return array


def within_prompt_covariance(rewards: ArrayLike) -> NDArray[np.float64]:
    """Mean over prompts of the covariance of the objectives over a prompt's samples, shape ``(k, k)``.

    Under the tilted policy proportional to ``p0 exp(t w.r)`` the expected reward starts to move by this matrix times w.
    """
    array = checked_samples(rewards)
    centred = array - array.mean(axis=1, keepdims=True)
    covariance: NDArray[np.float64] = np.einsum("psi,psj->ij", centred, centred) / (
        array.shape[0] * (array.shape[1] - 1)
    )
    return covariance


def within_prompt_correlation(rewards: ArrayLike) -> NDArray[np.float64]:
    """:func:`within_prompt_covariance` scaled to a unit diagonal, shape ``(k, k)``; NaN for an objective that is flat.

    >>> within_prompt_correlation([[[0, 1], [1, 0]], [[5, 9], [6, 8]]]).round(6).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    covariance = within_prompt_covariance(rewards)
    spread = np.sqrt(np.diag(covariance))
    spread[spread < _FLAT] = np.nan
    correlation: NDArray[np.float64] = covariance / np.outer(spread, spread)
    return correlation


def tilted_means(rewards: ArrayLike, weights: ArrayLike, kl: float) -> NDArray[np.float64]:
    """Mean reward after training for `weights` within a KL divergence, shape ``(k,)``.

    The policy that gains most at a given divergence from the base policy is proportional to ``p0 exp(t w.r)``; its mean
    is estimated by weighting a prompt's own samples. The strength t is the same for all prompts and such that the mean
    divergence is `kl`, in nats, or as near to it as the samples allow.
    """
    array = checked_samples(rewards)
    utility = array @ np.asarray(weights, dtype=np.float64)
    utility = utility - utility.max(axis=1, keepdims=True)
    n = array.shape[1]

    def share(strength: float) -> NDArray[np.float64]:
        tilted = np.exp(strength * utility)  # of utilities of at most 0
        probabilities: NDArray[np.float64] = tilted / tilted.sum(axis=1, keepdims=True)
        return probabilities

    def divergence(strength: float) -> float:
        p = share(strength)
        return float((p * np.log(np.maximum(p, 1e-300) * n)).sum(axis=1).mean())

    scale = 1.0 / max(float(np.abs(utility).max()), 1e-12)
    low, high = 0.0, scale
    while divergence(high) < kl and high < 1e6 * scale:
        high *= 2
    strength = brentq(lambda t: divergence(t) - kl, low, high) if divergence(high) > kl else high
    means: NDArray[np.float64] = np.einsum("ps,psk->k", share(strength), array) / array.shape[0]
    return means


def transfer_matrix(rewards: ArrayLike, kl: float = 0.5) -> NDArray[np.float64]:
    """What training on objective i alone does to objective j, as a share of what training on j does; ``(k, k)``.

    Training is the optimal tilt of :func:`tilted_means`. The diagonal is 1; below 0 the objectives conflict. NaN for an
    objective that is flat.
    """
    array = checked_samples(rewards)
    base = array.mean(axis=(0, 1))
    gains = np.stack([tilted_means(array, row, kl) - base for row in np.eye(array.shape[2])])
    own = np.where(np.diag(gains) < _FLAT, np.nan, np.diag(gains))
    matrix: NDArray[np.float64] = np.where(np.isnan(own)[:, None], np.nan, gains / own)
    return matrix


def normalised_front(rewards: ArrayLike, kl: float = 0.5) -> NDArray[np.float64]:
    """Means of the tilts over a lattice of weights, scaled so that the base is 0 and each objective's own best is 1."""
    array = checked_samples(rewards)
    base = array.mean(axis=(0, 1))
    spread = np.sqrt(np.maximum(np.diag(within_prompt_covariance(array)), 1e-18))
    # utilities are weighted in units of spread, so that no objective drowns another
    points = np.stack([tilted_means(array, w / spread, kl) for w in simplex_lattice(array.shape[2], _DIVISIONS)])
    best = np.stack([tilted_means(array, row, kl) for row in np.eye(array.shape[2])]).diagonal()
    front: NDArray[np.float64] = (points - base) / np.maximum(best - base, 1e-12)
    return front


def normalised_hypervolume(rewards: ArrayLike, kl: float = 0.5) -> float:
    """Volume that :func:`normalised_front` dominates above the base policy: 1 where nothing has to be given up."""
    front = normalised_front(rewards, kl)
    return hypervolume(front, np.zeros(front.shape[1]))


def relationship(low: float, high: float, margin: float = 0.1) -> str:
    """The label of a pair from the interval of its within-prompt correlation.

    "conflicting" or "complementary" if the whole interval lies beyond the margin, "independent" if it lies inside, else
    "unsettled".

    >>> relationship(-0.5, -0.2), relationship(-0.05, 0.04), relationship(0.02, 0.3)
    ('conflicting', 'independent', 'unsettled')
    """
    if high < -margin:
        return "conflicting"
    if low > margin:
        return "complementary"
    return "independent" if -margin <= low and high <= margin else "unsettled"
