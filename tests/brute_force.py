"""Exact answers about a small `dial` by writing down every text: no dynamic programming, none of the package's code."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog


@dataclass(frozen=True)
class Texts:
    """All texts of a small environment: word numbers ``(n, horizon)``, returns ``(n, k)``, prior ``(n,)``."""

    words: NDArray[np.int64]
    returns: NDArray[np.float64]
    prior: NDArray[np.float64]


def all_texts(env: Any, gamma: float = 1.0) -> Texts:
    """Every text, with the rewards and probabilities looked up one word after the other."""
    mdp = env.mdp
    words = np.array(list(product(range(mdp.vocabulary_size), repeat=mdp.horizon)))
    returns, prior = [], []
    for text in words:
        before, earned, chance = 0, 0.0, 1.0
        for t, word in enumerate(text):
            earned = earned + gamma**t * mdp.rewards[before, word].astype(np.float64)
            chance *= mdp.prior[before, word]
            before = 1 + word
        returns.append(earned)
        prior.append(chance)
    return Texts(words, np.array(returns), np.array(prior))


def probability_of(texts: Texts, table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of each text under a policy table, from the documented numbering of states; shape ``(n,)``."""
    v = table.shape[1]
    found = np.ones(len(texts.words))
    for i, text in enumerate(texts.words):
        state = 0
        for t, word in enumerate(text):
            found[i] *= table[state, word]
            state = 1 + t * v + word
    return found


def front(returns: NDArray[np.float64], tolerance: float = 0.0) -> NDArray[np.float64]:
    """Distinct returns that no other dominates, by comparing all pairs; sorted."""
    points = returns[np.lexsort(returns.T[::-1])]
    apart = points[:, None] - points  # (n, n, k)
    repeats = np.tril(np.abs(apart).max(axis=2) <= tolerance, -1).any(axis=1)
    dominated = ((apart <= tolerance).all(axis=2) & (apart < -tolerance).any(axis=2)).any(axis=1)
    kept: NDArray[np.float64] = points[~repeats & ~dominated]
    return kept


def winners(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points that no mixture of the others matches in every objective: the smallest convex coverage set."""
    kept = []
    for i, point in enumerate(points):
        others = np.delete(points, i, axis=0)
        if len(others) == 0:
            return points
        ones = np.ones((1, len(others)))
        matched = linprog(np.zeros(len(others)), A_ub=-others.T, b_ub=-point, A_eq=ones, b_eq=[1.0])
        if matched.status == 2:  # infeasible
            kept.append(point)
    return np.array(kept)
