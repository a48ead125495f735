"""Where the units of an evaluation run: here, in a pool of processes, or on Ray; what is finished is kept in files.

A worker takes a seed and answers for its weight vectors one after the other, because agents sample once for all of
them; each unit (seed, weights) is kept as soon as it is finished. The numbers are the same wherever they are computed.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any

from morl_envs.errors import InvalidParameter, require, require_one_of
from morl_envs.evaluation.agent import Agent
from morl_envs.evaluation.files import write_atomically
from morl_envs.evaluation.plan import Plan
from morl_envs.evaluation.units import Unit, seed_units

__all__ = ["EXECUTORS", "run_units"]

EXECUTORS = ("local", "processes", "ray")
_POLL = 0.5  # seconds between looks at what is finished

Load = Callable[[], Agent]
"""Gives the trained agent; pickled, for workers that share no memory with the caller."""
Progress = Callable[[int, int], None]
"""Called with (units finished, units in all)."""


def run_units(
    plan: Plan,
    load: Load,
    folder: Path,
    *,
    executor: str = "local",
    workers: int | None = None,
    on_progress: Progress | None = None,
) -> dict[tuple[int, int], Unit]:
    """All units of `plan`, by seed and number of the weight vector; those that `folder` holds are not run again.

    Args:
        plan: What is to be done.
        load: Gives the agent.
        folder: Where units are kept; every worker must see it.
        executor: "local", "processes" or "ray".
        workers: Processes or Ray tasks side by side, at most one a seed; None for as many as there are processors.
        on_progress: Called as units are finished.

    Raises:
        InvalidParameter: for an unknown executor, no worker, or a file in `folder` that is no unit.
    """
    require_one_of("executor", executor, EXECUTORS)
    require(workers is None or workers >= 1, "workers", "must be at least 1", workers)
    folder.mkdir(parents=True, exist_ok=True)
    report = on_progress or (lambda done, total: None)
    count = min(len(plan.seeds), workers or os.cpu_count() or 1)
    look = partial(_look, plan, folder, report)
    run = {"local": _here, "processes": _in_processes, "ray": _on_ray}[executor]
    run(partial(_run_seed, plan, load, folder), plan.seeds, count, look)
    look()
    return {(seed, w): _read(path) for seed in plan.seeds for w, path in enumerate(_paths(plan, folder, seed))}


def _run_seed(plan: Plan, load: Load, folder: Path, seed: int, look: Callable[[], None] | None = None) -> None:
    paths = _paths(plan, folder, seed)
    finished = {w for w, path in enumerate(paths) if path.exists()}
    for w, unit in seed_units(load(), plan, seed, finished=finished):
        write_atomically(paths[w], unit.model_dump_json())
        if look is not None:
            look()


def _here(task: Callable[..., None], seeds: tuple[int, ...], count: int, look: Callable[[], None]) -> None:
    for seed in seeds:
        task(seed, look)


def _in_processes(task: Callable[..., None], seeds: tuple[int, ...], count: int, look: Callable[[], None]) -> None:
    spawn = multiprocessing.get_context("spawn")  # a fork would copy locks of torch's threads
    with ProcessPoolExecutor(count, mp_context=spawn, initializer=_start_worker, initargs=(count,)) as pool:
        waiting: set[Future[None]] = {pool.submit(task, seed) for seed in seeds}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=_POLL, return_when=FIRST_COMPLETED)
                look()
                for future in done:
                    future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _on_ray(task: Callable[..., None], seeds: tuple[int, ...], count: int, look: Callable[[], None]) -> None:
    try:
        import ray
    except ImportError:
        raise InvalidParameter("executor 'ray' must be installed first: pip install 'morl-envs[ray]'") from None
    started = not ray.is_initialized()
    if started:
        ray.init(
            num_cpus=None if os.environ.get("RAY_ADDRESS") else count, include_dashboard=False, log_to_driver=False
        )
    try:
        remote = ray.remote(num_cpus=1, max_retries=0)(_call)
        waiting: list[Any] = [remote.remote(task, seed) for seed in seeds]
        while waiting:
            done, waiting = ray.wait(waiting, timeout=_POLL)
            look()
            ray.get(done)
    finally:
        if started:
            ray.shutdown()


def _call(task: Callable[..., None], seed: int) -> None:
    task(seed)


def _start_worker(count: int) -> None:
    """Share the processors out, and end with the parent, however it ends."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # this runs in a spawned process
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if "OMP_NUM_THREADS" not in os.environ:  # read when torch is first imported
        os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // count))


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)  # a pool whose parent was killed would wait for work for ever


def _paths(plan: Plan, folder: Path, seed: int) -> list[Path]:
    return [folder / f"seed-{seed}-weights-{w:04d}.json" for w in range(len(plan.weights))]


def _look(plan: Plan, folder: Path, report: Progress) -> None:
    report(sum(path.exists() for seed in plan.seeds for path in _paths(plan, folder, seed)), plan.n_units)


def _read(path: Path) -> Unit:
    try:
        return Unit.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidParameter(f"folder must hold finished units, got {str(path)!r}: {error}") from error
