"""Metrics: arrays in, numbers out; every objective is maximised."""

from morl_envs.metrics.dominance import non_dominated
from morl_envs.metrics.indicators import expected_utility, hypervolume
from morl_envs.metrics.utility import simplex_lattice

__all__ = ["expected_utility", "hypervolume", "non_dominated", "simplex_lattice"]
