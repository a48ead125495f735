"""How long an evaluation takes: best-of-n on an id over a grid of weights and several seeds, by executor.

Run: python tests/benchmarks/evaluation.py --lm smollm2-135m --n-prompts 4
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from morl_envs import registry
from morl_envs.cli.agents import Saved, build
from morl_envs.evaluation.evaluate import assembled
from morl_envs.evaluation.executors import EXECUTORS, run_units
from morl_envs.evaluation.plan import Plan


def main() -> None:
    """Print one line: what was done, how long it took, and what was generated and scored a second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--env", default="morl/review-completion-v0")
    parser.add_argument("--lm", default="embedded")
    parser.add_argument("--n", type=int, default=4, help="candidates a prompt")
    parser.add_argument("--weights", type=int, default=11, help="weight vectors, from one corner to the next")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--n-prompts", type=int, default=None, help="the protocol's number by default")
    parser.add_argument("--executor", choices=EXECUTORS, default="processes")
    parser.add_argument("--workers", type=int, default=None)
    chosen = parser.parse_args()
    k = len(registry.protocol(chosen.env).ref_point)
    share = np.linspace(1, 0, chosen.weights)[:, None]
    grid = share * np.eye(k)[0] + (1 - share) * np.eye(k)[1]
    kwargs = {"lm": chosen.lm} if registry.uses_lm(chosen.env) else {}
    plan = Plan.checked(
        chosen.env, weights=grid, seeds=range(chosen.seeds), n_prompts=chosen.n_prompts, env_kwargs=kwargs
    )
    agent = build("best_of_n", [f"n={chosen.n}"])
    with tempfile.TemporaryDirectory() as folder:
        agent.save(Path(folder) / "agent")
        load = Saved("best_of_n", Path(folder) / "agent")
        start = perf_counter()
        units = run_units(plan, load, Path(folder) / "units", executor=chosen.executor, workers=chosen.workers)
        costs = assembled(plan, agent, units).costs
        seconds = perf_counter() - start
    print(
        f"best-of-{chosen.n} on {chosen.env} with {chosen.lm}, {len(plan.weights)} weights, {len(plan.seeds)} seeds, "
        f"{plan.n_prompts} prompts, {chosen.executor}: {seconds:.1f} s, "
        f"{costs['generated_tokens'] / seconds:,.0f} tokens/s, {costs['scored_completions'] / seconds:,.0f} scores/s"
    )


if __name__ == "__main__":
    main()
