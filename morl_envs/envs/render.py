"""Showing an episode: prompt, answer, and a bar per objective."""

from __future__ import annotations

import textwrap

import numpy as np
from numpy.typing import NDArray

__all__ = ["MODES", "picture", "words"]

MODES = ("ansi", "human", "rgb_array")
_WIDTH = 72
_LINES = 22  # of a picture, whatever the answer, so that a video's frames have one size


def words(prompt: str, answer: str, scores: dict[str, float], *, colour: bool) -> str:
    """The episode as text; `colour` adds terminal colours."""
    bold, dim, green, off = ("\033[1m", "\033[2m", "\033[32m", "\033[0m") if colour else ("", "", "", "")
    lines = [f"{bold}prompt{off}", *_wrap(prompt), f"{bold}answer{off}", *_wrap(answer), ""]
    longest = max(map(len, scores), default=0)
    for name, score in scores.items():
        filled = round(20 * min(1.0, max(0.0, score)))
        lines.append(f"{name:>{longest}} {green}{'█' * filled}{off}{dim}{'░' * (20 - filled)}{off} {score:.2f}")
    return "\n".join(lines)


def picture(prompt: str, answer: str, scores: dict[str, float]) -> NDArray[np.uint8]:
    """The episode as an RGB image, shape ``(height, width, 3)``, the same for every episode of a task."""
    from matplotlib import font_manager
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans Mono"), 15)
    image = Image.new("RGB", (690, 20 * (_LINES + len(scores))), "white")
    pen = ImageDraw.Draw(image)
    lines = [("prompt", "#888888"), *((line, "#222222") for line in _wrap(prompt)[:7]), ("", "#222222")]
    lines += [("answer", "#888888"), *((line, "#0b5394") for line in _wrap(answer)[-11:])]
    for i, (line, ink) in enumerate(lines):
        pen.text((16, 12 + 20 * i), line, fill=ink, font=font)
    for i, (name, score) in enumerate(scores.items()):
        top = 20 * (_LINES + i) - 14
        pen.text((16, top), name, fill="#222222", font=font)
        pen.rectangle((180, top + 3, 580, top + 15), outline="#bbbbbb")
        pen.rectangle((180, top + 3, 180 + 400 * min(1.0, max(0.0, score)), top + 15), fill="#6aa84f")
        pen.text((592, top), f"{score:.2f}", fill="#222222", font=font)
    return np.asarray(image)


def _wrap(text: str) -> list[str]:
    return [row for line in text.splitlines() for row in textwrap.wrap(line, _WIDTH) or [""]]
