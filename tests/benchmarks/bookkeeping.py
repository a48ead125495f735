"""How fast vector environments step, beside MO-Gymnasium's deep-sea-treasure-v0 in the same run, and what a step costs.

Each round times every environment once, so that a busy machine slows all alike; a ratio is that of the medians, with
the smallest and largest of the rounds.

Run: python tests/benchmarks/bookkeeping.py [--lm smollm2-135m]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import gymnasium
import numpy as np

import morl_envs  # noqa: F401  # registers the ids
from morl_envs.bench.steps import REFERENCE, reference_rate, rule_envs, rule_rate

ROUNDS = 7
RULES = {
    "morl/review-token-v0": ["brevity"],
    "morl/arithmetic-token-v0": ["correctness", "brevity", "format"],
    "morl/story-token-v0": ["keywords"],
}
"""Ids and those of their objectives that follow a rule, without a lexicon or a classifier."""


def main() -> None:
    """Print one line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-envs", type=int, nargs="+", default=[64, 1024])
    parser.add_argument("--lm", default="embedded", help="whose own samples are timed beside the bookkeeping")
    chosen = parser.parse_args()
    timed: dict[str, Callable[[], float]] = {REFERENCE: reference_rate}
    for n in chosen.num_envs:
        for id, objectives in RULES.items():
            timed[f"{id}, {', '.join(objectives)}, {n} rows, random tokens"] = partial(
                rule_rate, rule_envs(id, objectives, n)
            )
    found = interleaved(timed)
    print(f"{REFERENCE}: {shown(found[REFERENCE], ',.0f')} steps/s with random actions")
    for name, rates in found.items():
        if name != REFERENCE:
            ratios = [rate / beside for rate, beside in zip(rates, found[REFERENCE], strict=True)]
            print(f"{name}: {median(rates):,.0f} steps/s, {shown(ratios, '.2f')} times {REFERENCE}")
    for n in (64, 256):
        print(own_samples(chosen.lm, n))


def interleaved(timed: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """What each gives in each round."""
    found: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(ROUNDS):
        for name, measure in timed.items():
            found[name].append(measure())
    return found


def shown(values: list[float], form: str) -> str:
    """The median, and the smallest and largest."""
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def own_samples(lm: str, num_envs: int, calls: int = 24) -> str:
    """What a step costs when the model writes: the environment's part, and the model's with the draw."""
    envs: Any = gymnasium.make_vec(
        "morl/review-token-v0", num_envs=num_envs, lm=lm, objectives=["brevity"], autoreset_mode="SameStep"
    )
    u = np.random.default_rng(0).random((calls, num_envs))
    envs.reset(seed=0)
    envs.unwrapped.sample_next_tokens(u[0])  # the prefill
    model, own = [], []
    for row in u:
        start = perf_counter()
        tokens = envs.unwrapped.sample_next_tokens(row)
        drawn = perf_counter()
        envs.step(tokens)
        model.append(drawn - start)
        own.append(perf_counter() - drawn)
    share = [b / (a + b) for a, b in zip(model, own, strict=True)]
    rate = num_envs * calls / (sum(model) + sum(own))
    return (
        f"{lm}, {num_envs} rows, its own samples: {rate:,.0f} steps/s; a step of the environment takes "
        f"{shown([1e3 * s for s in own], '.2f')} ms, the model and the draw {shown([1e3 * s for s in model], '.1f')} "
        f"ms: {shown([100 * s for s in share], '.1f')} % is bookkeeping"
    )


if __name__ == "__main__":
    main()
