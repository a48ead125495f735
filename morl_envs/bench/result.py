"""What a benchmark found, as a value, a file and a table."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from statistics import median
from typing import Self

from pydantic import BaseModel, ConfigDict

from morl_envs.errors import InvalidParameter
from morl_envs.evaluation.files import write_atomically
from morl_envs.evaluation.result import versions

__all__ = ["BenchResult", "Comparison", "Growth", "Row", "machine"]


class Comparison(BaseModel):
    """A ratio of two things that one row measured, or one of them by itself, and what is asked of it.

    Attributes:
        of: Name of what is compared.
        to: Name of what it is divided by; None where the figure itself is judged.
        asked: Bound; None where nothing is asked.
        at_most: Whether the bound is an upper one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: str
    to: str | None = None
    asked: float | None = None
    at_most: bool = False


class Row(BaseModel):
    """One line of the table.

    Attributes:
        name: What was done.
        unit: Of the figures.
        measured: Name -> a figure per repeat; the repeats of one process are interleaved.
        comparisons: Of the figures, repeat by repeat.
        remark: What a reader has to know.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    unit: str
    measured: dict[str, list[float]]
    comparisons: list[Comparison]
    remark: str = ""

    def ratios(self, comparison: Comparison) -> list[float]:
        """The comparison in each repeat; empty where one side was not measured."""
        of = self.measured.get(comparison.of, [])
        if comparison.to is None:
            return of
        return [a / b for a, b in zip(of, self.measured.get(comparison.to, []), strict=False)]

    def reached(self, comparison: Comparison) -> bool | None:
        """Whether the median of the repeats keeps the bound; None where nothing is asked, or nothing was measured."""
        ratios = self.ratios(comparison)
        if comparison.asked is None or not ratios:
            return None
        return median(ratios) <= comparison.asked if comparison.at_most else median(ratios) >= comparison.asked


class Growth(BaseModel):
    """How the cost of a step grows: tokens a second over environments, and over the tokens that rows hold.

    Attributes:
        envs: Environments -> tokens a second, the cache short.
        products: Environments -> tokens a second of the matrix products alone.
        lengths: Tokens held -> tokens a second, 64 rows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    envs: dict[int, float] = {}
    products: dict[int, float] = {}
    lengths: dict[int, float] = {}


class BenchResult(BaseModel):
    """All rows, with the machine and the versions they were measured on."""

    model_config = ConfigDict(extra="forbid")

    machine: str
    versions: dict[str, str]
    lm: str
    dtype: str
    rows: list[Row] = []
    growth: Growth = Growth()

    @classmethod
    def begin(cls, path: Path, lm: str, dtype: str) -> Self:
        """What the file holds, to be gone on with; an empty one where there is none.

        Raises:
            InvalidParameter: if the file is of another machine, model or dtype.
        """
        fresh = cls(machine=machine(), versions=versions(), lm=lm, dtype=dtype)
        if not path.is_file():
            return fresh
        held = cls.model_validate_json(path.read_text())
        if (held.machine, held.lm, held.dtype) != (fresh.machine, lm, dtype):
            raise InvalidParameter(
                f"--out must hold no figures of another machine, model or dtype, got {path}, measured on "
                f"{held.machine!r} with {held.lm} in {held.dtype}"
            )
        return held.model_copy(update={"versions": fresh.versions})

    def add(self, row: Row) -> None:
        """Put a row in place of that of the same name, or at the end."""
        names = [held.name for held in self.rows]
        if row.name in names:
            self.rows[names.index(row.name)] = row
        else:
            self.rows.append(row)

    def save(self, path: Path) -> None:
        """Write JSON, complete or not at all."""
        write_atomically(path, self.model_dump_json(indent=1) + "\n")

    def as_markdown(self) -> str:
        """The table of the documentation: figures with their spread, ratios, and which rows fall short."""
        lines = [f"{self.machine}. `{self.lm}` in {self.dtype}.", ""]
        lines += ["| what | measured | ratio | asked | reached |", "| :-- | :-- | --: | --: | :-- |"]
        for row in self.rows:
            figures = "<br>".join(f"{name} {spread(values)}" for name, values in row.measured.items())
            told = [self._compared(row, c) for c in row.comparisons if row.ratios(c)]
            columns = ["<br>".join(column) for column in zip(*told, strict=True)] or ["", "", ""]
            lines.append(f"| {row.name} | {figures} {row.unit} | {' | '.join(columns)} |")
        remarks = [f"- *{row.name}*: {row.remark}" for row in self.rows if row.remark]
        return "\n".join([*lines, "", *remarks]) + "\n"

    @staticmethod
    def _compared(row: Row, comparison: Comparison) -> tuple[str, str, str]:
        bound = ""
        if comparison.asked is not None:
            bound = f"{'at most ' if comparison.at_most else ''}{comparison.asked:g}"
        to = f" × {comparison.to}" if comparison.to else ""
        reached = {None: "", True: "yes", False: "**no**"}[row.reached(comparison)]
        return f"{spread(row.ratios(comparison))}{to}", bound, reached


def spread(values: list[float]) -> str:
    """The median, and the smallest and largest where there are several."""
    if len(values) == 1:
        return _short(values[0])
    return f"{_short(median(values))} ({_short(min(values))} to {_short(max(values))})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> str:
    """The processor, its instruction sets that matter here, and its cores."""
    import torch

    about = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    model = re.search(r"model name\s*: (.*)", about)
    name = model.group(1) if model else platform.processor() or platform.machine()
    bf16 = "bfloat16 products" if torch.ops.mkldnn._is_mkldnn_bf16_supported() else "no bfloat16 products"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores, {torch.backends.cpu.get_cpu_capability()}, {bf16}"
