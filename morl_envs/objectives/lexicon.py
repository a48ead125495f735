"""The word lists of the lexical scorers, ``data/lexicons/<name>.txt``.

A file has sections, ``[section]``, with one regular expression in lower case a line; each has to match whole words.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from morl_envs.errors import require_one_of

__all__ = ["entries", "lexicon"]

_FOLDER = files("morl_envs.objectives") / "data" / "lexicons"


@cache
def _sections(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n"):
        if line.startswith("[") and line.endswith("]"):
            found[line[1:-1]] = []
        elif line:
            found[next(reversed(found))].append(line)
    return found


def entries(name: str, section: str) -> list[str]:
    """The expressions of a section, as they are written.

    Raises:
        InvalidParameter: for an unknown section.
    """
    require_one_of("section", section, _sections(name))
    return _sections(name)[section]


def lexicon(name: str, section: str) -> re.Pattern[str]:
    """A pattern that finds any expression of a section in a lower-case text, as whole words.

    >>> lexicon("empathy", "granting").findall("that makes sense, and no wonder")
    ['makes sense', 'no wonder']
    """
    return re.compile(rf"\b(?:{'|'.join(entries(name, section))})\b")
