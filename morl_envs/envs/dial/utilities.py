"""What an episode is worth to a user: the linear and the concave utility, and the best answer under them (ESR)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from morl_envs.envs.dial.fronts import pareto_front, words_for
from morl_envs.envs.dial.mdp import LATTICE, DialMDP
from morl_envs.envs.dial.policies import checked_weights, optimal_policy
from morl_envs.errors import require

__all__ = ["BestAnswer", "bounds", "esr_optimum", "pay_off", "utility"]


@dataclass(frozen=True)
class BestAnswer:
    """An answer and what it earns.

    Attributes:
        tokens: Word numbers, one per step.
        text: The words.
        returns: Shape ``(k,)``.
        utility: Of that return.
    """

    tokens: tuple[int, ...]
    text: str
    returns: NDArray[np.float64]
    utility: float


def bounds(mdp: DialMDP) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lowest and the highest undiscounted return of any answer, per objective, exact, each of shape ``(k,)``."""
    low = high = np.zeros((mdp.vocabulary_size, mdp.n_objectives))
    for _ in range(mdp.horizon):
        lowest, highest = (mdp.units + low).min(axis=1), (mdp.units + high).max(axis=1)
        low, high = lowest[1:], highest[1:]
    return lowest[0] / LATTICE, highest[0] / LATTICE


@lru_cache(maxsize=64)
def pay_off(mdp: DialMDP) -> NDArray[np.float64]:
    """The pay-off table: row i is the return of the optimum for objective i alone, undiscounted, shape ``(k, k)``."""
    rows = [optimal_policy(mdp, corner).expected_return for corner in np.eye(mdp.n_objectives)]
    return np.rint(np.array(rows) * LATTICE) / LATTICE


def utility(mdp: DialMDP, returns: ArrayLike, weights: ArrayLike) -> NDArray[np.float64]:
    """Utility of each undiscounted return, shape ``(...)`` for returns of shape ``(..., k)``.

    "linear": ``weights . return``. "concave": the weighted geometric mean of shares, where an objective's share goes
    from 0 at the worst to 1 at the best of its column in the :func:`pay_off` table (0 below, and with 0 to the power 0
    as 1): an answer that gives a wanted objective no more than another's optimum gives it anyway is worth nothing. It
    never falls as a return grows, is concave above those worsts, and judges each episode by its own return (ESR), not
    the mean return (SER).
    """
    w = checked_weights(weights, mdp.n_objectives)
    array = np.asarray(returns, dtype=np.float64)
    require(array.shape[-1:] == w.shape, "returns", f"must have shape (..., {len(w)})", array.shape)
    if mdp.utility == "linear":
        return np.asarray(array @ w)
    low, high = pay_off(mdp).min(axis=0), pay_off(mdp).max(axis=0)
    apart = high > low  # equal where all optima agree on an objective: then only its best counts
    shares = np.where(apart, (array - low) / np.where(apart, high - low, 1), array >= high)
    return np.asarray(np.prod(np.clip(shares, 0, 1) ** w, axis=-1))


def esr_optimum(mdp: DialMDP, weights: ArrayLike) -> BestAnswer:
    """The answer with the highest utility, exact: the best that any policy can do in expectation over episodes.

    The utility grows with every objective, so a best answer is on the Pareto front; a stochastic policy earns a mean
    of answers' utilities and no more.

    Raises:
        InvalidParameter: as :func:`pareto_front`, or for weights off the simplex.
    """
    front = pareto_front(mdp)
    values = utility(mdp, front, weights)
    best = int(values.argmax())
    tokens = words_for(mdp, front[best])
    text = " ".join(mdp.words[token] for token in tokens)
    return BestAnswer(tuple(tokens), text, front[best], float(values[best]))
