"""What the rest of the package asks of a language model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Decoding", "Generation", "LanguageModel"]


@dataclass(frozen=True)
class Generation:
    """One sampled answer.

    Args:
        text: The decoded answer, without special tokens.
        tokens: Its token ids, shape ``(length,)``, int64; the end-of-text token is included when it was drawn.
        ended: Whether the model ended the answer itself (False: the length limit did).
    """

    text: str
    tokens: NDArray[np.int64]
    ended: bool


class Decoding(Protocol):
    """A batch of texts being written, one token per row and step, over one shared KV cache."""

    @property
    def logits(self) -> Any:
        """Next-token logits, a fresh float32 torch tensor of shape ``(n, vocabulary)`` on the model's device."""

    @property
    def hidden(self) -> Any:
        """Last hidden state (what the output layer reads), a float32 torch tensor of shape ``(n, hidden_size)``."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens held per row, prompt included, shape ``(n,)``."""

    def draw(self, u: Any, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None) -> Any:
        """One next token a row, an int64 tensor of shape ``(n,)``; see :func:`morl_envs.lm.sampling.draw`."""

    def step(
        self,
        tokens: Any,
        active: NDArray[np.bool_] | None = None,
        fresh: Mapping[int, Sequence[int]] | None = None,
    ) -> None:
        """Append ``tokens[i]`` (array or tensor of ids, shape ``(n,)``) to each active row; others stay as they are.

        Rows of `fresh`, of which none is active, start afresh from new contexts; that is faster than :meth:`replace`
        after it.
        """

    def replace(self, rows: Sequence[int], contexts: Sequence[Sequence[int]]) -> None:
        """Start the given rows afresh from new contexts (token ids)."""


@runtime_checkable
class LanguageModel(Protocol):
    """A causal language model with its tokenizer. Creating one is cheap; weights load when logits are first needed."""

    name: str

    def __hash__(self) -> int:
        """Of the object: a process shares one."""

    @property
    def vocabulary_size(self) -> int:
        """Number of logits, read without loading weights."""

    @property
    def hidden_size(self) -> int:
        """Width of :attr:`Decoding.hidden`, read without loading weights."""

    @property
    def end_token_ids(self) -> frozenset[int]:
        """Tokens that end an answer."""

    def encode_prompts(self, prompts: Sequence[str], *, remember: bool = True) -> list[list[int]]:
        """Token ids of each prompt in the model's chat format (plain text where it has none), ready to be answered.

        Unless `remember` is False, the tokens are kept with the model, so that a prompt is encoded once.
        """

    def decode(self, tokens: Sequence[Sequence[int]]) -> list[str]:
        """The text of each row of token ids, special tokens left out."""

    def start(self, contexts: Sequence[Sequence[int]], *, max_new_tokens: int = 64) -> Decoding:
        """Prefill `contexts` (token ids, any lengths) and return the batch, ready to step."""

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
        """Answer each prompt; row i draws from its own generator seeded ``seeds[i]``, whatever the batch.

        ``temperature=0`` is greedy. `on_finish` is called with (row, generation) as answers end.
        """

    def log_probs(self, prompts: Sequence[str], completions: Sequence[str]) -> list[NDArray[np.float32]]:
        """Log-probability of each token of each completion given its prompt, in parallel passes."""
