"""The text MDP behind `dial`: a bigram prior and lattice rewards whose correlation is set by hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from morl_envs.envs.dial.moments import moments
from morl_envs.envs.dial.words import WORDS, bigram_prior
from morl_envs.errors import require, require_one_of

__all__ = ["LATTICE", "OBJECTIVES", "RELATIONSHIPS", "UTILITIES", "DialMDP", "chosen_correlation"]

LATTICE = 16
"""Rewards are multiples of 1/LATTICE."""
OBJECTIVES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
"""The tables are drawn, so the names claim no meaning."""
RELATIONSHIPS = ("complementary", "conflicting", "independent")
UTILITIES = ("concave", "linear")

_STRENGTH = 0.8  # of "conflicting" and "complementary", as a share of the feasible range
_BIGRAM = 0.5  # standard deviation of the bigram table, in that of the word table
_SHRINKS = np.linspace(1, 0.8, 17)  # scales tried, in those that fill the lattice
_CLOSE_ENOUGH = 0.005  # to the wanted correlation
_OWN, _SWITCH, _VARIETY = 1.5, 1.5, 0.05  # the concave variant: a word of one's own, changing owner, other noise


def chosen_correlation(relationship: str | None, correlation: float | None, n_objectives: int) -> float:
    """The pairwise correlation that a relationship, or a number, asks for.

    All pairs of k objectives can share a correlation c only if c is in [-1/(k-1), 1], for a covariance matrix has no
    negative eigenvalue. "conflicting" is 0.8 of the lower bound, "independent" 0, "complementary" 0.8.

    Raises:
        InvalidParameter: if both are given, for an unknown relationship, or for a correlation out of the range.
    """
    lowest = -1 / (n_objectives - 1)
    if correlation is None:
        name = "conflicting" if relationship is None else relationship
        require_one_of("relationship", name, RELATIONSHIPS)
        return {"conflicting": _STRENGTH * lowest, "independent": 0.0, "complementary": _STRENGTH}[name]
    require(relationship is None, "relationship", "must be None where correlation is given", relationship)
    number = isinstance(correlation, int | float) and not isinstance(correlation, bool)
    valid = number and lowest - 1e-9 <= correlation <= 1
    rule = f"must be in [-1/(n_objectives - 1), 1] = [{lowest:.6g}, 1] for n_objectives={n_objectives}"
    require(valid, "correlation", rule, correlation)
    return max(float(correlation), lowest)


@dataclass(frozen=True)
class DialMDP:
    """The tables. A state is the time and the last word; `row` 0 stands for no word yet, 1 + w for word w.

    Args:
        n_objectives: k, 2 to 8.
        vocabulary_size: V, 4 to 64.
        horizon: Words of an episode, 2 to 256.
        correlation: Of every two objectives' returns under the prior; see :func:`chosen_correlation`.
        utility: "linear" or "concave"; the concave variant's tables reward staying with one objective's words.
        instance: Which member of the family; everything is drawn from it.
    """

    n_objectives: int = 2
    vocabulary_size: int = 16
    horizon: int = 8
    correlation: float = -_STRENGTH
    utility: str = "linear"
    instance: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("n_objectives", 2, len(OBJECTIVES)),
            ("vocabulary_size", 4, len(WORDS)),
            ("horizon", 2, 256),
            ("instance", 0, 2**31 - 1),
        ):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            require(whole and low <= value <= high, name, f"must be an integer in [{low}, {high}]", value)
        require_one_of("utility", self.utility, UTILITIES)
        chosen_correlation(None, self.correlation, self.n_objectives)

    @property
    def words(self) -> tuple[str, ...]:
        """The vocabulary."""
        return WORDS[: self.vocabulary_size]

    @property
    def n_states(self) -> int:
        """States, the final ones included: 0 at the start, ``1 + (t - 1) * V + w`` after word w at time t."""
        return 1 + self.horizon * self.vocabulary_size

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of the tables for every state, shape ``(n_states,)``."""
        return np.concatenate([[0], 1 + np.arange(self.n_states - 1) % self.vocabulary_size])

    @cached_property
    def prior(self) -> NDArray[np.float64]:
        """The base policy: probabilities of the next word, shape ``(V + 1, V)``, all positive."""
        return bigram_prior(self.vocabulary_size, np.random.default_rng([self.instance, 0]))

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """Rewards in sixteenths, shape ``(V + 1, V, k)``, from 0 to 16.

        Latent tables are drawn, made uncorrelated under the prior by the inverse root of their covariance of returns
        (computed exactly), mixed by the root of the wanted correlation matrix, and rounded at a few scales, of
        which the one closest to the wanted correlation is kept. Only rounding separates the measured correlation from
        the wanted one; at 1 and (for two objectives) -1 not even that does.
        """
        latent = self._latent()
        _, covariance = moments(latent, self.prior[self.rows], self.horizon)
        mixed = latent @ (self._root() @ _inverse_root(covariance)).T
        widest = (LATTICE - 1) / np.ptp(mixed, axis=(0, 1))  # rounding may widen a range by one
        best, least = mixed, np.inf
        for shrink in _SHRINKS:
            rounded = np.rint(mixed * (shrink * widest))
            error = np.abs(self._correlations(rounded) - self._wanted()).max()
            if error < least:
                best, least = rounded, error
            if least < _CLOSE_ENOUGH:
                break
        return np.asarray(best - best.min(axis=(0, 1)), dtype=np.int64)

    @cached_property
    def rewards(self) -> NDArray[np.float32]:
        """Rewards as the environments pay them, shape ``(V + 1, V, k)``; sixteenths are exact in float32."""
        return (self.units / LATTICE).astype(np.float32)

    @property
    def measured_correlation(self) -> NDArray[np.float64]:
        """Correlation of the objectives' returns under the prior, exact, shape ``(k, k)``."""
        return self._correlations(self.units)

    def _correlations(self, rewards: NDArray[Any]) -> NDArray[np.float64]:
        _, covariance = moments(rewards, self.prior[self.rows], self.horizon)
        spread = np.sqrt(np.diag(covariance))
        return np.asarray(covariance / np.outer(spread, spread))

    def _wanted(self) -> NDArray[np.float64]:
        k, c = self.n_objectives, self.correlation
        return np.where(np.eye(k, dtype=bool), 1.0, c)

    def _root(self) -> NDArray[np.float64]:
        """The symmetric square root of the wanted correlation matrix: (1 - c) I + c 11'."""
        k, c = self.n_objectives, self.correlation
        apart, together = np.sqrt(1 - c), np.sqrt(max(0.0, 1 + (k - 1) * c))
        return np.asarray(apart * np.eye(k) + (together - apart) / k)

    def _latent(self) -> NDArray[np.float64]:
        """Drawn rewards per word plus drawn rewards per bigram, ``(V + 1, V, k)``; the first word ends no bigram."""
        v, k = self.vocabulary_size, self.n_objectives
        rng = np.random.default_rng([self.instance, 1])
        words = rng.standard_normal((v, k))
        bigrams = _BIGRAM * rng.standard_normal((v + 1, v, k))
        if self.utility == "concave":
            owner = self.owners
            words = _VARIETY * words + _OWN * (owner[:, None] == np.arange(k))
            bigrams = _VARIETY * bigrams
            bigrams[1:] -= _SWITCH * (owner[:, None] != owner)[:, :, None]
        bigrams[0] = 0
        return words + bigrams

    @property
    def owners(self) -> NDArray[np.int64]:
        """The objective that each word belongs to in the concave variant, shape ``(V,)``."""
        run = 4 if self.vocabulary_size >= 4 * self.n_objectives else 1
        return np.arange(self.vocabulary_size) // run % self.n_objectives


def _inverse_root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors / np.sqrt(values)) @ vectors.T
    return root
