"""The options of reset."""

from __future__ import annotations

from typing import Any

import numpy as np

from morl_envs.errors import require, require_one_of

__all__ = ["check_options", "prompt_index"]


def check_options(options: dict[str, Any] | None, known: set[str]) -> None:
    """Refuse unknown options.

    Raises:
        InvalidParameter: with a suggestion.
    """
    for key in options or {}:
        require_one_of("options", key, known)


def prompt_index(wanted: Any, rng: np.random.Generator, n_prompts: int) -> int:
    """The prompt asked for, or one drawn from `rng`."""
    if wanted is None:
        return int(rng.integers(n_prompts))
    is_index = isinstance(wanted, int | np.integer) and bool(0 <= wanted < n_prompts)
    require(is_index, "options['prompt_index']", f"must be an integer in [0, {n_prompts})", wanted)
    return int(wanted)
