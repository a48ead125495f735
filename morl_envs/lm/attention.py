"""Attention for one new token per row: two batched matrix products.

On CPUs, torch's scaled_dot_product_attention spends most of a decode step on set-up at this size. Longer queries
(prefill, log-probabilities, training) go to transformers' own SDPA path.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

__all__ = ["NAME"]

NAME = "morl_envs_decode"
_UNDERSTOOD = {"is_causal", "position_ids", "use_cache", "output_attentions", "output_hidden_states"}


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    unknown = [name for name, given in kwargs.items() if given is not None and name not in _UNDERSTOOD]
    if query.shape[2] != 1 or query.requires_grad or query.is_cuda or unknown:
        return sdpa_attention_forward(  # type: ignore[no-any-return]
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
    n, n_heads, _, width = query.shape
    n_key_heads = key.shape[1]
    scale = width**-0.5 if scaling is None else scaling
    grouped = query.reshape(n, n_key_heads, n_heads // n_key_heads, width)
    scores = torch.matmul(grouped * scale, key.transpose(2, 3))
    if attention_mask is not None:
        scores += attention_mask  # (n, 1, 1, slots)
    mixed = torch.matmul(scores.softmax(-1), value)  # in float32 inside, whatever the dtype
    return mixed.reshape(n, 1, n_heads, value.shape[3]), None


AttentionInterface.register(NAME, _attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
