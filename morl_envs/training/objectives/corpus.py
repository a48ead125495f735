"""Legible English for the fluency scorer: answers of a teacher model at a low temperature.

Run: python -m morl_envs.training.objectives.corpus --folder runs/objectives

Half of the answers reply to training prompts of three tasks, half to plain requests put together from the lists below.
The same seed, teacher and count give the same corpus; its SHA-256 is printed.
"""

from __future__ import annotations

import hashlib
import json
from importlib import import_module
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from morl_envs import lm

__all__ = ["corpus", "sample"]

_TASKS = ("review", "reflection", "assistant")
_FORMS = (
    "Write two sentences about {topic}.", "Explain {topic} to a child in two sentences.", "Describe {topic}.",
    "Tell a very short story about {topic}.", "What do people like about {topic}?", "Give one tip about {topic}.",
    "Write a sentence in the past tense about {topic}.", "What would you say to a friend who worries about {topic}?",
    "Write a short dialogue line about {topic}.", "Tell me what you remember about {topic}.",
    "Say how you feel about {topic} in one sentence.", "Ask a question about {topic} and answer it.",
)  # fmt: skip
_TOPICS = (
    "an old bicycle", "the sea in winter", "baking bread", "a noisy neighbour", "losing a key", "two brothers",
    "a school trip", "the night bus", "learning to swim", "a broken promise", "an empty house", "a small garden",
    "rain on a tent", "the first day at work", "a letter from home", "growing old", "cooking for guests",
    "a shy teacher", "a lost dog", "the village market", "a long train ride", "being late", "a birthday cake",
    "a walk in the forest", "playing chess", "a difficult mother", "saving money", "a hospital visit", "an apology",
    "a wedding", "moving house", "a quarrel", "sleeping badly", "the last day of summer", "a good joke", "a bad film",
    "a cat on the roof", "learning a language", "telling the truth", "a snowy morning", "missing somebody",
    "an exam", "a fisherman", "cleaning the kitchen", "fear of flying", "a quiet library", "a football match",
    "the moon", "a grandmother's recipe", "singing in a choir",
)  # fmt: skip
_TEMPERATURE = 0.5


def sample(count: int, folder: Path, seed: int = 0, teacher: str = "smollm2-135m") -> Path:
    """Write `count` answers to ``<folder>/corpus.jsonl``; answer i depends on `seed` and i alone."""
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [import_module(f"morl_envs.tasks.{name}").TASK for name in _TASKS]
    prompts = [prompt.text for task in tasks for prompt in task.prompts("train")]
    asked = [_request(i, seed, prompts) for i in range(count)]
    seeds = np.random.default_rng(seed).integers(2**31, size=count).tolist()
    answers = lm.load(teacher).generate(asked, max_new_tokens=56, seeds=seeds, temperature=_TEMPERATURE, top_p=0.95)
    path = folder / "corpus.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for text, answer in zip(asked, answers, strict=True):
            row = {"prompt": text, "answer": answer.text, "ended": answer.ended}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def corpus(folder: Path) -> list[str]:
    """The sampled answers."""
    lines = (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["answer"] for line in lines]


def _request(i: int, seed: int, prompts: list[str]) -> str:
    rng = np.random.default_rng((seed, i))
    if i % 2:
        return str(prompts[int(rng.integers(len(prompts)))])
    return str(rng.choice(_FORMS)).format(topic=str(rng.choice(_TOPICS)))


def _main(
    count: Annotated[int, typer.Option(help="Answers to sample.")] = 3000,
    folder: Annotated[Path, typer.Option(help="Where the corpus is kept.")] = Path("runs/objectives"),
    seed: int = 0,
) -> None:
    path = sample(count, folder, seed)
    typer.echo(f"{path}: {count} answers, SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    typer.run(_main)
