"""A loaded causal language model, and which way of decoding is right for its architecture."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch

from morl_envs.lm import attention
from morl_envs.lm.cache import RaggedCache
from morl_envs.lm.decode import CachedDecoding
from morl_envs.lm.recompute import RecomputedDecoding
from morl_envs.lm.shortcuts import Shortcuts

__all__ = ["CausalModel"]

log = logging.getLogger(__name__)

Keep = Callable[[torch.Tensor], torch.Tensor]

_DOUBLED = 1_000_000_000  # parameters that may be held in float32 besides
_CACHED_LAYERS = {"full_attention", "sliding_attention"}


@contextmanager
def _in_float32(module: Any) -> Iterator[None]:
    """Compute in float32 for a while: a short text without sense can differ by tens of percent in bfloat16.

    Parameters are changed one by one, since buffers (rotary frequencies) keep a precision of their own. A model too
    large to double stays as it is.
    """
    parameters = list(module.parameters())
    if sum(parameter.numel() for parameter in parameters) > _DOUBLED:
        yield
        return
    kept = [parameter.data for parameter in parameters]
    try:
        for parameter in parameters:
            parameter.data = parameter.data.float()
        yield
    finally:
        for parameter, data in zip(parameters, kept, strict=True):
            parameter.data = data


class CausalModel:
    """A transformers causal LM (``module``) behind the calls that decoding needs.

    On creation a short ragged batch is decoded with the cache and compared with plain forward passes; a model whose
    state is not a plain cache of keys and values is decoded by recomputing instead.
    """

    def __init__(self, module: Any) -> None:
        self.module = module.eval()
        self.config = module.config.get_text_config()
        self.device = next(module.parameters()).device
        self.n_layers: int = self.config.num_hidden_layers
        self.in_line = False  # whether a step and pieces of new texts can share a pass
        self.replays = False  # whether steps are worth recording, until it fails; they are then passes of their own
        self._keep: Keep | None = None
        self._kept: torch.Tensor | None = None
        self._shortcuts = Shortcuts(module)
        self._modules = list(module.modules())
        module.get_output_embeddings().register_forward_pre_hook(self._select_states)
        with _in_float32(module):
            self._decoding: type[CachedDecoding] | type[RecomputedDecoding] = self._choose_decoding()
        self.replays = True

    def start(self, contexts: Sequence[Sequence[int]], max_new_tokens: int = 1) -> CachedDecoding | RecomputedDecoding:
        """Prefill `contexts` and return the batch, with room for so many tokens more a row; any number may follow."""
        self.refresh()
        return self._decoding(self, contexts, max_new_tokens)

    def refresh(self) -> None:
        """Take note of weights that changed; to be called before a text is begun."""
        self._shortcuts.refresh()
        self._modules = list(self.module.modules())

    @property
    def version(self) -> int:
        """Grows when weights are found to have changed."""
        return self._shortcuts.version

    @property
    def is_watched(self) -> bool:
        """Whether others have hooks in the module, or a forward of theirs: replayed steps would not call them."""
        hooks = sum(
            len(layer._forward_hooks) + len(layer._forward_pre_hooks) + ("forward" in layer.__dict__)
            for layer in self._modules
        )
        return hooks > 1  # one is our own

    def shortcuts(self) -> AbstractContextManager[None]:
        """Within it, and without gradients, the module computes as decoding does."""
        return self._shortcuts.installed()

    def forward(
        self,
        tokens: torch.Tensor,
        *,
        positions: torch.Tensor,
        allowed: torch.Tensor,
        distance: torch.Tensor,
        cache: RaggedCache,
        keep: Keep,
        **kwargs: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and hidden states of the kept tokens.

        Args:
            tokens: Shape ``(rows, queries)``.
            positions: Shape ``(rows, queries)``.
            allowed: What each query may attend to, bool, broadcastable to ``(rows, 1, queries, slots)``.
            distance: How far back each slot lies, same shape as `allowed`; sliding windows cut it.
            cache: Prepared by ``begin_prefill`` or ``begin_step``.
            keep: Picks from hidden states ``(rows, queries, hidden_size)`` those that need
                logits, ``(kept, hidden_size)``.
            kwargs: For attention.
        """
        return self._run(
            keep,
            input_ids=tokens,
            position_ids=positions,
            attention_mask=self._masks(allowed, distance),
            past_key_values=cache,
            use_cache=True,
            **kwargs,
        )

    def forward_plain(self, tokens: torch.Tensor, keep: Keep) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and hidden states of the kept tokens of right-padded rows, without a cache."""
        return self._run(keep, input_ids=tokens, use_cache=False)

    def _run(self, keep: Keep, **inputs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        self._keep = keep
        try:
            with self.shortcuts():
                logits = self.module(**inputs).logits
        finally:
            self._keep = None
        kept, self._kept = self._kept, None
        assert kept is not None  # the hook has run
        return logits[0], kept

    def _select_states(self, layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor] | None:
        if self._keep is None:
            return None
        self._kept = self._keep(inputs[0])
        return (self._kept[None],)

    def _masks(self, allowed: torch.Tensor, distance: torch.Tensor) -> torch.Tensor | dict[str, torch.Tensor]:
        window = getattr(self.config, "sliding_window", None)
        layer_types = set(getattr(self.config, "layer_types", None) or ())
        full = self._additive(allowed)
        if window is None or layer_types == {"full_attention"}:
            return full
        sliding = self._additive(allowed & (distance < window))
        return {"full_attention": full, "sliding_attention": sliding} if len(layer_types) > 1 else sliding

    def _additive(self, allowed: torch.Tensor) -> torch.Tensor:
        dtype = self.module.dtype
        zero = torch.zeros((), dtype=dtype, device=self.device)
        return torch.where(allowed, zero, torch.finfo(dtype).min)

    def _choose_decoding(self) -> type[CachedDecoding] | type[RecomputedDecoding]:
        name, original = type(self.module).__name__, self.config._attn_implementation
        how = {True: ", steps and new texts in one pass,", False: ""}
        if set(getattr(self.config, "layer_types", None) or ()) <= _CACHED_LAYERS:
            expected = self._probe(RecomputedDecoding)
            for implementation, in_line in ((attention.NAME, True), (attention.NAME, False), ("eager", False)):
                self.in_line = in_line
                try:
                    self.module.set_attn_implementation(implementation)
                    found = self._probe(CachedDecoding)
                except Exception as error:  # any architecture may refuse in its own way; recomputing always works
                    log.debug("%s: cached decoding with %s%s failed: %s", name, implementation, how[in_line], error)
                    continue
                gap = float((found - expected).norm() / expected.norm())
                log.debug("%s: cached decoding with %s%s differs by %.1e", name, implementation, how[in_line], gap)
                if gap < (1e-3 if self.module.dtype == torch.float32 else 0.3):
                    return CachedDecoding
            self.module.set_attn_implementation(original)
        log.debug("%s: decoding recomputes the whole text at each step", name)
        return RecomputedDecoding

    def _probe(self, decoding: type[CachedDecoding] | type[RecomputedDecoding]) -> torch.Tensor:
        """Logits after a prefill with a shared prefix, ragged steps and replaced rows."""
        ids = [token % self.config.vocab_size for token in range(3, 16)]
        batch = decoding(self, [ids[:7], ids[:5] + ids[9:10]])
        seen = [batch.logits]
        batch.step(torch.tensor(ids[10:12]))
        batch.replace([0], [ids[4:7]])
        batch.step(torch.tensor(ids[11:13]))
        seen.append(batch.logits)
        batch.step(torch.tensor(ids[2:4]), np.array([True, False]), {1: [*ids[:5], ids[12]]})
        batch.step(torch.tensor(ids[6:8]))
        seen.append(batch.logits)
        return torch.cat(seen)
