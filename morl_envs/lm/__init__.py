"""Language models: names to weights, batched decoding over one KV cache, seeded sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from morl_envs.lm.base import Decoding, Generation, LanguageModel

if TYPE_CHECKING:
    from morl_envs.lm.hf import HuggingFaceLM

__all__ = ["Decoding", "Generation", "LanguageModel", "load"]

_LOADED: dict[tuple[Any, ...], HuggingFaceLM] = {}


def load(name: str = "embedded", device: str = "auto", dtype: str = "auto") -> HuggingFaceLM:
    """The language model called `name`, shared by all who ask for it in this process.

    Args:
        name: ``"embedded"`` (ships with the package), ``"smollm2-135m"`` (fetched on first use), a folder that holds a
            Hugging Face causal LM, or a hub id; ``"vllm:"`` and any but the first lets vLLM write its answers.
        device: ``"auto"`` (CUDA where there is one, else the CPU) or a torch device such as ``"cuda:1"``.
        dtype: ``"auto"`` (bfloat16 on CUDA and on CPUs that compute in it, else float32), ``"float32"``,
            ``"bfloat16"`` or ``"float16"``. The embedded model's "auto" is float32 on the CPU, so that its answers
            are the same on every machine.

    Raises:
        InvalidParameter: for an unknown name, device or dtype.
        ModelUnavailable: when the model cannot be found, fetched or verified, or vLLM is not installed.
    """
    from morl_envs.lm.placement import resolve_device, resolve_dtype

    backend, embedded = _backend(name), name == "embedded"
    placed = "cpu" if embedded and device == "auto" else resolve_device(device)
    kind = "float32" if embedded and dtype == "auto" else resolve_dtype(dtype, placed)
    key = (name, placed, kind)
    if key not in _LOADED:
        _LOADED[key] = backend(*key)
    return _LOADED[key]


def _backend(name: str) -> type[HuggingFaceLM]:
    """The class behind a name, which is checked."""
    from morl_envs.lm import hub, vllm
    from morl_envs.lm.embedded import EmbeddedLM
    from morl_envs.lm.hf import HuggingFaceLM

    if name == "embedded":
        return EmbeddedLM
    if name.startswith(vllm.PREFIX):
        vllm.check(name)
        return vllm.VllmLM
    hub.check_name(name)
    return HuggingFaceLM
