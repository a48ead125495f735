"""Metrics: arrays in, numbers out; every objective is maximised."""

from morl_envs.metrics.dominance import dominates, non_dominated
from morl_envs.metrics.indicators import (
    cardinality,
    expected_utility,
    hypervolume,
    igd_plus,
    maximum_utility_loss,
)
from morl_envs.metrics.intervals import interquartile_mean, probability_of_improvement
from morl_envs.metrics.steering import miscalibration, rank_correlation, regret, side_effects
from morl_envs.metrics.texts import distinct_n, kl_divergence
from morl_envs.metrics.utility import esr, ser, simplex_lattice

__all__ = [
    "cardinality",
    "distinct_n",
    "dominates",
    "esr",
    "expected_utility",
    "hypervolume",
    "igd_plus",
    "interquartile_mean",
    "kl_divergence",
    "maximum_utility_loss",
    "miscalibration",
    "non_dominated",
    "probability_of_improvement",
    "rank_correlation",
    "regret",
    "ser",
    "side_effects",
    "simplex_lattice",
]
