"""The same answers by transformers in this process, and by vLLM in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from morl_envs.bench.engine import now
from morl_envs.errors import ModelUnavailable

__all__ = ["transformers_seconds", "vllm_answers"]


def transformers_seconds(lm: Any, contexts: list[list[int]], new_tokens: int) -> float:
    """Of ``generate`` at its best: one padded batch, its own SDPA attention, the whole vocabulary at temperature 1."""
    import torch

    module = lm.model.module
    width = max(map(len, contexts))
    filler = next(iter(lm.end_token_ids))
    rows = torch.tensor([[filler] * (width - len(context)) + context for context in contexts], device=lm.device)
    mask = torch.tensor([[0] * (width - len(context)) + [1] * len(context) for context in contexts], device=lm.device)
    own = module.config._attn_implementation
    module.set_attn_implementation("sdpa")
    try:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            begun = now(lm)
            module.generate(
                rows,
                attention_mask=mask,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                min_new_tokens=new_tokens,
                max_new_tokens=new_tokens,
                pad_token_id=filler,
            )
            return now(lm) - begun
    finally:
        module.set_attn_implementation(own)


def vllm_answers(python: Path, request: dict[str, Any]) -> dict[str, Any]:
    """What :mod:`morl_envs.bench.vllm_peer` measures, run by the interpreter of an environment that has vLLM.

    Raises:
        ModelUnavailable: with the end of what it said, if it fails.
    """
    script = Path(__file__).with_name("vllm_peer.py")
    done = subprocess.run([str(python), str(script)], input=json.dumps(request), capture_output=True, text=True)
    if done.returncode:
        raise ModelUnavailable(f"vLLM of {python} could not be measured: {done.stderr.strip()[-800:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
