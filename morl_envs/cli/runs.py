"""The folder of a run: what was asked, the trained agent, the units finished so far, and at the end the result."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from morl_envs.errors import InvalidParameter, require
from morl_envs.evaluation import EvaluationResult
from morl_envs.evaluation.files import write_atomically
from morl_envs.evaluation.training import stored_parameters

__all__ = ["RunFolder"]

Training = tuple[dict[str, int], dict[str, float]]


@dataclass(frozen=True)
class RunFolder:
    """A folder from which a killed run goes on.

    Args:
        path: Where it is.
    """

    path: Path

    @property
    def agent(self) -> Path:
        """The trained agent, once `training` is there."""
        return self.path / "agent"

    @property
    def units(self) -> Path:
        """Finished units; removed when the result is there."""
        return self.path / "units"

    def open(self, request: dict[str, Any], *, resume: bool, overwrite: bool) -> EvaluationResult | None:
        """Begin, or go on with, the run that `request` asks for; its result if it is finished and asked for again.

        Raises:
            InvalidParameter: if the folder cannot be written, holds a result that must not be replaced, or holds the
                beginning of another run.
        """
        self._make_writable()
        result, asked = self.path / "result.json", self.path / "run.json"
        wanted = json.dumps(request, sort_keys=True)
        if resume and asked.exists():
            same = asked.read_text(encoding="utf-8") == wanted
            require(same, "--resume", "must be given with the arguments that the run began with", str(self.path))
            return EvaluationResult.load(result) if result.exists() else None
        rule = "must hold no result yet, or --overwrite must be given"
        require(overwrite or not result.exists(), "--out", rule, str(self.path))
        self._clear()
        write_atomically(asked, wanted)
        return None

    def training(self) -> Training | None:
        """What training cost, if it has come to its end."""
        path = self.path / "training.json"
        if not path.exists():
            return None
        held = json.loads(path.read_text(encoding="utf-8"))
        return held["costs"], held["measured"]

    def keep_agent(self, agent: Any, training: Training) -> None:
        """Save the trained agent; it counts as there only when all of it is."""
        shutil.rmtree(self.agent, ignore_errors=True)
        agent.save(self.agent)
        costs = {**training[0], "stored_parameters": stored_parameters(self.agent)}
        write_atomically(self.path / "training.json", json.dumps({"costs": costs, "measured": training[1]}))

    def finish(self, result: EvaluationResult) -> None:
        """Keep the result, and drop what was needed to get there."""
        result.save(self.path / "result.json")
        shutil.rmtree(self.units, ignore_errors=True)

    def _clear(self) -> None:
        for name in ("run.json", "training.json", "result.json"):
            (self.path / name).unlink(missing_ok=True)
        for folder in (self.units, self.agent):
            shutil.rmtree(folder, ignore_errors=True)

    def _make_writable(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise InvalidParameter(
                f"--out must be a folder that can be written, got {str(self.path)!r}: {error}"
            ) from None
