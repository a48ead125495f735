"""The tables of the objectives and of the published reward models."""

from __future__ import annotations

import json

from morl_envs import objectives
from morl_envs.objectives import published as reward_models
from morl_envs.objectives import twins
from pages import HERE
from pages.markdown import table

__all__ = ["MECHANISMS", "TWINS", "published", "scorers"]

MECHANISMS = {
    "brevity": "words counted",
    "correctness": "number compared",
    "coverage": "clauses matched by stems and synonyms",
    "diversity": "distinct stems, pairs and openings counted",
    "empathy": "phrases looked up",
    "faithfulness": "clauses compared, contradictions counted",
    "fluency": "linear model of broken word classes",
    "format": "pattern matched",
    "gain": "price of the deal compared",
    "generosity": "price of the deal compared",
    "harmlessness": "words and phrases looked up",
    "helpfulness": "imperatives and details counted",
    "humour": "phrases looked up",
    "keywords": "stems matched",
    "politeness": "phrases looked up, turn by turn",
    "positivity": "VADER's lexicon and rules",
    "readability": "syllables and sentences counted",
    "reflection": "kinds of sentences, stems shared",
    "relevance": "topics looked up",
    "specificity": "uncommon words counted",
}
"""Objective -> how it scores, in words."""

TWINS = {
    "classifier": "classifier over embeddings and n-grams",
    "alignment": "soft alignment by embedding",
    "grammar": "grammar rules",
    "topic": "distances of embeddings, reference",
    "compression": "Lempel-Ziv complexity, spread of embeddings",
}
"""Module of gold twins -> how they score, in words."""


def scorers() -> str:
    """Every objective with its mechanism and its twin's, their AUC on held-out pairs, and how fast it is."""
    figures = json.loads((HERE / "objectives.json").read_text(encoding="utf-8"))
    rows = []
    for name in objectives.names():
        found, kept = objectives.get(name), figures[name]
        twin = TWINS[twins.MODULES[name]] if name in twins.MODULES else "none: exact"
        aucs = ("" if kept[key] is None else f"{kept[key]:.3f}" for key in ("auc", "gold_auc"))
        bounds = f"[{found.low:g}, {found.high:g}]"
        rows.append((f"`{name}`", bounds, MECHANISMS[name], twin, *aucs, f"{kept['per_second']:,}"))
    return table(("objective", "range", "mechanism", "gold twin", "AUC", "AUC of the twin", "answers/s"), rows)


def published() -> str:
    """The reward model of each objective that has one, and how its logits become a score."""
    how = {"softmax": "probability of {label}", "sigmoid": "sigmoid of its logit", "clip": "its output, cut to [0, 1]"}
    rows = [
        (f"`{name}`", f"`{model.id}`", how[model.range].format(label=model.label))
        for name, model in reward_models.MODELS.items()
    ]
    return table(("objective", "model", "score"), rows)
