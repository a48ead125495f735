"""What docstrings say, by section."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pages.markdown import flat, markdown

__all__ = ["docstring_sections", "documented", "one_line", "sections"]


def docstring_sections(found: type[Any]) -> dict[str, str]:
    """Heading -> text of a class docstring; its first sentence is under the empty heading."""
    pieces = re.split(r"^## (.+)$", inspect.getdoc(found) or "", flags=re.MULTILINE)
    return {"": pieces[0].strip(), **{h: t.strip() for h, t in zip(pieces[1::2], pieces[2::2], strict=True)}}


def sections(found: type[Any], depth: int) -> str:
    """A class docstring with its headings at a depth."""
    parts = docstring_sections(found)
    text = [parts.pop("")] + [f"{'#' * depth} {heading}\n\n{body}" for heading, body in parts.items()]
    return markdown("\n\n".join(text))


def documented(found: Any, section: str) -> dict[str, str]:
    """Name -> text of the entries of a Google-style docstring section."""
    text = inspect.getdoc(found) or ""
    match = re.search(rf"^{section}:\n((?:[ ]{{4}}.*\n?|\n)+)", text, flags=re.MULTILINE)
    body = match.group(1) if match else ""
    entries = re.split(r"^ {4}(\w+): ", body, flags=re.MULTILINE)
    return {name: flat(told) for name, told in zip(entries[1::2], entries[2::2], strict=True)}


def one_line(found: Any) -> str:
    """The first paragraph of a docstring."""
    return flat((inspect.getdoc(found) or "").partition("\n\n")[0])
