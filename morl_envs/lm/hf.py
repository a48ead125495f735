"""Any Hugging Face causal language model, with its tokenizer and chat format."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from morl_envs.errors import InvalidParameter, ModelUnavailable, require
from morl_envs.lm import hub
from morl_envs.lm.base import Decoding, Generation

if TYPE_CHECKING:
    from morl_envs.lm.model import CausalModel

__all__ = ["HuggingFaceLM"]

_REMEMBERED = 1 << 14  # encoded prompts that are kept: a task's own, not every dialogue that was ever led


class HuggingFaceLM:
    """A causal LM from a name, a folder or a hub id; see :class:`morl_envs.lm.base.LanguageModel`.

    Creating one reads nothing and imports no torch; tokenizer, configuration and weights are loaded when first needed.
    Use :func:`morl_envs.lm.load`, which shares one model among all who ask for it.
    """

    def __init__(self, name: str, device: str, dtype: str) -> None:
        self.name = name
        self.device = device
        self.dtype = dtype
        self._encoded: dict[bytes, list[int]] = {}

    def __repr__(self) -> str:
        return f"HuggingFaceLM({self.name!r}, device={self.device!r}, dtype={self.dtype!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        from morl_envs.lm import load

        return load, (self.name, self.device, self.dtype)

    @cached_property
    def source(self) -> str:
        """Folder or hub id that the model is read from; its files are verified where their hashes are known."""
        return str(hub.resolve(self.name))

    @cached_property
    def tokenizer(self) -> Any:
        """The Hugging Face tokenizer."""
        from transformers import AutoTokenizer

        return self._from_source(AutoTokenizer.from_pretrained, "tokenizer")

    @cached_property
    def config(self) -> Any:
        """The text part of the Hugging Face configuration."""
        from transformers import AutoConfig

        return self._from_source(AutoConfig.from_pretrained, "configuration").get_text_config()

    @cached_property
    def model(self) -> CausalModel:
        """The model with its weights, loaded on first use."""
        import torch
        from transformers import AutoModelForCausalLM

        from morl_envs.lm.model import CausalModel

        with torch.random.fork_rng(devices=[]):  # initialisers draw from torch's global generator
            module = self._from_source(
                AutoModelForCausalLM.from_pretrained, "weights", dtype=getattr(torch, self.dtype)
            )
            return CausalModel(module.to(self.device))

    @property
    def vocabulary_size(self) -> int:
        """Number of logits."""
        return int(self.config.vocab_size)

    @property
    def hidden_size(self) -> int:
        """Width of the last hidden state."""
        return int(self.config.hidden_size)

    @property
    def positions(self) -> int | None:
        """Tokens that prompt and answer may have together; None where nothing bounds them."""
        limit: int | None = getattr(self.config, "max_position_embeddings", None)
        return limit

    @cached_property
    def end_token_ids(self) -> frozenset[int]:
        """Tokens that end an answer: those of the generation settings and the tokenizer's own."""
        from transformers import GenerationConfig

        found = {self.tokenizer.eos_token_id}
        try:
            listed = GenerationConfig.from_pretrained(self.source).eos_token_id
        except OSError:  # a model need not ship generation settings
            listed = self.config.eos_token_id
        found.update(listed if isinstance(listed, list) else [listed])
        return frozenset(int(token) for token in found if token is not None)

    def encode_prompts(self, prompts: Sequence[str], *, remember: bool = True) -> list[list[int]]:
        """Token ids of each prompt in the model's chat format, or followed by a newline where it has none."""
        if not remember:
            return self._encode_contexts([self._in_chat_format(prompt) for prompt in prompts])
        # by digest: a text that was evaluated in this process is not left where an agent in training could read it
        keys = [hashlib.blake2b(prompt.encode(), digest_size=16).digest() for prompt in prompts]
        asked = dict(zip(keys, prompts, strict=True))
        missing = [key for key in asked if key not in self._encoded]
        if missing and len(self._encoded) + len(missing) > _REMEMBERED:
            self._encoded.clear()
            missing = list(asked)
        if missing:
            texts = [self._in_chat_format(asked[key]) for key in missing]
            self._encoded.update(zip(missing, self._encode_contexts(texts), strict=True))
        return [list(self._encoded[key]) for key in keys]

    def encode_completion(self, completion: str) -> list[int]:
        """Token ids of an answer, without special tokens."""
        ids: list[int] = self.tokenizer(completion, add_special_tokens=False)["input_ids"]
        return ids

    def decode(self, tokens: Sequence[Sequence[int]]) -> list[str]:
        """The text of each row of token ids, special tokens left out."""
        rows = [[int(token) for token in row] for row in tokens]
        texts: list[str] = self.tokenizer.batch_decode(
            rows, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return texts

    def start(self, contexts: Sequence[Sequence[int]], *, max_new_tokens: int = 64) -> Decoding:
        """Prefill `contexts` (token ids, any lengths) and return the batch, ready to step.

        Raises:
            InvalidParameter: if a context is empty, or does not fit the model's positions with its new tokens.
        """
        require(max_new_tokens >= 1, "max_new_tokens", "must be at least 1", max_new_tokens)
        self._check_room(contexts, max_new_tokens)
        return self.model.start(contexts, max_new_tokens)

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_new_tokens: int,
        seeds: Sequence[int],
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        batch_size: int = 64,
        on_finish: Callable[[int, Generation], None] | None = None,
    ) -> list[Generation]:
        """Answer each prompt; see :meth:`morl_envs.lm.base.LanguageModel.generate`."""
        from morl_envs.lm import generate

        settings = generate.Settings(max_new_tokens, temperature, top_k, top_p, batch_size)
        return generate.generate(self, prompts, seeds, settings, on_finish)

    def log_probs(
        self, prompts: Sequence[str], completions: Sequence[str | Sequence[int]]
    ) -> list[NDArray[np.float32]]:
        """Log-probability of each token of each completion (text or token ids) given its prompt."""
        require(
            len(prompts) == len(completions),
            "completions",
            f"must be as many as prompts ({len(prompts)})",
            len(completions),
        )
        ids = [self.encode_completion(c) if isinstance(c, str) else [int(t) for t in c] for c in completions]
        return self._log_probs(self.encode_prompts(prompts), ids)

    def _log_probs(self, contexts: list[list[int]], completions: list[list[int]]) -> list[NDArray[np.float32]]:
        from morl_envs.lm import logprobs

        return logprobs.log_probs(self.model, contexts, completions)

    def _check_room(self, contexts: Sequence[Sequence[int]], max_new_tokens: int) -> None:
        limit = self.positions
        if limit is not None and contexts:
            needed = max(map(len, contexts)) + max_new_tokens
            rule = f"plus the longest context must be at most {limit} (positions of {self.name!r}); together {needed}"
            require(needed <= limit, "max_new_tokens", rule, max_new_tokens)

    def _encode_contexts(self, texts: list[str]) -> list[list[int]]:
        # a chat template writes its own special tokens
        rows: list[list[int]] = self.tokenizer(texts, add_special_tokens=not self.tokenizer.chat_template)["input_ids"]
        return rows

    def _in_chat_format(self, prompt: str) -> str:
        if not self.tokenizer.chat_template:
            return prompt + "\n"
        text: str = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
        )
        return text

    def _from_source(self, read: Callable[..., Any], what: str, **kwargs: Any) -> Any:
        try:
            return read(self.source, **kwargs)
        except InvalidParameter:
            raise
        except Exception as error:  # transformers, safetensors and the hub client each raise their own
            where = "folder" if Path(self.source).is_dir() else "hub id"
            raise ModelUnavailable(
                f"lm={self.name!r}: cannot read the {what} from the {where} {self.source!r}: {error}"
            ) from error
