"""The language model as it is: what any method starts from.

Samples from the model's own distribution under every control, whatever the weights.

Run: python agents/base_model.py --env morl/review-token-v0
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
from scipy.special import log_softmax

from morl_envs.errors import require
from morl_envs.evaluation import Budget, base_scores
from morl_envs.spec import Prompt


@dataclass(frozen=True)
class BaseModel:
    """Samples from the environment's language model.

    Args:
        temperature: Of the samples; 0 is greedy.
    """

    temperature: float = 1.0

    def __post_init__(self) -> None:
        valid = np.isfinite(self.temperature) and self.temperature >= 0
        require(bool(valid), "temperature", "must be finite and at least 0", self.temperature)

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Nothing is learnt."""

    def policy(self, weights: NDArray[np.float64]) -> _Sampler:
        """The same policy for all weights."""
        return _Sampler(self.temperature)

    def save(self, folder: Path) -> None:
        """Write the arguments."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "agent.json").write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**json.loads((folder / "agent.json").read_text()))


class _Sampler:
    def __init__(self, temperature: float) -> None:
        self.temperature = temperature

    def start(self, envs: Any) -> None:
        self.envs = envs

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        if isinstance(observations, dict):  # tokens: the logits stay where they are
            return self.envs.sample_next_tokens(_uniforms(seeds), self.temperature)
        if isinstance(self.envs.single_action_space, spaces.Discrete):
            return self._draw(base_scores(self.envs, observations), seeds)
        acting = np.flatnonzero(~self.envs.idle)
        shown = [Prompt(observations[row]) for row in acting]
        answers = self.envs.generate(shown, seeds=seeds[acting].tolist(), temperature=self.temperature)
        limit = self.envs.single_action_space.max_length
        actions = [""] * len(observations)
        for row, answer in zip(acting, answers, strict=True):
            actions[row] = answer.text[:limit]
        return tuple(actions)

    def log_probs(self, observations: Any, actions: Any) -> NDArray[np.float64]:
        """Of single tokens; unknown for whole answers."""
        if not isinstance(self.envs.single_action_space, spaces.Discrete):
            return np.full(len(actions), np.nan)
        if self.temperature == 0:
            return np.zeros(len(actions))
        scores = log_softmax(base_scores(self.envs, observations).astype(np.float64) / self.temperature, axis=1)
        chosen: NDArray[np.float64] = scores[np.arange(len(scores)), actions]
        return chosen

    def _draw(self, scores: NDArray[np.float32], seeds: NDArray[np.int64]) -> NDArray[np.int64]:
        import torch

        from morl_envs.lm.sampling import draw

        drawn: NDArray[np.int64] = draw(
            torch.from_numpy(scores), torch.from_numpy(_uniforms(seeds)), self.temperature
        ).numpy()
        return drawn


def _uniforms(seeds: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array([np.random.default_rng(seed).random() for seed in seeds])


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
