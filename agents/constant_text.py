"""One fixed answer to every prompt: an objective that rewards it highly can be gamed.

Control: completion.

Run: python agents/constant_text.py --env morl/review-completion-v0
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from gymnasium import Env
from numpy.typing import NDArray

from morl_envs.errors import require
from morl_envs.evaluation import Budget


@dataclass(frozen=True)
class ConstantText:
    """Gives the same answer to every prompt, for all weights.

    Args:
        text: The answer.
    """

    controls: ClassVar[tuple[str, ...]] = ("completion",)

    text: str = "I loved it."

    def __post_init__(self) -> None:
        require(isinstance(self.text, str), "text", "must be a string", self.text)

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Nothing is learnt."""

    def policy(self, weights: NDArray[np.float64]) -> _Constant:
        """The same policy for all weights."""
        return _Constant(self.text)

    def save(self, folder: Path) -> None:
        """Write the arguments."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "agent.json").write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**json.loads((folder / "agent.json").read_text()))


class _Constant:
    def __init__(self, text: str) -> None:
        self.text = text

    def start(self, envs: Any) -> None:
        """Nothing to prepare."""

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        return (self.text,) * len(seeds)


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
