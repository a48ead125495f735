"""What agents around outside algorithms share: arguments, what was learnt as named arrays, saving, loading."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from morl_envs.errors import require

__all__ = ["Arrays", "Learner"]

Arrays = dict[str, NDArray[Any]]


@dataclass
class Learner:
    """An agent whose fields are its arguments; training puts what it learns into named arrays.

    Args:
        steps: Actions taken in training, unless the budget ends first.
    """

    steps: int = 20_000
    _arrays: Arrays | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        require(
            isinstance(self.steps, int) and self.steps >= 1, "steps", "must be an integer of at least 1", self.steps
        )

    @property
    def learnt(self) -> Arrays:
        """The arrays.

        Raises:
            InvalidParameter: before training.
        """
        require(self._arrays is not None, "agent", "must be trained or loaded first", self)
        assert self._arrays is not None
        return self._arrays

    @learnt.setter
    def learnt(self, arrays: Arrays) -> None:
        self._arrays = arrays

    def save(self, folder: Path) -> None:
        """Write the arguments as JSON and the arrays as safetensors."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        arguments = {name: value for name, value in asdict(self).items() if not name.startswith("_")}
        (folder / "agent.json").write_text(json.dumps(arguments))
        if self._arrays is not None:
            save_file(self._arrays, folder / "agent.safetensors")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        from safetensors.numpy import load_file

        agent = cls(**json.loads((folder / "agent.json").read_text()))
        if (folder / "agent.safetensors").exists():
            agent.learnt = load_file(folder / "agent.safetensors")
        return agent
