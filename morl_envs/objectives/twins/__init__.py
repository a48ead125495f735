"""Gold twins: scorers of the same traits by other mechanisms, which training never sees.

An agent that learns to please a scorer rather than to write well pleases its twin less: `morl_envs.objectives.gold`
gives the twin of an objective, or None. `brevity`, `correctness`, `format`, `gain` and `generosity` have
none, for what they count is exact.
"""

from __future__ import annotations

__all__ = ["MODULES"]

MODULES = {
    "positivity": "classifier",
    "specificity": "classifier",
    "reflection": "classifier",
    "empathy": "classifier",
    "helpfulness": "classifier",
    "harmlessness": "classifier",
    "humour": "classifier",
    "readability": "classifier",
    "politeness": "classifier",
    "faithfulness": "alignment",
    "coverage": "alignment",
    "keywords": "alignment",
    "relevance": "topic",
    "fluency": "grammar",
    "diversity": "compression",
}
"""Objective -> the module here whose ``OBJECTIVES`` holds its twin."""
