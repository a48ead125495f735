"""How fast `dial` steps, beside MO-Gymnasium's deep-sea-treasure-v0 in the same run, and how long exact answers take.

Run: python tests/benchmarks/dial.py
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import gymnasium
import mo_gymnasium
import numpy as np

import morl_envs  # noqa: F401  # registers the ids

STEPS = 50_000
ROUNDS = 5


def main() -> None:
    """Print one line per measurement; the best of the rounds, which are interleaved."""
    makers: dict[str, Callable[[], Any]] = {
        "deep-sea-treasure-v0": lambda: mo_gymnasium.make("deep-sea-treasure-v0"),
        "morl/dial-token-v0": lambda: gymnasium.make("morl/dial-token-v0"),
        "morl/dial-token-v0, k = 8, V = 64": lambda: gymnasium.make(
            "morl/dial-token-v0", n_objectives=8, vocabulary_size=64, relationship="independent"
        ),
    }
    best = dict.fromkeys(makers, np.inf)
    for _ in range(ROUNDS):
        for name, make in makers.items():
            best[name] = min(best[name], scalar_seconds(make()))
    rates = {name: STEPS / seconds for name, seconds in best.items()}
    for name, rate in rates.items():
        ratio = rate / rates["deep-sea-treasure-v0"]
        print(f"{name}: {rate:,.0f} steps/s with random actions, {ratio:.2f} times deep-sea-treasure-v0")
    for num_envs in (1, 64, 1024, 8192):
        print(f"{num_envs} rows: {vector_rate(num_envs):,.0f} steps/s with random actions")
    for k, v, horizon in ((2, 16, 8), (2, 32, 8), (3, 16, 8), (3, 32, 8), (4, 16, 8)):
        sizes = {"n_objectives": k, "vocabulary_size": v, "horizon": horizon}
        start = perf_counter()
        env: Any = gymnasium.make("morl/dial-token-v0", **sizes).unwrapped
        made = perf_counter()
        front = env.pareto_front()
        found = perf_counter()
        convex = env.convex_coverage_set()
        done = perf_counter()
        print(
            f"k = {k}, V = {v}, horizon {horizon}: made in {1e3 * (made - start):.0f} ms, front of {len(front)} points "
            f"in {found - made:.2f} s, convex coverage set of {len(convex)} in {done - found:.2f} s more"
        )


def scalar_seconds(env: Any) -> float:
    """Seconds for the steps, resets included, actions drawn beforehand."""
    actions = np.random.default_rng(0).integers(env.action_space.n, size=STEPS).tolist()
    env.reset(seed=0)
    start = perf_counter()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    return perf_counter() - start


def vector_rate(num_envs: int) -> float:
    """Sub-environment steps a second, autoreset included."""
    envs: Any = gymnasium.make_vec("morl/dial-token-v0", num_envs=num_envs, autoreset_mode="SameStep")
    calls = max(16, 200_000 // num_envs // 4)
    actions = np.random.default_rng(0).integers(envs.single_action_space.n, size=(calls, num_envs))
    envs.reset(seed=0)
    start = perf_counter()
    for row in actions:
        envs.step(row)
    return calls * num_envs / (perf_counter() - start)


if __name__ == "__main__":
    main()
