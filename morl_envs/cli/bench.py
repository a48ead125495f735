"""The benchmark: rows as they are measured, then the table, the file and the plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from morl_envs.bench.measure import MEASUREMENTS, Request, growth
from morl_envs.bench.result import BenchResult, Growth, Row, spread
from morl_envs.errors import InvalidParameter, require_one_of

__all__ = ["bench"]

GROWTH = "growth"


def bench(console: Console, request: Request, out: Path, only: Sequence[str]) -> BenchResult:
    """Measure, printing each row and keeping it in ``<out>/bench.json``; write the table and the plot beside it."""
    chosen = list(only) or [*MEASUREMENTS, GROWTH]
    for name in chosen:
        require_one_of("--only", name, [*MEASUREMENTS, GROWTH])
    path = out / "bench.json"
    _make_folder(out)
    model = request.model
    result = BenchResult.begin(path, request.lm, model.dtype)
    console.print(f"{result.machine}; {request.lm} in {model.dtype}", highlight=False)
    for name in chosen:
        if name == GROWTH:
            result.growth = growth(request)
            _draw(result.growth, out / "growth.png")
            result.save(path)
            continue
        for row in MEASUREMENTS[name](request):
            result.add(row)
            result.save(path)
            console.print(_table(row))
    (out / "table.md").write_text(result.as_markdown())
    console.print(f"figures {path}\ntable   {out / 'table.md'}", soft_wrap=True)
    return result


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidParameter(f"--out must be a folder that can be made, got {str(folder)!r}: {error}") from None


def _table(row: Row) -> Table:
    table = Table(title=row.name, box=box.SIMPLE, pad_edge=False, title_justify="left")
    for column in (row.unit, "median (least to most)", "ratio", "asked", "reached"):
        table.add_column(column)
    for name, values in row.measured.items():
        table.add_row(name, spread(values), "", "", "")
    for c in row.comparisons:
        if not row.ratios(c):
            continue
        asked = "" if c.asked is None else f"{'at most ' if c.at_most else ''}{c.asked:g}"
        reached = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[row.reached(c)]
        table.add_row(f"{c.of} / {c.to}" if c.to else c.of, "", spread(row.ratios(c)), asked, reached)
    return table


def _draw(found: Growth, path: Path) -> None:
    """Tokens a second over environments, beside those of the products alone, and over the tokens that rows hold."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    left.plot(list(found.envs), list(found.envs.values()), "o-", label="step and draw")
    left.plot(list(found.products), list(found.products.values()), "--", c="0.5", label="matrix products alone")
    left.set_xscale("log", base=2)
    left.set(xlabel="environments", ylabel="tokens a second", ylim=(0, None), xticks=list(found.envs))
    left.set_xticklabels([str(n) for n in found.envs])
    left.legend(frameon=False)
    right.plot(list(found.lengths), list(found.lengths.values()), "o-")
    right.set(xlabel="tokens that each of 64 rows holds", ylabel="tokens a second", ylim=(0, None))
    figure.savefig(path, dpi=130)
