"""A file to begin an agent with."""

from __future__ import annotations

import keyword
import re
import sys
from importlib import resources
from pathlib import Path

from rich.console import Console

from morl_envs.errors import require

__all__ = ["new_agent"]


def new_agent(console: Console, path: Path) -> None:
    """Write a commented agent that runs as it is to `path`, which must not exist.

    Raises:
        InvalidParameter: for a name that is no module's, or is a module of Python, or a file that cannot be made.
    """
    name = path.stem
    valid = path.suffix == ".py" and name.isidentifier() and not keyword.iskeyword(name)
    require(valid, "path", "must name a Python file, such as my_agent.py", str(path))
    require(name not in sys.stdlib_module_names, "path", "must not hide a module of Python", str(path))
    require(path.parent.is_dir(), "path", "must be in a folder that exists", str(path))
    text = (resources.files("morl_envs.cli") / "skeleton.py.txt").read_text(encoding="utf-8")
    words = [word for word in re.split(r"_+", name) if word]
    camel = "".join(word[:1].upper() + word[1:] for word in words)
    shown = {"title": " ".join(words).capitalize(), "file": path.name, "name": camel}
    for key, value in shown.items():
        text = text.replace(f"{{{key}}}", value)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        require(False, "path", "must not exist yet", str(path))
    command = f"morl-envs run {path}:{camel} --env morl/dial-choice-v0"
    console.print(f"wrote {path}; it runs as it is:\n  {command}", highlight=False, soft_wrap=True)
