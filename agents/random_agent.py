"""Random actions: the first control that every method must beat.

Under `token` and `choice` every token of the action space is as likely as any other; under `completion` the answer is
a run of random vocabulary tokens.

Run: python agents/random_agent.py --env morl/review-choice-v0
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from gymnasium import Env, spaces
from numpy.typing import NDArray

from morl_envs.errors import require
from morl_envs.evaluation import Budget


@dataclass(frozen=True)
class RandomAgent:
    """Ignores observations and weights.

    Args:
        n_tokens: Tokens of a random completion.
    """

    n_tokens: int = 16

    def __post_init__(self) -> None:
        valid = isinstance(self.n_tokens, int) and self.n_tokens >= 1
        require(valid, "n_tokens", "must be an integer of at least 1", self.n_tokens)

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Nothing is learnt."""

    def policy(self, weights: NDArray[np.float64]) -> _Random:
        """The same policy for all weights."""
        return _Random(self.n_tokens)

    def save(self, folder: Path) -> None:
        """Write the arguments."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "agent.json").write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**json.loads((folder / "agent.json").read_text()))


class _Random:
    def __init__(self, n_tokens: int) -> None:
        self.n_tokens = n_tokens

    def start(self, envs: Any) -> None:
        self.envs = envs

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        generators = [np.random.default_rng(seed) for seed in seeds]
        space = self.envs.single_action_space
        if isinstance(space, spaces.Discrete):
            return np.array([rng.integers(space.n) for rng in generators])
        lm = self.envs.lm
        texts = lm.decode([rng.integers(lm.vocabulary_size, size=self.n_tokens) for rng in generators])
        return tuple(text[: space.max_length] for text in texts)

    def log_probs(self, observations: Any, actions: Any) -> NDArray[np.float64]:
        """Of actions from a finite set; unknown for texts."""
        space = self.envs.single_action_space
        known = -np.log(space.n) if isinstance(space, spaces.Discrete) else np.nan
        return np.full(len(actions), known)


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
