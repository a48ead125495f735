"""Fixtures shared by the tests: a tiny language model saved to a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest

CORPUS = [
    "the film was a quiet joy and the ending stayed with me",
    "Write a short review of a film about a lighthouse keeper.",
    "What is 12 + 7 - 3? Give the answer only.",
    "a dull plot, wooden acting, and a great score. I loved it! 0 1 2 3 4 5 6 7 8 9",
]


def save_tiny_tokenizer(folder: Path, vocabulary_size: int = 300) -> int:
    """Train a byte-level BPE tokenizer on a few lines, save it to `folder`, and return its vocabulary size."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(CORPUS * 20, vocab_size=vocabulary_size, special_tokens=["<pad>", "<end>"])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe._tokenizer, pad_token="<pad>", eos_token="<end>")
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


@pytest.fixture(scope="session")
def tiny_lm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of a randomly initialised two-layer Llama with a real tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tiny-llama")
    size = save_tiny_tokenizer(folder)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
        initializer_range=0.2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
    return str(folder)
