"""Data flows left to right through the house, and imports point right to left."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "morl_envs"

SHARED = {"budget", "errors", "registry", "spaces", "spec"}
"""Modules at the top that every layer may import (the registry imports tasks only when asked for one)."""

ALLOWED: dict[str, set[str]] = {
    "tasks": set(),
    "objectives": set(),
    "lm": set(),
    "metrics": set(),
    "envs": {"tasks", "objectives", "lm"},
    "check": set(),
    "adapters": {"tasks", "objectives", "envs", "metrics"},
    "training": {"tasks", "objectives", "lm", "envs"},
    "evaluation": {"tasks", "objectives", "lm", "envs", "metrics"},
    "bench": {"tasks", "objectives", "lm", "envs", "evaluation"},
    "cli": {"bench", "adapters", "tasks", "objectives", "lm", "envs", "metrics", "check", "training", "evaluation"},
}
"""Layer -> the layers left of it that it may import."""

HANDED_ON = {"tasks": {"adapters"}}
"""Layer -> layers right of it that a method hands its object to: imported in the method, never on loading."""

BACKENDS = {path.stem for path in (PACKAGE / "lm").iterdir()} - {"__init__", "base", "placement", "sampling"}


def imports(path: Path, on_loading: bool = False) -> Iterator[str]:
    """Every module that a file imports, wherever in it, or at its top; ``from a import b`` gives both a and a.b."""
    tree = ast.parse(path.read_text())
    for node in tree.body if on_loading else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def files(layer: str) -> list[Path]:
    return [PACKAGE / f"{layer}.py"] if (PACKAGE / f"{layer}.py").exists() else sorted((PACKAGE / layer).rglob("*.py"))


def layers_of(path: Path, on_loading: bool = False) -> set[str]:
    known = {entry.stem for entry in PACKAGE.iterdir() if entry.suffix == ".py" or (entry / "__init__.py").exists()}
    parts = [name.split(".") for name in imports(path, on_loading) if name.startswith("morl_envs.")]
    return {found[1] for found in parts if found[1] in known}


def test_the_table_names_every_layer() -> None:
    folders = {entry.name for entry in PACKAGE.iterdir() if (entry / "__init__.py").exists()}
    assert folders == set(ALLOWED)
    modules = {entry.stem for entry in PACKAGE.glob("*.py")} - {"__init__"}
    assert modules == SHARED


@pytest.mark.parametrize("layer", sorted(ALLOWED))
def test_a_layer_imports_only_what_lies_left_of_it(layer: str) -> None:
    for path in files(layer):
        beyond = layers_of(path) - ALLOWED[layer] - SHARED - {layer}
        assert beyond <= HANDED_ON.get(layer, set()), f"{path.relative_to(ROOT)} imports {beyond}"
        assert not beyond & layers_of(path, on_loading=True), f"{path.relative_to(ROOT)} imports {beyond} on loading"


@pytest.mark.parametrize("module", sorted(SHARED))
def test_what_all_share_imports_no_layer_on_loading(module: str) -> None:
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or "" for node in top}
    assert not {name for name in names if name.startswith("morl_envs.") and name.split(".")[1] not in SHARED}


def test_environments_know_language_models_by_their_protocol_alone() -> None:
    for path in files("envs"):
        concrete = {
            name for name in imports(path) if name.startswith("morl_envs.lm.") and name.split(".")[2] in BACKENDS
        }
        assert not concrete, f"{path.name} imports {concrete}"


def test_evaluation_returns_values() -> None:
    for path in files("evaluation"):
        assert not {name for name in imports(path) if name.split(".")[0] in {"matplotlib", "rich", "typer"}}
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        assert not [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]


def test_the_package_never_imports_what_is_built_on_it() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert not {name.split(".")[0] for name in imports(path)} & {"agents", "leaderboards", "tests"}


def test_agents_stand_on_the_package_alone() -> None:
    allowed = {"morl_envs", "numpy", "gymnasium", "torch", "scipy", "safetensors", *sys.stdlib_module_names}
    for path in (ROOT / "agents").glob("*.py"):
        beyond = {name.split(".")[0] for name in imports(path)} - allowed
        assert not beyond, f"{path.name} imports {beyond}"
        assert path.stem not in sys.stdlib_module_names, "an agent file must not hide a module of Python"
