"""Every row of the benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from morl_envs import lm as models
from morl_envs.bench import engine, steps
from morl_envs.bench.cases import CASES, Case
from morl_envs.bench.ours import Writer, contexts
from morl_envs.bench.peers import transformers_seconds, vllm_answers
from morl_envs.bench.result import Comparison, Growth, Row
from morl_envs.errors import require

__all__ = ["MEASUREMENTS", "Request", "growth"]

OURS = "here"
_BATCH = 64  # environments of the rows that ask about one size
_ENVS = (1, 4, 16, 64, 128, 256, 512)
_LENGTHS = (20, 100, 200, 300, 400, 500)


@dataclass(frozen=True)
class Request:
    """What is measured.

    Args:
        lm: Name of a language model.
        device: As for :func:`morl_envs.lm.load`.
        dtype: The same.
        repeats: Of each figure.
        vllm: The interpreter of an environment that has vLLM; None: it is left out.
        vllm_dtype: What vLLM computes in; None: as here.
        vllm_eager: Whether vLLM is kept from compiling the model.
    """

    lm: str
    device: str = "auto"
    dtype: str = "auto"
    repeats: int = 3
    vllm: Path | None = None
    vllm_dtype: str | None = None
    vllm_eager: bool = False

    def __post_init__(self) -> None:
        require(self.repeats >= 1, "--repeats", "must be at least 1", self.repeats)
        found = self.vllm is None or self.vllm.is_file()
        require(found, "--vllm", "must be the Python of an environment that has vLLM", str(self.vllm))

    @property
    def kwargs(self) -> dict[str, str]:
        """Keyword arguments of an environment."""
        return {"lm": self.lm, "device": self.device, "dtype": self.dtype}

    @property
    def model(self) -> Any:
        """The language model."""
        return models.load(self.lm, self.device, self.dtype)


def throughput(request: Request, case: Case) -> Iterator[Row]:
    """Whole batches of answers, prefill included: ours and transformers' in turn, then vLLM's."""
    writer = Writer(case.n_envs, case.new_tokens, **request.kwargs)
    writer.seconds(min(4, case.new_tokens), case.group, 0)  # what is done once: packing, the allocator's growth
    found: dict[str, list[float]] = {OURS: [], "transformers": []}
    n = case.n_envs * case.new_tokens
    for repeat in range(request.repeats):
        found[OURS].append(n / writer.seconds(case.new_tokens, case.group, repeat))
        rows = contexts(request.model, writer.envs.unwrapped.prompts, writer.reset(case.group, repeat))
        found["transformers"].append(n / transformers_seconds(request.model, rows, case.new_tokens))
    yield _throughput_row(case, found)
    if request.vllm is not None:
        told = vllm_answers(request.vllm, _vllm_request(request, case, rows))
        found["vLLM"] = [n / seconds for seconds in told["seconds"][0]]
        version, dtype, compiled = told["version"], told["dtype"], told["compilation"]
        yield _throughput_row(case, found, f"vLLM {version} in {dtype}, compilation {compiled}")


def _throughput_row(case: Case, measured: dict[str, list[float]], remark: str = "") -> Row:
    comparisons = [
        Comparison(of=OURS, to="transformers", asked=case.over_transformers),
        Comparison(of=OURS, to="vLLM", asked=case.over_vllm),
    ]
    return Row(name=case.name, unit="tokens/s", measured=measured, comparisons=comparisons, remark=remark)


def _vllm_request(request: Request, case: Case, rows: list[list[int]]) -> dict[str, Any]:
    import torch

    return {
        "model": request.model.source,
        "dtype": request.vllm_dtype or request.model.dtype,
        "threads": torch.get_num_threads(),
        "repeats": request.repeats,
        "eager": request.vllm_eager,
        "processes": not request.vllm_eager,
        "cases": [{"contexts": rows, "new_tokens": case.new_tokens}],
    }


def lengths(request: Request) -> Iterator[Row]:
    """Answers that end at different lengths, each row taking the next prompt at once."""
    longest, steps_ = 128, 130
    writer = Writer(_BATCH, longest, **request.kwargs)
    mean = (2 + longest) // 2
    rng = np.random.default_rng(0)
    goals = rng.integers(2, longest + 1, size=_BATCH) - 1

    def varied(written: Any) -> Any:
        ending = written >= goals
        goals[ending] = rng.integers(2, longest + 1, size=int(ending.sum())) - 1
        return ending

    measured: dict[str, list[float]] = {"different": [], "equal": []}
    for repeat in range(request.repeats):
        measured["different"].append(writer.rate(steps_, varied, repeat))
        measured["equal"].append(writer.rate(steps_, lambda written: written >= mean - 1, repeat))
    yield Row(
        name=f"answers of 2 to {longest} tokens against answers of {mean}",
        unit="tokens/s",
        measured=measured,
        comparisons=[Comparison(of="different", to="equal", asked=0.9)],
    )


def late_steps(request: Request) -> Iterator[Row]:
    """A step of rows that hold 500 tokens against one of rows that hold 20."""
    measured: dict[str, list[float]] = {"at 500": [], "at 20": []}
    for _ in range(request.repeats):
        for name, length in (("at 500", 500), ("at 20", 20)):
            measured[name].append(1e3 * engine.step_seconds(request.model, _BATCH, length))
    yield Row(
        name=f"a step at token 500 against token 20, {_BATCH} rows",
        unit="ms",
        measured=measured,
        comparisons=[Comparison(of="at 500", to="at 20", asked=1.6, at_most=True)],
    )


def bookkeeping(request: Request) -> Iterator[Row]:
    """What the environment adds to the model: observations, rewards, infos, autoreset."""
    writer = Writer(_BATCH, 16, **request.kwargs)
    shares = []
    for repeat in range(request.repeats):
        writer.reset(1, repeat)
        writer.step()  # the prefill
        taken = np.array([writer.step() for _ in range(12)])
        shares.append(float(100 * taken[:, 1].sum() / taken.sum()))
    yield Row(
        name=f"Gymnasium bookkeeping as a share of a step, {_BATCH} environments",
        unit="%",
        measured={"share": shares},
        comparisons=[Comparison(of="share", asked=5, at_most=True)],
    )


def small_models(request: Request) -> Iterator[Row]:
    """A model of a million parameters, and none at all, against deep-sea-treasure in the same process."""
    with tempfile.TemporaryDirectory() as folder:
        kwargs = {**request.kwargs, "lm": steps.save_small_model(Path(folder))}
        writer = Writer(256, 32, **kwargs)
        writer.seconds(8, 1, 0)
        measured: dict[str, list[float]] = {OURS: [], "products alone": [], steps.REFERENCE: []}
        for repeat in range(request.repeats):
            writer.reset(1, repeat)
            measured[OURS].append(256 * 32 / sum(sum(writer.step()) for _ in range(32)))
            measured["products alone"].append(256 / engine.product_seconds(writer.envs.unwrapped.lm, 256))
            measured[steps.REFERENCE].append(steps.reference_rate())
    yield Row(
        name="a model of 1 M parameters, 256 environments",
        unit="steps/s",
        measured=measured,
        comparisons=[Comparison(of=OURS, to=steps.REFERENCE, asked=0.3)],
    )
    envs = steps.rule_envs("morl/review-token-v0", ["brevity"], 1024)
    measured = {OURS: [], steps.REFERENCE: []}
    for _ in range(request.repeats):
        measured[OURS].append(steps.rule_rate(envs))
        measured[steps.REFERENCE].append(steps.reference_rate())
    yield Row(
        name="rule-based objectives only, 1,024 environments, random tokens",
        unit="steps/s",
        measured=measured,
        comparisons=[Comparison(of=OURS, to=steps.REFERENCE, asked=5)],
    )


def log_probs(request: Request) -> Iterator[Row]:
    """Log-probabilities of 256 given answers of 64 tokens against bare forward passes."""
    engine.log_prob_rates(request.model, n=16)
    pairs = [engine.log_prob_rates(request.model) for _ in range(request.repeats)]
    yield Row(
        name="log-probabilities of 256 given answers of 64 tokens",
        unit="tokens/s",
        measured={OURS: [ours for ours, _ in pairs], "bare forward pass": [bare for _, bare in pairs]},
        comparisons=[Comparison(of=OURS, to="bare forward pass", asked=0.9)],
    )


def memory(request: Request) -> Iterator[Row]:
    """The most that a process holds, everything included; asked in bfloat16."""
    dtypes = dict.fromkeys(("bfloat16", request.model.dtype))
    measured = {dtype: [engine.peak_gib(models.load(request.lm, request.device, dtype))] for dtype in dtypes}
    yield Row(
        name="peak memory, 512 environments of 192 tokens",
        unit="GiB",
        measured=measured,
        comparisons=[Comparison(of="bfloat16", asked=4, at_most=True)],
    )


def growth(request: Request) -> Growth:
    """How a step's cost grows with environments and with length."""
    lm = request.model
    return Growth(
        envs={n: n / engine.step_seconds(lm, n, 64) for n in _ENVS},
        products={n: n / engine.product_seconds(lm, n) for n in _ENVS},
        lengths={length: _BATCH / engine.step_seconds(lm, _BATCH, length) for length in _LENGTHS},
    )


MEASUREMENTS: dict[str, Callable[[Request], Iterator[Row]]] = {
    **{f"{case.n_envs}x{case.new_tokens}": partial(throughput, case=case) for case in CASES},
    "lengths": lengths,
    "late-steps": late_steps,
    "bookkeeping": bookkeeping,
    "small-models": small_models,
    "log-probs": log_probs,
    "memory": memory,
}
"""Name on the command line -> the rows that it measures."""
