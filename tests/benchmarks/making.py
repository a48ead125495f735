"""How long `gymnasium.make` takes for every id with the default language model, in a fresh process and afterwards.

Run: python tests/benchmarks/making.py

Seconds of a fresh process count from before its imports to the environment's return; the interpreter's own start, and
an `import gymnasium` alone, stand beside them, so that figures of different machines can be compared as ratios.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from morl_envs import registry

ROUNDS = 3
CODE = """
import time
start = time.perf_counter()
import gymnasium
only = time.perf_counter() - start
import morl_envs
gymnasium.make("{id}")
first = time.perf_counter() - start
start = time.perf_counter()
gymnasium.make("{id}")
print(only, first, time.perf_counter() - start)
"""


def seconds(id: str) -> tuple[float, float, float]:
    """Seconds of `import gymnasium`, of imports and the first make, and of the second make: medians over processes."""
    runs = []
    for _ in range(ROUNDS):
        command = [sys.executable, "-c", CODE.format(id=id)]
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        runs.append(tuple(map(float, found.split())))
    only, first, second = (median(column) for column in zip(*runs, strict=True))
    return only, first, second


def main() -> None:
    """Print a line per id."""
    print(f"{'id':<34} {'first':>8} {'x import gymnasium':>19} {'second':>9}")
    for id in registry.ids():
        only, first, second = seconds(id)
        print(f"{id:<34} {first:>7.2f}s {first / only:>19.1f} {1000 * second:>7.1f}ms", flush=True)


if __name__ == "__main__":
    main()
