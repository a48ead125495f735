"""One fixed answer to every prompt: an objective that rewards it highly can be gamed.

Controls: completion, and token of `dial`, where `text` holds as many words as an answer.

Run: python agents/constant_text.py --env morl/review-completion-v0
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from gymnasium import Env, spaces
from numpy.typing import NDArray

from morl_envs.errors import require
from morl_envs.evaluation import Budget


@dataclass(frozen=True)
class ConstantText:
    """Gives the same answer to every prompt, for all weights.

    Args:
        text: The answer.
    """

    controls: ClassVar[tuple[str, ...]] = ("completion", "dial-token")

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
        self.words: NDArray[np.int64] | None = None

    def start(self, envs: Any) -> None:
        self.words = None
        if isinstance(envs.single_action_space, spaces.Discrete):
            tabular = isinstance(envs.single_observation_space, spaces.Discrete)
            require(tabular, "env", "must take whole answers, or be morl/dial-token-v0", type(envs).__name__)
            self.words = np.array(envs.lm.encode_completion(self.text))
            length = envs.max_new_tokens
            require(len(self.words) == length, "text", f"must have {length} words of the vocabulary", self.text)
            self.size = int(envs.single_action_space.n)

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        if self.words is None:
            return (self.text,) * len(seeds)
        written = np.where(observations == 0, 0, 1 + (observations - 1) // self.size)
        return self.words[np.minimum(written, len(self.words) - 1)]

    def log_probs(self, observations: Any, actions: Any) -> NDArray[np.float64]:
        """Of words, which are certain; unknown for whole answers."""
        return np.full(len(actions), np.nan if self.words is None else 0.0)


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
