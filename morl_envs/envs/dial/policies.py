"""Exact policies of `dial` for given weights: optimal, KL-regularised, and what any tabular policy is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs.envs.dial.mdp import LATTICE, DialMDP
from morl_envs.envs.dial.moments import moments, visits
from morl_envs.errors import require

__all__ = ["TabularPolicy", "checked_weights", "evaluated", "following", "optimal_policy"]

_TIE = 1e-9


@dataclass(frozen=True)
class TabularPolicy:
    """A policy and its exact worth.

    Attributes:
        probabilities: Of the next word in each state, shape ``(n_states, V)``: index it with observations. The final
            states, where nothing is chosen, hold the prior.
        expected_return: Discounted, shape ``(k,)``.
        covariance: Of the return, shape ``(k, k)``.
        kl: Discounted sum of the expected Kullback-Leibler divergences from the prior, in nats; infinite never occurs,
            for the prior is positive.
    """

    probabilities: NDArray[np.float64]
    expected_return: NDArray[np.float64]
    covariance: NDArray[np.float64]
    kl: float


def checked_weights(weights: ArrayLike, n_objectives: int) -> NDArray[np.float64]:
    """`weights` as an array ``(k,)``.

    Raises:
        InvalidParameter: unless they lie on the simplex.
    """
    array = np.asarray(weights, dtype=np.float64)
    valid = array.shape == (n_objectives,) and bool(np.isfinite(array).all() and (array >= 0).all())
    valid = valid and abs(float(array.sum()) - 1) < 1e-6
    require(valid, "weights", f"must be {n_objectives} non-negative numbers that sum to 1", array.tolist())
    return array


def evaluated(mdp: DialMDP, probabilities: ArrayLike, gamma: float = 1.0) -> TabularPolicy:
    """The exact worth of a policy given as a table.

    Raises:
        InvalidParameter: for another shape, or rows that are no probabilities.
    """
    table = np.asarray(probabilities, dtype=np.float64)
    shape = (mdp.n_states, mdp.vocabulary_size)
    require(table.shape == shape, "probabilities", f"must have shape {shape}", table.shape)
    proper = bool((table >= 0).all() and (np.abs(table.sum(axis=1) - 1) < 1e-6).all())
    require(proper, "probabilities", "must be non-negative and sum to 1 in each state", table)
    mean, covariance = moments(mdp.units / LATTICE, table, mdp.horizon, gamma)
    return TabularPolicy(table, mean, covariance, _divergence(mdp, table, gamma))


def following(mdp: DialMDP, tokens: Sequence[int]) -> TabularPolicy:
    """The deterministic policy that writes `tokens`, whatever was written before.

    Raises:
        InvalidParameter: unless there is a word number for every step.
    """
    v, h = mdp.vocabulary_size, mdp.horizon
    valid = len(tokens) == h and all(0 <= token < v for token in tokens)
    require(valid, "tokens", f"must be {h} numbers in [0, {v})", tokens)
    table = mdp.prior[mdp.rows]
    for t, token in enumerate(tokens):
        _write(table, t, np.tile(np.eye(v)[token], (v + 1, 1)))
    return evaluated(mdp, table)


def optimal_policy(mdp: DialMDP, weights: ArrayLike, kl_coef: float = 0.0, gamma: float = 1.0) -> TabularPolicy:
    """The policy that maximises ``E[sum of gamma**t (weights . reward - kl_coef * KL from the prior)]``.

    With ``kl_coef=0`` by backward induction: deterministic; where words are equally good, the one with the largest
    sum of objectives to come, so that the return is on the Pareto front at the corners too. Otherwise by soft value
    iteration, ``V(s) = kl_coef * log sum_a prior(a|s) exp(Q(s, a) / kl_coef)`` (Ziebart 2010; for sequences Korbak et
    al. 2022, "RL with KL penalties is better viewed as Bayesian inference"). At ``gamma=1`` that is the prior over
    whole answers, tilted by ``exp(weights . return / kl_coef)``.

    Raises:
        InvalidParameter: for weights off the simplex, a negative `kl_coef`, or a discount outside (0, 1].
    """
    w = checked_weights(weights, mdp.n_objectives)
    require(bool(np.isfinite(kl_coef)) and kl_coef >= 0, "kl_coef", "must be finite and at least 0", kl_coef)
    require(0 < gamma <= 1, "gamma", "must be in (0, 1]", gamma)
    if kl_coef == 0:
        return evaluated(mdp, _greedy(mdp, w, gamma), gamma)
    return evaluated(mdp, _soft(mdp, w, kl_coef, gamma), gamma)


def _greedy(mdp: DialMDP, weights: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    rewards = mdp.units / LATTICE
    gains, sums = rewards @ weights, rewards.sum(axis=2)
    table = mdp.prior[mdp.rows]
    v = mdp.vocabulary_size
    first, second = np.zeros(v), np.zeros(v)
    every = np.arange(v + 1)
    for t in reversed(range(mdp.horizon)):
        q, tiebreak = gains + gamma * first, sums + gamma * second
        tied = q >= q.max(axis=1, keepdims=True) - _TIE
        best = np.where(tied, tiebreak, -np.inf).argmax(axis=1)
        first, second = q[every, best][1:], tiebreak[every, best][1:]
        _write(table, t, np.eye(v)[best])
    return table


def _soft(mdp: DialMDP, weights: NDArray[np.float64], kl_coef: float, gamma: float) -> NDArray[np.float64]:
    gains, log_prior = (mdp.units / LATTICE) @ weights, np.log(mdp.prior)
    table = mdp.prior[mdp.rows]
    values = np.zeros(mdp.vocabulary_size)
    for t in reversed(range(mdp.horizon)):
        tilted = log_prior + (gains + gamma * values) / kl_coef
        largest = tilted.max(axis=1, keepdims=True)
        total = largest + np.log(np.exp(tilted - largest).sum(axis=1, keepdims=True))
        _write(table, t, np.exp(tilted - total))
        values = kl_coef * total[1:, 0]
    return table


def _write(table: NDArray[np.float64], t: int, by_row: NDArray[np.float64]) -> None:
    """Put what is chosen in each row of the tables, ``(V + 1, V)``, into the states of time t."""
    v = by_row.shape[1]
    if t == 0:
        table[0] = by_row[0]
    else:
        table[1 + (t - 1) * v : 1 + t * v] = by_row[1:]


def _divergence(mdp: DialMDP, table: NDArray[np.float64], gamma: float) -> float:
    logs = np.log(table, out=np.zeros_like(table), where=table > 0)
    by_state = (table * (logs - np.log(mdp.prior[mdp.rows]))).sum(axis=1)
    v, h = mdp.vocabulary_size, mdp.horizon
    seen = visits(table, h)
    later = by_state[1 : 1 + (h - 1) * v].reshape(h - 1, v)
    return float(by_state[0] + (gamma ** np.arange(1, h) * (seen[1:, 1:] * later).sum(axis=1)).sum())
