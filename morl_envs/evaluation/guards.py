"""Guards against gamed objectives: what a scorer that training never saw says, and what the texts look like."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from morl_envs import objectives, registry
from morl_envs.evaluation.result import EvaluationResult
from morl_envs.metrics.texts import distinct_n, mean_words
from morl_envs.objectives import checked_scores

__all__ = ["gold_scores", "text_guards"]


def gold_scores(result: EvaluationResult) -> dict[str, NDArray[np.float64]]:
    """For each objective that has a gold twin, what the twin says of the answers; each of shape ``(s, m, n)``.

    Raises:
        ScoringError: if a twin fails.
    """
    if not registry.uses_lm(result.id):
        return {}
    twins = {name: twin for name in result.objectives if (twin := objectives.gold(name)) is not None}
    if not twins:
        return {}
    prompts = {prompt.id: prompt for prompt in registry.prompts(result.id, result.env_kwargs["split"])}
    shape = np.shape(result.completions)
    asked = [prompts[id] for id in result.prompt_ids] * (shape[0] * shape[1])
    texts = [text.strip() for text in chain.from_iterable(chain.from_iterable(result.completions))]
    return {name: checked_scores(twin, asked, texts).astype(np.float64).reshape(shape) for name, twin in twins.items()}


def text_guards(result: EvaluationResult) -> dict[str, NDArray[np.float64]]:
    """Length and diversity of the answers to each weight vector, by name; each of shape ``(s, m)``."""
    measures: dict[str, Callable[[list[str]], float]] = {
        "words": mean_words,
        "distinct_1": lambda t: distinct_n(t, 1),
        "distinct_2": lambda t: distinct_n(t, 2),
    }
    return {
        name: np.array([[measure(texts) for texts in row] for row in result.completions])
        for name, measure in measures.items()
    }
