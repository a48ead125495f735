"""Evaluation: every agent answers the same test prompts for every weight vector; returns are kept whole."""

from morl_envs.budget import Budget, Meter
from morl_envs.evaluation.agent import Agent, Policy, base_scores, derived_seeds
from morl_envs.evaluation.evaluate import evaluate
from morl_envs.evaluation.result import EvaluationResult

__all__ = ["Agent", "Budget", "EvaluationResult", "Meter", "Policy", "base_scores", "derived_seeds", "evaluate"]
