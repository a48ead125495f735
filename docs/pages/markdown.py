"""Pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["escaped", "flat", "markdown", "numbers", "table"]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of a head and rows of cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def numbers(values: Iterable[float]) -> str:
    """A tuple of numbers, without needless digits."""
    return f"({', '.join(f'{value:g}' for value in values)})"


def flat(text: str) -> str:
    """A docstring's text on one line."""
    return " ".join(markdown(text).split())


def markdown(text: str) -> str:
    """Docstrings' roles as plain code."""
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)


def escaped(text: str) -> str:
    """Text whose characters mean themselves."""
    return re.sub(r"([\\*_<>`\[\]$])", r"\\\1", text)
