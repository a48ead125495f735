"""Best of n: sample n answers, keep the one with the highest weighted score.

No training, n times the cost at inference, and it needs the scorers at test time: a strong control rather than a
method. The candidates of a prompt are sampled once per seed and shared by all weight vectors, so that fronts compare
choices and not luck. In a conversation it chooses turn by turn, as if each turn were the last. Controls: completion,
and token of `dial`, whose chosen answer is written word by word.

Run: python agents/best_of_n.py --env morl/review-completion-v0
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from gymnasium import Env, spaces
from numpy.typing import NDArray

from morl_envs.errors import require
from morl_envs.evaluation import Budget
from morl_envs.spec import Prompt

Key = tuple[str, int]  # what is shown, and the seed
Candidates = tuple[list[str], NDArray[np.float32]]  # n texts and their reward vectors (n, k)


class _Memory:
    """The candidates sampled in one environment on one meter; another one starts afresh, and so does a copy."""

    def __init__(self) -> None:
        self.where: tuple[Any, Any] = (None, None)
        self.candidates: dict[Key, Candidates] = {}

    def of(self, envs: Any) -> dict[Key, Candidates]:
        if self.where[0] is not envs or self.where[1] is not envs.meter:
            self.where, self.candidates = (envs, envs.meter), {}
        return self.candidates

    def __reduce__(self) -> Any:
        return _Memory, ()


@dataclass(frozen=True)
class BestOfN:
    """Chooses among samples of the environment's language model by weighted score.

    Args:
        n: Candidates per prompt.
        temperature: Of the samples.
    """

    controls: ClassVar[tuple[str, ...]] = ("completion", "dial-token")

    n: int = 8
    temperature: float = 0.8
    _memory: _Memory = field(default_factory=_Memory, repr=False, compare=False)

    def __post_init__(self) -> None:
        require(isinstance(self.n, int) and self.n >= 1, "n", "must be an integer of at least 1", self.n)
        valid = np.isfinite(self.temperature) and self.temperature > 0
        rule = "must be finite and positive: equal samples leave no choice"
        require(bool(valid), "temperature", rule, self.temperature)

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Nothing is learnt."""

    def policy(self, weights: NDArray[np.float64]) -> _BestOfN:
        """Keeps the candidate with the highest ``weights @ reward``."""
        return _BestOfN(self, np.asarray(weights))

    def save(self, folder: Path) -> None:
        """Write the arguments."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "agent.json").write_text(json.dumps({"n": self.n, "temperature": self.temperature}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**json.loads((folder / "agent.json").read_text()))


class _BestOfN:
    def __init__(self, agent: BestOfN, weights: NDArray[np.float64]) -> None:
        self.agent = agent
        self.weights = weights

    def start(self, envs: Any) -> None:
        self.envs = envs
        self.by_word = isinstance(envs.single_action_space, spaces.Discrete)
        tabular = not self.by_word or isinstance(envs.single_observation_space, spaces.Discrete)
        require(tabular, "env", "must take whole answers, or be morl/dial-token-v0", type(envs).__name__)
        self.words: NDArray[np.int64] = np.zeros((envs.num_envs, envs.max_new_tokens), dtype=np.int64)

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        if self.by_word:
            return self._next_words(observations, seeds)
        acting = np.flatnonzero(~self.envs.idle).tolist()
        chosen = self._choose({row: (observations[row], int(seeds[row])) for row in acting})
        return tuple(chosen.get(row, "") for row in range(len(observations)))

    def _next_words(self, states: NDArray[np.int64], seeds: NDArray[np.int64]) -> NDArray[np.int64]:
        starting = np.flatnonzero((states == 0) & ~self.envs.idle).tolist()
        # nothing is asked on dial: a seed names the episode
        for row, text in self._choose({row: (str(seeds[row]), int(seeds[row])) for row in starting}).items():
            self.words[row] = self.envs.lm.encode_completion(text)
        written = np.where(states == 0, 0, 1 + (states - 1) // self.envs.single_action_space.n)
        following: NDArray[np.int64] = self.words[np.arange(len(states)), np.minimum(written, self.words.shape[1] - 1)]
        return following

    def _choose(self, asked: dict[int, Key]) -> dict[int, str]:
        """Row -> the best candidate."""
        sampled = self.agent._memory.of(self.envs)
        self._sample({key: row for row, key in asked.items() if key not in sampled}, sampled)
        return {row: sampled[key][0][int(np.argmax(sampled[key][1] @ self.weights))] for row, key in asked.items()}

    def _sample(self, rows: dict[Key, int], sampled: dict[Key, Candidates]) -> None:
        """Candidates for what is shown in these rows."""
        if not rows:
            return
        n = self.agent.n
        shown = [Prompt(text) for text, _ in rows for _ in range(n)]
        seeds = [int(word) for _, seed in rows for word in np.random.SeedSequence(seed).generate_state(n)]
        answers = self.envs.generate(shown, seeds=seeds, temperature=self.agent.temperature)
        limit = None if self.by_word else self.envs.single_action_space.max_length
        texts = [answer.text[:limit] for answer in answers]
        if self.by_word:
            rewards = self.envs.score(shown, texts)
        else:
            rewards = self.envs.score_turns([row for row in rows.values() for _ in range(n)], texts)
        for i, key in enumerate(rows):
            part = slice(i * n, (i + 1) * n)
            sampled[key] = (texts[part], rewards[part])


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
