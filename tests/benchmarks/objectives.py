"""How many answers a second each objective scores, beside a bare `str.split` pass over the same texts.

The texts are the test prompts of the tasks and fragments of them: between 1 and 60 words, like answers.

Run: python tests/benchmarks/objectives.py
"""

from __future__ import annotations

import random
from collections.abc import Callable
from time import perf_counter

import numpy as np

from morl_envs import objectives, registry
from morl_envs.spec import Prompt

ANSWERS = 2_000
ROUNDS = 3


def answers() -> tuple[list[Prompt], list[str]]:
    """Prompts with a reference each, and texts drawn from a fixed seed."""
    rng = random.Random(0)
    asked = [p for t, row in registry.TASKS.items() if not row.environments for p in registry.task(t).prompts("test")]
    words = [word for prompt in asked for word in prompt.text.split()]
    prompts, texts = [], []
    for _ in range(ANSWERS):
        prompts.append(Prompt(rng.choice(asked).text, reference=str(rng.randint(0, 99))))
        start = rng.randrange(len(words) - 60)
        texts.append(" ".join(words[start : start + rng.randint(1, 60)]))
    return prompts, texts


def seconds(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = perf_counter()
    call()
    return perf_counter() - start


def main() -> None:
    """Print a line per objective: the best of the rounds, which are interleaved."""
    prompts, texts = answers()
    calls: dict[str, Callable[[], object]] = {"str.split": lambda: [text.split() for text in texts]}
    for name in objectives.names():
        objective = objectives.get(name)
        objective.score(prompts[:1], texts[:1])  # word lists and models load on first use
        calls[name] = lambda objective=objective: objective.score(prompts, texts)  # type: ignore[misc]
    best = dict.fromkeys(calls, np.inf)
    for _ in range(ROUNDS):
        for name, call in calls.items():
            best[name] = min(best[name], seconds(call))
    bare = best["str.split"]
    mean = np.mean([len(text.split()) for text in texts])
    print(f"{ANSWERS} answers of {mean:.0f} words on average, the best of {ROUNDS} interleaved rounds")
    for name, taken in sorted(best.items(), key=lambda item: item[1]):
        print(f"{name:<14} {ANSWERS / taken:>12,.0f} answers/s {taken / bare:>8,.1f} times str.split")


if __name__ == "__main__":
    main()
