"""Objectives by name. Each grows with goodness, is bounded, pure and batched."""

from __future__ import annotations

from importlib import import_module

from morl_envs.errors import InvalidParameter, require_one_of
from morl_envs.objectives.base import Objective, checked_scores
from morl_envs.objectives.twins import MODULES as _TWINS

__all__ = ["Objective", "checked_scores", "get", "gold", "names", "register"]

_MODULES = {
    "positivity": "sentiment",
    "specificity": "specificity",
    "brevity": "length",
    "correctness": "verifiable",
    "format": "verifiable",
    "reflection": "reflection",
    "empathy": "empathy",
    "fluency": "fluency",
    "helpfulness": "helpfulness",
    "harmlessness": "harmlessness",
    "humour": "humour",
    "faithfulness": "faithfulness",
    "coverage": "coverage",
    "keywords": "keywords",
    "readability": "readability",
    "relevance": "relevance",
    "diversity": "diversity",
}
_REGISTERED: dict[str, Objective] = {}
_GOLD: dict[str, Objective] = {}


def names() -> tuple[str, ...]:
    """Every known objective, sorted."""
    return tuple(sorted({*_MODULES, *_REGISTERED}))


def get(name: str) -> Objective:
    """The objective called `name`, imported on first use.

    Raises:
        InvalidParameter: for an unknown name, with a suggestion.
    """
    require_one_of("objective", name, names())
    if name not in _REGISTERED:
        module = import_module(f"morl_envs.objectives.{_MODULES[name]}")
        _REGISTERED[name] = module.OBJECTIVES[name]
    return _REGISTERED[name]


def gold(name: str) -> Objective | None:
    """The gold twin of an objective: a scorer of the same trait by another mechanism, to judge and never to train with.

    None where there is none, as for `brevity`, `correctness` and `format`, which count what is exact.

    Raises:
        InvalidParameter: for an unknown name, with a suggestion.
    """
    require_one_of("objective", name, names())
    if name in _TWINS and name not in _GOLD:
        _GOLD[name] = import_module(f"morl_envs.objectives.twins.{_TWINS[name]}").OBJECTIVES[name]
    return _GOLD.get(name)


def register(objective: Objective, gold: Objective | None = None) -> None:
    """Make a third party's objective, and its gold twin if it has one, known under its name.

    Raises:
        InvalidParameter: if the name is taken.
    """
    if objective.name in names():
        raise InvalidParameter(f"objective.name must not be taken already, got {objective.name!r}")
    _REGISTERED[objective.name] = objective
    if gold is not None:
        _GOLD[objective.name] = gold
