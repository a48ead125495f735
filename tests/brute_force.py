"""Exact answers by writing down every text: no dynamic programming, none of the package's code."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog


@dataclass(frozen=True)
class Texts:
    """All texts of a small `dial`: word numbers ``(n, horizon)``, returns ``(n, k)``, prior ``(n,)``."""

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


@dataclass(frozen=True)
class Answer:
    """One answer in a lab: what was chosen until it ended, what it earned at the end, how many decisions it took."""

    actions: tuple[int, ...]
    reward: NDArray[np.float64]

    def worth(self, gamma: float) -> NDArray[np.float64]:
        """Discounted return."""
        return gamma ** (len(self.actions) - 1) * self.reward


def all_answers(env: Any, prompt_index: int) -> list[Answer]:
    """Every answer to a prompt, by walking the tree of decisions one `step` after the other from the start."""
    found, open_ = [], [()]
    while open_:
        before: tuple[int, ...] = open_.pop()
        for action in range(env.action_space.n):
            env.reset(options={"prompt_index": prompt_index})
            for chosen in (*before, action):
                _, reward, ended, _, _ = env.step(chosen)
            if ended:
                found.append(Answer((*before, action), reward.astype(np.float64)))
            else:
                open_.append((*before, action))
    return found


def mean_returns(answers: list[list[Answer]], gamma: float) -> NDArray[np.float64]:
    """Mean return over the prompts of every deterministic policy: one answer for each prompt."""
    return np.array([np.mean([answer.worth(gamma) for answer in chosen], axis=0) for chosen in product(*answers)])


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
