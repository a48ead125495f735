"""The numbers of the embedded model's card: does it answer its prompt, does it vary, do the objectives spread?

Run: python -m morl_envs.training.embedded.measure --out docs/embedded.json
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import typer
from numpy.typing import NDArray

from morl_envs import registry
from morl_envs.envs.sampling import sample
from morl_envs.lm import hub

__all__ = ["distinct_2", "embeddings", "matching_accuracy", "measure", "spread"]

_OTHERS = 4
_VARIED = 500  # answers among which pairs of words are counted
_SHOWN = 5


def embeddings(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit sentence embeddings of MiniLM (mean over tokens), shape ``(n, 384)``."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = hub.fetch("minilm-l6")
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    found = []
    for start in range(0, len(texts), 64):
        batch = tokenizer(list(texts[start : start + 64]), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            states = model(**batch).last_hidden_state
        mask = batch["attention_mask"][..., None]
        found.append(torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1).numpy())
    return np.concatenate(found)


def matching_accuracy(prompts: Sequence[str], answers: Sequence[str], seed: int = 0) -> float:
    """Share of answers that are nearer to their own prompt than to four others drawn at random; chance is 0.2."""
    rng = np.random.default_rng(seed)
    asked, given = embeddings(prompts), embeddings(answers)
    n, right = len(prompts), 0
    for i in range(n):
        others = rng.choice([j for j in range(n) if j != i], _OTHERS, replace=False)
        right += bool(given[i] @ asked[i] > (asked[others] @ given[i]).max())
    return right / n


def distinct_2(answers: Sequence[str]) -> float:
    """Distinct pairs of neighbouring words over all pairs."""
    pairs = [pair for text in answers for pair in pairwise(text.lower().split())]
    return len(set(pairs)) / max(1, len(pairs))


def spread(env: Any, n_prompts: int = 20, n_samples: int = 16) -> dict[str, float]:
    """Standard deviation of each objective over samples of one prompt, mean over prompts, in shares of its range."""
    prompts = [prompt for prompt in env.prompts[:n_prompts] for _ in range(n_samples)]
    answers = sample(env, prompts, seeds=range(len(prompts)))
    scores = env.score(prompts, [answer.text for answer in answers]).reshape(n_prompts, n_samples, -1)
    ranges = env.reward_space.high - env.reward_space.low
    return dict(zip(env.objectives, (scores.std(axis=1, ddof=1).mean(axis=0) / ranges).round(3).tolist(), strict=True))


def measure(task: str, name: str = "embedded") -> dict[str, Any]:
    """All numbers of one task under a model, and a few answers to its test prompts."""
    env: Any = gymnasium.make(registry.row(task).id("completion"), lm=name, split="test").unwrapped
    prompts = env.prompts
    written = sample(env, [prompts[i % len(prompts)] for i in range(_VARIED)], seeds=range(_VARIED))
    answers = [answer.text for answer in written]
    scores = env.score(list(prompts[:_SHOWN]), answers[:_SHOWN]).round(2).tolist()
    return {
        "task": task,
        "matching": round(matching_accuracy([prompt.text for prompt in prompts], answers[: len(prompts)]), 3),
        "distinct_2": round(distinct_2(answers), 3),
        "words": round(float(np.mean([len(turn.text.split()) for answer in written for _, turn in answer.turns])), 1),
        "ended": round(float(np.mean([turn.ended for answer in written for _, turn in answer.turns])), 3),
        "spread": spread(env),
        "answers": [
            {"prompt": prompt.text, "answer": answer, "scores": row}
            for prompt, answer, row in zip(prompts, answers, scores, strict=False)
        ],
        "all": answers,
    }


def _main(name: str = "embedded", out: Path | None = None) -> None:
    tasks = [measure(task, name) for task, row in registry.TASKS.items() if "completion" in row.controls]
    texts = [task.pop("all") for task in tasks]
    share = -(-_VARIED // len(tasks))
    found = {
        "lm": name,
        "distinct_2": round(distinct_2([a for task in texts for a in task[:share]]), 3),
        "tasks": tasks,
    }
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
    if out is not None:
        out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(_main)
