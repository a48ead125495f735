"""Tiny randomly initialised models of several architectures, saved to folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

from tests.conftest import save_tiny_tokenizer

_LLAMA_LIKE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "Llama": {**_LLAMA_LIKE, "head_dim": 32},
    "Qwen2": _LLAMA_LIKE,
    "Qwen3": {**_LLAMA_LIKE, "head_dim": 16},
    "Gemma": {**_LLAMA_LIKE, "head_dim": 16},
    "Gemma2": {**_LLAMA_LIKE, "head_dim": 16, "sliding_window": 6},  # soft-capped scores: eager attention
    "Mistral": {**_LLAMA_LIKE, "head_dim": 16, "sliding_window": 5},
    "GPT2": {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 512},
    "GPTNeoX": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4},
    "Mamba": {"hidden_size": 64, "state_size": 8, "num_hidden_layers": 2},  # no keys and values: recomputed
}


def save_model(architecture: str, folder: Path, seed: int = 0, **sizes: Any) -> str:
    """Save a tiny `architecture` with a tokenizer to `folder`; large initial weights make its choices decided.

    `sizes` take the place of those of the table.
    """
    size = save_tiny_tokenizer(folder)
    config = getattr(transformers, f"{architecture}Config")(
        vocab_size=size, pad_token_id=0, bos_token_id=None, eos_token_id=1, **{**ARCHITECTURES[architecture], **sizes}
    )
    config.initializer_range = 0.3
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        getattr(transformers, f"{architecture}ForCausalLM" if architecture != "GPT2" else "GPT2LMHeadModel")(
            config
        ).save_pretrained(folder)
    return str(folder)
