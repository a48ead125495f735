"""The stepping engine without an environment: late steps, given answers, memory, and what the products alone take."""

from __future__ import annotations

import json
import subprocess
import sys
from time import perf_counter
from typing import Any

import numpy as np

from morl_envs.errors import ModelUnavailable

__all__ = ["log_prob_rates", "now", "peak_gib", "product_seconds", "step_seconds"]

_FIRST = 10  # steps until they are replayed


def now(lm: Any) -> float:
    """Seconds on a clock, read when the model's device has done all that it was told to do."""
    import torch

    device = torch.device(lm.device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return perf_counter()


def _texts(lm: Any, n: int, length: int) -> list[list[int]]:
    tokens = np.random.default_rng(0).integers(lm.vocabulary_size // 2, size=(n, length))
    rows: list[list[int]] = tokens.tolist()
    return rows


def step_seconds(lm: Any, n_rows: int, length: int, steps: int = 5) -> float:
    """Median seconds of a decoding step and its draw, first ones left out, in rows that hold `length` tokens."""
    import torch

    decoding = lm.start(_texts(lm, 1, length - _FIRST) * n_rows, max_new_tokens=_FIRST + steps)
    u = torch.full((n_rows,), 0.5, dtype=torch.float64)
    taken = []
    for _ in range(_FIRST + steps):
        begun = now(lm)
        decoding.step(decoding.draw(u))
        taken.append(now(lm) - begun)
    return float(np.median(taken[_FIRST:]))


def product_seconds(lm: Any, n_rows: int, rounds: int = 3) -> float:
    """Least seconds of the linear layers alone, called one by one, on one token a row."""
    import torch

    model = lm.model
    layers = [layer for layer in model.module.modules() if isinstance(layer, torch.nn.Linear)]
    inputs = {layer.in_features: layer.weight.new_ones(n_rows, layer.in_features) for layer in layers}
    taken = []
    with torch.inference_mode(), model.shortcuts():
        for _ in range(rounds):
            begun = now(lm)
            for layer in layers:
                layer(inputs[layer.in_features])
            taken.append(now(lm) - begun)
    return min(taken)


def log_prob_rates(lm: Any, n: int = 256, new_tokens: int = 64, batch_size: int = 64) -> tuple[float, float]:
    """Tokens a second of given answers: by `log_probs`, and by bare forward passes that keep the answers' logits."""
    import torch

    prompt = "Go on."
    answers = _texts(lm, n, new_tokens)
    begun = now(lm)
    lm.log_probs([prompt] * n, answers)
    ours = now(lm) - begun
    context = lm.encode_prompts([prompt])[0]
    rows = torch.tensor([context + answer for answer in answers], device=lm.device)
    own = lm.model.module.config._attn_implementation
    lm.model.module.set_attn_implementation("sdpa")
    begun = now(lm)
    with torch.inference_mode():
        for start in range(0, n, batch_size):
            batch = rows[start : start + batch_size]
            lm.model.module(input_ids=batch, use_cache=False, logits_to_keep=new_tokens + 1)
    bare = now(lm) - begun
    lm.model.module.set_attn_implementation(own)
    return n * new_tokens / ours, n * new_tokens / bare


def peak_gib(lm: Any, n_rows: int = 512, length: int = 192) -> float:
    """The most memory that a process of its own holds while it steps `n_rows` rows of `length` tokens, in GiB."""
    request = json.dumps([lm.name, lm.device, lm.dtype, n_rows, length])
    done = subprocess.run([sys.executable, "-m", __name__, request], capture_output=True, text=True)
    if done.returncode:
        raise ModelUnavailable(f"the memory of {lm.name!r} could not be measured: {done.stderr.strip()[-400:]}")
    return float(done.stdout)


def _report_peak(name: str, device: str, dtype: str, n_rows: int, length: int) -> None:
    import resource

    from morl_envs import lm

    step_seconds(lm.load(name, device, dtype), n_rows, length - 2, steps=2)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


if __name__ == "__main__":
    _report_peak(*json.loads(sys.argv[1]))
