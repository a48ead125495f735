"""The numbers of the embedded model's card: does it answer its prompt, does it vary, do the objectives spread?

Run: python -m morl_envs.training.embedded.measure
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import typer
from numpy.typing import NDArray

from morl_envs import lm, registry
from morl_envs.envs.sampling import sample
from morl_envs.lm import hub

__all__ = ["distinct_2", "embeddings", "matching_accuracy", "spread"]

_OTHERS = 4


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


def _main(name: str = "embedded", n: int = 100) -> None:
    model = lm.load(name)
    for task, row in registry.TASKS.items():
        if "completion" not in row.controls:
            continue
        env: Any = gymnasium.make(row.id("completion"), lm=name, split="test").unwrapped
        prompts = [prompt.text for prompt in env.prompts[:n]]
        answers = [
            a.text for a in model.generate(prompts, max_new_tokens=env.max_new_tokens, seeds=range(len(prompts)))
        ]
        found = {
            "task": task,
            "matching": round(matching_accuracy(prompts, answers), 3),
            "distinct_2": round(distinct_2(answers), 3),
            "words": round(float(np.mean([len(a.split()) for a in answers])), 1),
            "spread": spread(env),
        }
        typer.echo(json.dumps(found))
        for prompt, answer in zip(prompts[:5], answers[:5], strict=True):
            typer.echo(f"  {prompt}\n    -> {answer}")


if __name__ == "__main__":
    typer.run(_main)
