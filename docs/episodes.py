"""Film an episode for a task's page: `python docs/episodes.py review`.

The base policy writes: the language model's own next-token probabilities, or the prior of a task that has none. Frames
are those of the environment's `rgb_array`. The film plays twice and then rests on the answer with its scores, which
are also kept as the file's comment, for those who do not see it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from PIL import Image

import morl_envs

FOLDER = Path(__file__).parent / "environments" / "episodes"
LARGEST = 150_000  # bytes
_FRAMES = 24
_COLOURS = 16
_REST = 4_000  # milliseconds on the last frame


def film(task: str, *, seed: int, **kwargs: Any) -> tuple[list[Image.Image], str]:
    """A frame an action, and the episode in words."""
    row = morl_envs.registry.row(task)
    id = row.id("token" if "token" in row.controls else row.controls[0])
    env: Any = gymnasium.make(id, render_mode="rgb_array", **(kwargs if morl_envs.registry.uses_lm(id) else {}))
    rng = np.random.default_rng(seed)
    _, info = env.reset(seed=seed)
    prompt, ended = info["prompt"], False
    frames, returns = [Image.fromarray(env.render())], np.zeros(env.unwrapped.reward_dim)
    while not ended:
        logits = env.unwrapped.next_token_logits.astype(np.float64)
        shares = np.exp(logits - logits.max()).cumsum()
        _, reward, ended, _, info = env.step(int(np.searchsorted(shares, rng.random() * shares[-1])))
        frames.append(Image.fromarray(env.render()))
        returns += reward
    scores = ", ".join(f"{name} {x:.2f}" for name, x in zip(env.unwrapped.objectives, returns, strict=True))
    env.close()
    return frames, f"Asked: {prompt.strip()} Answered: {info['completion'].strip()} Earned: {scores}."


def save(frames: list[Image.Image], words: str, path: Path) -> None:
    """Write a GIF of at most two dozen frames in sixteen colours."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(_FRAMES, len(frames))).astype(int))
    frames = _without_gaps(frames)
    # one palette, from the last frame, which has all colours: each frame then stores only what changes
    palette = frames[-1].quantize(_COLOURS, Image.Quantize.MAXCOVERAGE)
    shown = [frames[i].quantize(palette=palette, dither=Image.Dither.NONE) for i in chosen]
    times = [1_200, *[300] * (len(shown) - 2), _REST]
    path.parent.mkdir(parents=True, exist_ok=True)
    shown[0].save(
        path, save_all=True, append_images=shown[1:], duration=times, loop=1, optimize=True, comment=words.encode()
    )


def _without_gaps(frames: list[Image.Image]) -> list[Image.Image]:
    """The frames with at most 30 of the rows in a row that are blank in all of them."""
    stack = np.stack([np.asarray(frame) for frame in frames])
    blank = (stack == 255).all(axis=(0, 2, 3))
    run, kept = 0, []
    for row, empty in enumerate(blank):
        run = run + 1 if empty else 0
        if run <= 30:
            kept.append(row)
    return [Image.fromarray(frame[kept]) for frame in stack]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Film an episode for a task's page.")
    parser.add_argument("task", choices=morl_envs.registry.TASKS)
    parser.add_argument("--lm", default="embedded")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    path = FOLDER / f"{chosen.task}.gif"
    frames, words = film(chosen.task, seed=chosen.seed, lm=chosen.lm)
    save(frames, words, path)
    print(f"{path}: {path.stat().st_size:,} bytes of at most {LARGEST:,}, {len(frames)} frames\n{words}")
