"""Files that appear complete or not at all, and values that are kept in them as JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from morl_envs.errors import InvalidParameter

__all__ = ["Kept", "write_atomically"]


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to `path` (UTF-8) under another name first; a reader sees the old file, the new one, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


class Kept(BaseModel):
    """A frozen value without unknown keys that survives its file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    _kind: ClassVar[str]
    """What a file holds, with its article and schema, for errors."""
    _indent: ClassVar[int | None] = None

    def save(self, path: Path) -> None:
        """Write JSON; the file appears complete or not at all."""
        write_atomically(path, self.model_dump_json(indent=self._indent))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            InvalidParameter: if the file does not hold a value of this class and schema.
        """
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (ValidationError, UnicodeDecodeError) as error:
            raise InvalidParameter(f"path must be {cls._kind}, got {str(path)!r}: {error}") from error
