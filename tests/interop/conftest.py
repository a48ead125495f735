"""Small, exact versions of the ids, for libraries that were written without them in mind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from morl_envs import registry


@pytest.fixture
def small(tiny_lm: str) -> Callable[[str], dict[str, Any]]:
    """Keyword arguments that keep an id quick and its numbers the same on every machine."""

    def kwargs(id: str) -> dict[str, Any]:
        if not registry.uses_lm(id):
            return {}
        found = {"lm": tiny_lm, "device": "cpu", "dtype": "float32"}
        # a lab's length is its own
        return found if registry.task_and_control(id)[1] == "lab" else {**found, "max_new_tokens": 6}

    return kwargs
