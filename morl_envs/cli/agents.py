"""Finding an agent's class: a reference agent by name, or a file."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import morl_envs
from morl_envs.errors import InvalidParameter, require, require_one_of

__all__ = ["Saved", "agent_names", "build", "find"]


def _folder() -> Path:
    """``agents/`` of the checkout, or the copy that the wheel carries."""
    package = Path(morl_envs.__file__).parent
    checkout = package.parent / "agents"
    return checkout if (checkout / "best_of_n.py").exists() else package / "_agents"


def agent_names() -> tuple[str, ...]:
    """The reference agents."""
    return tuple(sorted(path.stem for path in _folder().glob("*.py")))


def find(agent: str) -> type[Any]:
    """The class behind a name, ``FILE.py`` or ``FILE.py:Class``.

    Raises:
        InvalidParameter: for an unknown name, a missing file, or a file without an agent.
    """
    file, _, wanted = agent.partition(":") if ".py" in agent else (agent, "", "")
    if file.endswith(".py"):
        path = Path(file)
        require(path.is_file(), "agent", "must name a file that exists", file)
    else:
        require_one_of("agent", file, agent_names())
        path = _folder() / f"{file}.py"
    module = _load(path)
    classes = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and _is_agent(value)
    }
    if not classes:
        raise InvalidParameter(f"agent must define a class with train, policy, save and load, got none in {file!r}")
    if wanted:
        require_one_of("agent", wanted, classes)
        return classes[wanted]
    return next(iter(classes.values()))


def build(agent: str, settings: Sequence[str]) -> Any:
    """An agent with its arguments set from ``name=value`` pairs; values are JSON, or else text.

    Raises:
        InvalidParameter: for an argument that the agent does not have.
    """
    found = find(agent)
    known = [f.name for f in dataclasses.fields(found) if not f.name.startswith("_")]
    arguments = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        require(bool(equals), "--set", "must have the form name=value", setting)
        require_one_of("--set", name, known)
        try:
            arguments[name] = json.loads(value)
        except json.JSONDecodeError:
            arguments[name] = value
    return found(**arguments)


@dataclasses.dataclass(frozen=True)
class Saved:
    """A trained agent in a folder; called, it is loaded: in whatever process.

    Args:
        agent: As for :func:`find`.
        folder: Where it was saved.
    """

    agent: str
    folder: Path

    def __call__(self) -> Any:
        """The agent."""
        return find(self.agent).load(self.folder)


def _is_agent(value: type[Any]) -> bool:
    return all(callable(getattr(value, name, None)) for name in ("train", "policy", "save", "load"))


def _load(path: Path) -> Any:
    name = f"morl_envs_agent_{path.stem}"
    loaded = sys.modules.get(name)
    if loaded is not None and Path(str(loaded.__file__)) == path.absolute():
        return loaded  # a second copy of its classes would make pickles of the first unreadable
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # a .py file always has a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
