"""Answers of a teacher model to a task's training prompts, under varied instructions.

Run: python -m morl_envs.training.embedded.sample review --count 3000 --folder runs/embedded

Each line of ``<folder>/sampled-<task>.jsonl`` is one answer. A run that is stopped continues where it was.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from morl_envs import lm, registry
from morl_envs.errors import require_one_of

__all__ = ["INSTRUCTIONS", "sample"]

INSTRUCTIONS: dict[str, tuple[str, ...]] = {
    "review": (
        "",
        "Be enthusiastic.",
        "You disliked it; say why.",
        "Use one short sentence.",
        "Stay neutral and describe what happens.",
        "Name concrete details.",
    ),
    "reflection": (
        "",
        "Mirror what the client feels.",
        "Use one short sentence.",
        "Begin with 'It sounds like'.",
        "Give practical advice.",
        "Ask a question.",
    ),
    "assistant": (
        "",
        "Be funny.",
        "Use one short sentence.",
        "Give two concrete steps.",
        "Decline politely and say why.",
        "Be kind.",
    ),
    "summary": ("", "Use one short sentence.", "Name the place and the numbers.", "Give the main point only."),
    "story": ("", "Use short, simple sentences.", "Make it sad.", "Make it funny.", "Use every word once."),
    "detox": ("", "Stay calm and fair.", "Be annoyed.", "Be funny.", "Use one short sentence."),
}
"""Task -> what is asked besides, so that the objectives spread; the student sees the plain prompt only."""

_CHUNK = 128  # answers between two writes
_BATCH = 64
_TEMPERATURE = 0.8
_TOP_K = 100  # sorting the whole vocabulary takes longer than the model
_TOP_P = 0.95


def sample(task: str, count: int, folder: Path, seed: int = 0, teacher: str = "smollm2-135m") -> Path:
    """Sample until ``<folder>/sampled-<task>.jsonl`` holds `count` answers; answer i depends on `seed` and i alone."""
    require_one_of("task", task, INSTRUCTIONS)
    found = registry.task(task)
    prompts = found.prompts("train")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"sampled-{task}.jsonl"
    done = _whole_lines(path)
    model = lm.load(teacher)
    with path.open("a", encoding="utf-8") as file:
        while done < count:
            jobs = [_job(i, seed, len(prompts), INSTRUCTIONS[task]) for i in range(done, min(count, done + _CHUNK))]
            asked = [f"{prompts[job['prompt']].text} {job['instruction']}".strip() for job in jobs]
            answers = model.generate(
                asked,
                max_new_tokens=found.max_new_tokens + 16,  # room to end the last sentence
                seeds=[job["seed"] for job in jobs],
                temperature=_TEMPERATURE,
                top_k=_TOP_K,
                top_p=_TOP_P,
                batch_size=_BATCH,
            )
            for job, answer in zip(jobs, answers, strict=True):
                row = {
                    "prompt": prompts[job["prompt"]].text,
                    "instruction": job["instruction"],
                    "answer": answer.text,
                    "ended": answer.ended,
                }
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            done += len(jobs)
    return path


def _job(i: int, seed: int, n_prompts: int, instructions: tuple[str, ...]) -> dict[str, Any]:
    rng = np.random.default_rng((seed, i))
    return {
        "prompt": int(rng.integers(n_prompts)),
        "instruction": instructions[int(rng.integers(len(instructions)))],
        "seed": int(rng.integers(2**31)),
    }


def _whole_lines(path: Path) -> int:
    """How many answers `path` holds, after cutting off a line that was left half-written."""
    if not path.exists():
        return 0
    raw = path.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    if len(whole) < len(raw):
        path.write_bytes(whole)
    return whole.count(b"\n")


def _main(
    task: str,
    count: Annotated[int, typer.Option(help="Answers to have in the end.")] = 3000,
    folder: Annotated[Path, typer.Option(help="Where they are kept.")] = Path("runs/embedded"),
    seed: int = 0,
) -> None:
    typer.echo(sample(task, count, folder, seed))


if __name__ == "__main__":
    typer.run(_main)
