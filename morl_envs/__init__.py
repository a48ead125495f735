"""Multi-objective reinforcement learning for text generation, as Gymnasium environments with vector rewards.

Importing the package registers its ids (``gymnasium.make("morl/review-token-v0")``) and loads no model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from morl_envs import registry
from morl_envs.errors import BudgetExceeded, ContractViolation, InvalidParameter, ModelUnavailable, ScoringError

if TYPE_CHECKING:
    from morl_envs.check import check_env, check_vector_env

__all__ = [
    "BudgetExceeded",
    "ContractViolation",
    "InvalidParameter",
    "ModelUnavailable",
    "ScoringError",
    "check_env",
    "check_vector_env",
    "registry",
]

__version__ = "0.1.0"

_LAZY = {"check_env": "morl_envs.check", "check_vector_env": "morl_envs.check"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'morl_envs' has no attribute {name!r}")
