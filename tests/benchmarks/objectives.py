"""How many answers a second each objective and its gold twin score, beside a bare `str.split` over the same texts.

The texts are the test prompts of the tasks and fragments of them: between 1 and 60 words, like answers. What is counted
is processor time, which other work on the machine disturbs less than the clock.

Run: python tests/benchmarks/objectives.py
     python tests/benchmarks/objectives.py --write    writes docs/objectives.json, of which the docs make a table
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from morl_envs import objectives, registry
from morl_envs.objectives import Objective, contrast
from morl_envs.spec import Prompt

ANSWERS = 1_000
ROUNDS = 2
FIGURES = Path(__file__).parents[2] / "docs" / "objectives.json"


def answers(name: str) -> tuple[list[Prompt], list[str]]:
    """Test prompts of the first task that has the objective, and texts drawn from a fixed seed."""
    rng = random.Random(0)
    tasks = [registry.task(task) for task, row in registry.TASKS.items() if not row.environments]
    words = [word for task in tasks for prompt in task.prompts("test") for word in prompt.text.split()]
    asked = next((task for task in tasks if name in task.objectives), tasks[0]).prompts("test")
    prompts, texts = [], []
    for _ in range(ANSWERS):
        prompts.append(rng.choice(asked))
        start = rng.randrange(len(words) - 60)
        texts.append(" ".join(words[start : start + rng.randint(1, 60)]))
    return prompts, texts


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Processor and wall seconds of one call."""
    start = process_time(), perf_counter()
    call()
    return process_time() - start[0], perf_counter() - start[1]


def measure() -> dict[str, dict[str, Any]]:
    """By objective (and `str.split`): answers a second, by processor time and by the clock, and its twin's."""
    plain = answers("brevity")[1]
    calls: dict[tuple[str, str], Callable[[], object]] = {("str.split", ""): lambda: [t.split() for t in plain]}
    for name in objectives.names():
        prompts, texts = answers(name)
        for prefix, scorer in (("", objectives.get(name)), ("gold_", objectives.gold(name))):
            if scorer is not None:
                scorer.score(prompts[:1], texts[:1])  # word lists and models load on first use
                calls[name, prefix] = partial(scorer.score, prompts, texts)
    best = {key: (float("inf"), float("inf")) for key in calls}
    for _ in range(ROUNDS):
        for key, call in calls.items():
            best[key] = min(best[key], seconds(call))
    found: dict[str, dict[str, Any]] = {}
    for (name, prefix), taken in best.items():
        rates = {f"{prefix}per_second": ANSWERS / max(taken[0], 1e-6), f"{prefix}by_the_clock": ANSWERS / taken[1]}
        found.setdefault(name, {}).update({key: round(rate) for key, rate in rates.items()})
    return found


def held_out(scorer: Objective | None, name: str) -> float | None:
    """AUC on the held-out contrast pairs, where there are any."""
    if scorer is None or name not in contrast.names():
        return None
    return round(contrast.auc(scorer, contrast.held_out(name)), 3)


def main() -> None:
    """Print a line per objective: the best of the rounds, which are interleaved; write the figures if asked to."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--write", action="store_true")
    found = measure()
    print(f"{ANSWERS} answers, the best of {ROUNDS} interleaved rounds; answers/s by processor time (by the clock)")
    for name, row in sorted(found.items(), key=lambda item: -item[1]["per_second"]):
        gold = f"gold {row['gold_per_second']:>9,}" if "gold_per_second" in row else ""
        ratio = found["str.split"]["per_second"] / row["per_second"]
        print(f"{name:<14} {row['per_second']:>9,} ({row['by_the_clock']:>9,}) {ratio:>8,.1f} x str.split  {gold}")
    if parser.parse_args().write:
        del found["str.split"]
        for name, row in found.items():
            row["auc"] = held_out(objectives.get(name), name)
            row["gold_auc"] = held_out(objectives.gold(name), name)
        FIGURES.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
