"""Answers as cards, with a bar an objective."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

__all__ = ["answers", "card"]


def answers(path: Path) -> str:
    """Read answers with their vectors and remarks; nothing for a task that has none yet."""
    if not path.exists():
        return ""
    kept = json.loads(path.read_text(encoding="utf-8"))
    shown = "\n".join(card(kept["objectives"], answer) for answer in kept["answers"])
    return (
        "## Ten answers, read by eye\n\n"
        f"`python docs/answers.py {kept['task']}` sampled these from `{kept['lm']}` at temperature "
        f"{kept['temperature']}, for the test prompts that seeds from {kept['seed']} on draw; none was left out. "
        "Answers marked *written* are by hand, to show what each objective wants. The remark says whether the numbers "
        f"agree with what a reader would say.\n\n{shown}\n"
    )


def card(names: Sequence[str], answer: dict[str, Any]) -> str:
    """One answer: prompt, text, a bar an objective, and the remark."""
    bars = "".join(
        f'<tr><th>{escape(name)}</th><td><span class="bar"><span style="width:{100 * score:.0f}%"></span></span></td>'
        f"<td>{score:.2f}</td></tr>"
        for name, score in zip(names, answer["scores"], strict=True)
    )
    lines = "<br>".join(escape(line) for line in answer["answer"].strip().splitlines() if line.strip())
    source = '<span class="written">written</span> ' if answer["source"] == "written" else ""
    return (
        f'<div class="answer"><p class="prompt">{escape(answer["prompt"])}</p>'
        f'<p class="text">{source}{lines}</p><table>{bars}</table>'
        f'<p class="remark">{escape(answer["remark"])}</p></div>\n'
    )
