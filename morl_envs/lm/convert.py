"""From the files of a wheel to a folder that transformers reads."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["Converter", "as_they_are", "from_gguf"]

Converter = Callable[[list[Path], Path], None]
"""Called with (files of the wheel, folder to write into)."""


def as_they_are(files: list[Path], folder: Path) -> None:
    """Copy the files."""
    for file in files:
        shutil.copyfile(file, folder / file.name)


def from_gguf(files: list[Path], folder: Path) -> None:
    """Write the model in one GGUF file as bfloat16 safetensors, with its tokenizer."""
    (gguf,) = files
    tokenizer, model = _read_gguf(gguf)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _read_gguf(gguf: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    with torch.random.fork_rng(devices=[]):
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            dtype=torch.bfloat16,
            quantization_config=GgufConfig(dequantize=True),
        )
    # the weights are plain now, and save_pretrained refuses anything that calls itself quantized
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.is_quantized, model.hf_quantizer = False, None
    return tokenizer, model
