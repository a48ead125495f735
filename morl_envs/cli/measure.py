"""Measuring tasks: certificates of their relationships, and all answers of their labs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from morl_envs.errors import InvalidParameter, require
from morl_envs.evaluation import certify as measured
from morl_envs.evaluation.certificate import Certificate, Interval
from morl_envs.training import labs

__all__ = ["certify", "enumerate_lab"]


def certify(console: Console, task: str, out: Path | None, *, overwrite: bool, **arguments: Any) -> Certificate:
    """Measure a certificate with a progress bar, print it, write it to `out` and draw it beside."""
    from morl_envs.cli.plot import draw_certificate

    path = out or Path("runs") / "certificates" / f"{task}.json"
    require(overwrite or not path.exists(), "--out", "must not exist, or --overwrite must be given", str(path))
    _make_folder(path.parent)
    with _progress(console, "passes over answers") as watch:
        certificate = measured.certify(task, on_progress=watch, **arguments)
    certificate.save(path)
    draw_certificate(certificate, path.with_suffix(".png"))
    _show(console, certificate)
    console.print(f"\ncertificate {path}\nheat map    {path.with_suffix('.png')}", soft_wrap=True)
    return certificate


def enumerate_lab(console: Console, task: str, out: Path, **kwargs: Any) -> Path:
    """Enumerate a lab with a progress bar, say how large it is, and write it into the folder `out`."""
    _make_folder(out)
    with _progress(console, "prompts") as watch:
        found = labs.enumerate_lab(task, watch, **kwargs)
    path = labs.write(found, out)
    table = Table(title=f"Lab of {task}", box=box.SIMPLE, pad_edge=False)
    for column in ("prompt", "answers", "kept"):
        table.add_column(column, justify="left" if column == "prompt" else "right")
    for prompt in found["prompts"]:
        table.add_row(prompt["id"], str(prompt["answers"]), str(len(prompt["points"])))
    console.print(table)
    console.print("kept: no other answer is at least as good in every score and as short", style="dim")
    console.print(f"lab {path}", soft_wrap=True)
    return path


@contextmanager
def _progress(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("eta"), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidParameter(f"--out must be where files can be written, got {str(folder)!r}: {error}") from None


def _show(console: Console, found: Certificate) -> None:
    names = found.objectives
    base = found.lm or "its own prior"
    scores = Table(title=f"{found.task} under {base}: scores", box=box.SIMPLE, pad_edge=False)
    for column in ("objective", "mean", "spread within a prompt", "1 %", "99 %"):
        scores.add_column(column, justify="left" if column == "objective" else "right")
    for name, *row in zip(names, found.mean, found.spread, found.low, found.high, strict=True):
        scores.add_row(name, *(f"{value:.3f}" for value in row))
    console.print(scores)
    _matrix(console, "Correlation within prompts", names, found.correlation)
    if found.gradient_cosine is not None:
        _matrix(console, "Cosine of policy gradients", names, found.gradient_cosine)
    _matrix(console, f"Transfer: training on the row, {found.kl:g} nats, moves the column", names, found.transfer)
    for pair, label in found.labels.items():
        console.print(f"{pair}: [bold]{label}[/]", highlight=False)
    console.print(
        f"hypervolume {found.hypervolume:.3f} of the normalised front (1: nothing has to be given up); "
        f"{found.n_samples} answers to each of {found.n_prompts} prompts; 95 % intervals over prompts",
        style="dim",
    )


def _matrix(console: Console, title: str, names: tuple[str, ...], shown: Interval) -> None:
    table = Table(title=title, box=box.SIMPLE, pad_edge=False)
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for name, *cells in zip(names, shown.value, shown.low, shown.high, strict=True):
        table.add_row(name, *(_cell(*cell) for cell in zip(*cells, strict=True)))
    console.print(table)


def _cell(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or low is None or high is None:
        return "not known"
    return f"{value:.2f}\n[dim]{low:.2f} to {high:.2f}[/]"
