"""An agent whose feedback is shuffled: a method must beat its own shuffle, or what it learns from does not matter.

In training, a step earns what some earlier step earned; where a policy scores candidates, those of a prompt change
their scores among themselves. What it costs stays the same. Controls: those of the agent.

Run: python agents/shuffled_feedback.py --env morl/dial-token-v0 --set of=best_of_n
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from zlib import crc32

import gymnasium
import numpy as np
from gymnasium import Env
from numpy.typing import NDArray

from morl_envs.cli.agents import build
from morl_envs.evaluation import Budget, Policy
from morl_envs.spec import Prompt


@dataclass(frozen=True)
class ShuffledFeedback:
    """Gives an agent rewards that belong to something else.

    Args:
        of: Name or file of the agent that is controlled for.
        settings: Its arguments, each ``"name=value"``.
    """

    of: str = "best_of_n"
    settings: tuple[str, ...] = ()
    _agent: Any = field(default=None, repr=False, compare=False)
    _views: _Views = field(default_factory=lambda: _Views(), repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", tuple(self.settings))  # JSON knows lists only
        if self._agent is None:
            object.__setattr__(self, "_agent", build(self.of, self.settings))
        if hasattr(self._agent, "controls"):
            object.__setattr__(self, "controls", self._agent.controls)

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Train the agent on rewards of earlier steps."""
        self._agent.train(lambda **kwargs: _Earlier(make_env(**kwargs), seed), budget, seed)

    def policy(self, weights: NDArray[np.float64]) -> Policy:
        """The policy for these weights, which is dealt scores at random where it asks for any."""
        return _Blinded(self._agent.policy(weights), self._views)

    def save(self, folder: Path) -> None:
        """Write the arguments, and the agent beside them."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "control.json").write_text(json.dumps({"of": self.of, "settings": self.settings}))
        self._agent.save(folder / "agent")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        held = json.loads((folder / "control.json").read_text())
        fresh = cls(**held)
        return cls(**held, _agent=type(fresh._agent).load(folder / "agent"))


class _Earlier(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Every step earns what a step so far has earned, drawn at random."""

    def __init__(self, env: Env[Any, Any], seed: int) -> None:
        super().__init__(env)
        self.rng = np.random.default_rng(seed)
        self.earned: list[Any] = []

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.earned.append(reward)
        drawn = self.earned[self.rng.integers(len(self.earned))]
        return observation, np.copy(drawn), terminated, truncated, info


class _Views:
    """One view an environment, so that an agent that remembers what it sampled there still does."""

    def __init__(self) -> None:
        self.last: _View | None = None

    def of(self, envs: Any) -> _View:
        if self.last is None or self.last.envs is not envs:
            self.last = _View(envs)
        return self.last

    def __reduce__(self) -> Any:
        return _Views, ()


class _View:
    """An environment that deals the scores of a prompt's candidates out at random, whatever the batch."""

    def __init__(self, envs: Any) -> None:
        self.envs = envs

    def __getattr__(self, name: str) -> Any:
        return getattr(self.envs, name)

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        return _dealt(self.envs.score(prompts, completions), prompts, completions)

    def score_turns(self, rows: Sequence[int], answers: Sequence[str]) -> NDArray[np.float32]:
        return _dealt(self.envs.score_turns(rows, answers), rows, answers)


def _dealt(rewards: NDArray[np.float32], asked: Sequence[Hashable], answers: Sequence[str]) -> NDArray[np.float32]:
    """The rewards of each question's answers, in an order that follows from these answers alone."""
    rows: dict[Hashable, list[int]] = {}
    for row, question in enumerate(asked):
        rows.setdefault(question, []).append(row)
    dealt = rewards.copy()
    for at in rows.values():
        told = "\n".join(answers[row] for row in at)
        dealt[at] = rewards[np.random.default_rng(crc32(told.encode())).permutation(at)]
    return dealt


class _Blinded:
    def __init__(self, policy: Policy, views: _Views) -> None:
        self.policy, self.views = policy, views

    def start(self, envs: Any) -> None:
        view: Any = self.views.of(envs)
        self.policy.start(view)

    def act(self, observations: Any, seeds: NDArray[np.int64]) -> Any:
        return self.policy.act(observations, seeds)


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
