"""The exceptions of the package, and the two checks that raise the most common one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

__all__ = [
    "BudgetExceeded",
    "ContractViolation",
    "InvalidParameter",
    "ModelUnavailable",
    "ScoringError",
    "require",
    "require_one_of",
]


class InvalidParameter(ValueError):
    """A value given by the caller breaks a rule; the message names the parameter, the rule and the value."""


class ModelUnavailable(RuntimeError):
    """The weights of a language model cannot be found, fetched, verified or loaded."""


class ScoringError(RuntimeError):
    """An objective could not score a completion, or scored it outside its documented range."""


class BudgetExceeded(RuntimeError):
    """An agent asked for more scored completions or generated tokens than its budget holds."""


class ContractViolation(AssertionError):
    """An environment breaks a named rule of its contract (:mod:`morl_envs.check`), or its evaluation is not valid."""


def require(condition: bool, name: str, rule: str, value: Any) -> None:
    """Raise :class:`InvalidParameter` ("name rule, got value") unless `condition` holds."""
    if not condition:
        raise InvalidParameter(f"{name} {rule}, got {_short(value)}")


def require_one_of(name: str, value: Any, choices: Iterable[str]) -> None:
    """Raise :class:`InvalidParameter` with a suggestion unless `value` is one of `choices`."""
    known = sorted(choices)
    if value in known:
        return
    close = get_close_matches(str(value), known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise InvalidParameter(f"{name} must be one of {', '.join(map(repr, known))}, got {_short(value)}{hint}")


def _short(value: Any, limit: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
