"""Pages about the code as a whole: controls, checks, commands, the result file, what loads a model."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import typer.main

from morl_envs import registry
from morl_envs.check import ENV_CHECKS, VECTOR_CHECKS
from morl_envs.cli import app
from morl_envs.envs.episodes import Episodes
from morl_envs.evaluation import EvaluationResult
from morl_envs.lm import load
from pages.docstrings import documented, one_line, sections
from pages.markdown import table

__all__ = ["checks", "commands", "controls", "loading", "result"]


def controls() -> str:
    """The specification of each control's environment class."""
    parts = []
    for control, prefix in registry.CONTROLS.items():
        found = getattr(import_module(f"morl_envs.envs.{control}"), f"{prefix}Env")
        parts.append(f"## {control}\n\n{sections(found, depth=3)}")
    return "\n\n".join(parts) + "\n"


def checks() -> str:
    """Name and sentence of every check."""
    scalar, vector = (
        table(("check", "what must hold"), [(f"`{name}`", one_line(check)) for name, check in found.items()])
        for found in (ENV_CHECKS, VECTOR_CHECKS)
    )
    return f"## Scalar environments\n\n{scalar}\n## Vector environments\n\n{vector}"


def commands() -> str:
    """Every command with its arguments and options, as its own help has them."""
    group: Any = typer.main.get_command(app)
    parts = []
    for name, command in group.commands.items():
        arguments = " ".join(p.name.upper() for p in command.params if p.param_type_name == "argument")
        rows = [_parameter(p) for p in command.params if p.name not in ("help", "install_completion")]
        shown = table(("parameter", "default", "what it is"), rows) if rows else ""
        usage = f"morl-envs {name} {arguments}".rstrip()
        parts.append(f"## {name}\n\n{command.help}\n\n```sh\n{usage}\n```\n\n{shown}")
    return "\n\n".join(parts) + "\n"


def result() -> str:
    """The fields of the result file."""
    told = documented(EvaluationResult, "Attributes")
    schema = EvaluationResult.model_json_schema()["properties"]
    fields = EvaluationResult.model_fields
    rows = [(f"`{name}`", _kind(schema[name]), told.get(name, "Of this file format.")) for name in fields]
    return table(("field", "JSON", "what it holds"), rows)


def loading() -> str:
    """What `lm`, `device` and `dtype` accept."""
    told = documented(load, "Args")
    defaults = inspect.signature(Episodes.__init__).parameters
    names = {"name": "lm", "device": "device", "dtype": "dtype"}
    rows = [(f"`{names[name]}`", f'`"{defaults[names[name]].default}"`', text) for name, text in told.items()]
    return table(("keyword", "default", "values"), rows)


def _parameter(parameter: Any) -> tuple[str, str, str]:
    shown = parameter.opts[0] if parameter.param_type_name == "option" else parameter.name.upper()
    default = "required" if parameter.required else f"`{parameter.default}`" if parameter.default is not None else ""
    return f"`{shown}`", default, getattr(parameter, "help", None) or ""


def _kind(schema: dict[str, Any]) -> str:
    """A JSON schema in words: ``array of array of number``."""
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "object")
    items = schema.get("items") or next(iter(schema.get("prefixItems", [])), None)
    return f"{kind} of {_kind(items)}" if kind == "array" and items else str(kind)
