"""An agent that is asked for the wrong weights: each objective's weight is given to the next one.

With best-of-n it is as costly as the method and as good at something else. Controls: those of the agent.

Run: python agents/permuted_weights.py --env morl/dial-token-v0 --set of=best_of_n
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from gymnasium import Env
from numpy.typing import NDArray

from morl_envs.cli.agents import build
from morl_envs.evaluation import Budget, Policy


@dataclass(frozen=True)
class PermutedWeights:
    """Trains an agent as it is and asks it for weights that are shifted by one objective.

    Args:
        of: Name or file of the agent that is controlled for.
        settings: Its arguments, each ``"name=value"``.
    """

    of: str = "best_of_n"
    settings: tuple[str, ...] = ()
    _agent: Any = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", tuple(self.settings))  # JSON knows lists only
        if self._agent is None:
            object.__setattr__(self, "_agent", build(self.of, self.settings))
        if hasattr(self._agent, "controls"):
            object.__setattr__(self, "controls", self._agent.controls)

    def train(self, make_env: Callable[..., Env[Any, Any]], budget: Budget, seed: int) -> None:
        """Train the agent."""
        self._agent.train(make_env, budget, seed)

    def policy(self, weights: NDArray[np.float64]) -> Policy:
        """The policy for weights that are shifted by one objective."""
        policy: Policy = self._agent.policy(np.roll(weights, 1))
        return policy

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


if __name__ == "__main__":
    import sys

    from morl_envs.cli import main

    main(["run", __file__, *sys.argv[1:]])
