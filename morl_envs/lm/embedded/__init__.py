"""The small language model that ships with the package; see its model card in the documentation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from morl_envs.lm import hub
from morl_envs.lm.hf import HuggingFaceLM

__all__ = ["FOLDER", "EmbeddedLM"]

FOLDER = Path(__file__).parent
"""Weights, tokenizer, configuration and their hashes; transformers reads the folder as any other."""

# how byte-level tokenizers write bytes: printable ones as they are, the others in order from code point 256
_PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_OTHERS = [byte for byte in range(256) if byte not in _PRINTABLE]
_BYTES = {chr(byte): byte for byte in _PRINTABLE} | {chr(256 + i): byte for i, byte in enumerate(_OTHERS)}


class EmbeddedLM(HuggingFaceLM):
    """Tokenizer and sizes are read without torch or transformers, so that making an environment takes no second."""

    @cached_property
    def source(self) -> str:
        """The package's own folder, its files verified."""
        hub.verify(FOLDER)
        return str(FOLDER)

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of the ``tokenizers`` library."""
        from tokenizers import Tokenizer

        return self._from_source(lambda folder: Tokenizer.from_file(str(Path(folder) / "tokenizer.json")), "tokenizer")

    @cached_property
    def _sizes(self) -> dict[str, int]:
        sizes: dict[str, int] = json.loads((Path(self.source) / "config.json").read_text())
        return sizes

    @property
    def vocabulary_size(self) -> int:
        """Number of logits."""
        return self._sizes["vocab_size"]

    @property
    def hidden_size(self) -> int:
        """Width of the last hidden state."""
        return self._sizes["hidden_size"]

    @property
    def positions(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self._sizes["max_position_embeddings"]

    @property
    def end_token_ids(self) -> frozenset[int]:
        """The one token that ends an answer."""
        return frozenset([self._sizes["eos_token_id"]])

    def encode_completion(self, completion: str) -> list[int]:
        """Token ids of an answer, without special tokens."""
        ids: list[int] = self.tokenizer.encode(completion, add_special_tokens=False).ids
        return ids

    def decode(self, tokens: Sequence[Sequence[int]]) -> list[str]:
        """The text of each row of token ids, special tokens left out."""
        # what the tokenizer's own decode_batch gives, in a tenth of its time: an environment decodes every turn
        return [b"".join(map(self._pieces.__getitem__, row)).decode(errors="replace") for row in tokens]

    @cached_property
    def _pieces(self) -> list[bytes]:
        """The bytes of each token, none of special ones."""
        known = self.tokenizer.get_added_tokens_decoder()
        written = [self.tokenizer.id_to_token(token) for token in range(self.vocabulary_size)]
        return [b"" if i in known else bytes(map(_BYTES.__getitem__, text)) for i, text in enumerate(written)]

    def _encode_contexts(self, texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self.tokenizer.encode_batch(texts, add_special_tokens=False)]

    def _in_chat_format(self, prompt: str) -> str:
        return f"<|user|>{prompt}<|assistant|>"
