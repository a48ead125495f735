"""What the documentation says about the code, written from the code: `python docs/generate.py`, or any build.

Pages of the tasks go to ``environments/<task>.md``, parts of other pages to ``generated/``; none of it is committed.
It reads the registry, the docstrings, the checks, the command and the result's schema, and loads no language model.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pages import HERE
from pages.certificates import relationships
from pages.model import embedded
from pages.reference import checks, commands, controls, loading, result
from pages.scoring import published, scorers
from pages.task import overview, task_page

from morl_envs import registry
from morl_envs.cli.plot import draw_certificate
from morl_envs.evaluation.certificate import Certificate

__all__ = ["write"]


def write(folder: Path = HERE) -> list[Path]:
    """Write every generated page under `folder` and return their paths."""
    pages: dict[str, Callable[[], str]] = {
        "generated/overview.md": overview,
        "generated/controls.md": controls,
        "generated/checks.md": checks,
        "generated/commands.md": commands,
        "generated/result.md": result,
        "generated/load.md": loading,
        "generated/embedded.md": embedded,
        "generated/relationships.md": relationships,
        "generated/objectives.md": scorers,
        "generated/published.md": published,
    }
    texts = {name: page() for name, page in pages.items()}
    texts |= {f"environments/{name}.md": task_page(name) for name in registry.TASKS}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # builds reread only what changed
            path.write_text(text, encoding="utf-8")
    for path in sorted((HERE / "environments" / "certificates").glob("*.json")):
        picture = folder / "generated" / "certificates" / f"{path.stem}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        if not picture.exists() or picture.stat().st_mtime < path.stat().st_mtime:
            draw_certificate(Certificate.load(path), picture)
    return [folder / name for name in texts]


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in write())
