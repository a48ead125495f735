"""Attention for one new token per row: a compiled kernel, or two batched matrix products.

On CPUs, torch's scaled_dot_product_attention spends most of a decode step on set-up at this size. Long texts read at
once, and training, go to transformers' own SDPA path. A pass may also hold a token of every row and pieces of
new texts, in one line (Yu et al. 2022, "Orca", selective batching): what is not attention treats them alike.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from morl_envs.lm.cache import Piece
from morl_envs.lm.kernels import kernels

__all__ = ["NAME"]

NAME = "morl_envs_decode"
_SHORT = 128  # keys: blocks of many queries, which the compiled kernel lacks, do not pay before
_UNDERSTOOD = {"is_causal", "position_ids", "use_cache", "output_attentions", "output_hidden_states"}


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    pieces: tuple[Piece, ...] = (),
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    if pieces and attention_mask is not None:
        return _attend_in_line(module, query, key, value, attention_mask, pieces, scaling=scaling, **kwargs)
    unknown = [name for name, given in kwargs.items() if given is not None and name not in _UNDERSTOOD]
    n, n_heads, n_queries, width = query.shape
    n_key_heads, slots = key.shape[1:3]
    scale = width**-0.5 if scaling is None else scaling
    plain = not (query.requires_grad or query.is_cuda or unknown)
    covered = query.is_cpu and (n_queries == 1 or (attention_mask is not None and slots <= _SHORT))
    compiled = kernels() if plain and covered else None
    mixed = compiled.attend(query, key, value, attention_mask, scale) if compiled else None
    if mixed is not None:
        return mixed, None
    if n_queries != 1 or not plain:
        return sdpa_attention_forward(  # type: ignore[no-any-return]
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
        )
    grouped = query.reshape(n, n_key_heads, n_heads // n_key_heads, width)
    scores = torch.matmul(grouped * scale, key.transpose(2, 3))
    if attention_mask is not None:
        scores += attention_mask  # (n, 1, 1, slots)
    products = torch.matmul(scores.softmax(-1), value)  # in float32 inside, whatever the dtype
    return products.reshape(n, 1, n_heads, value.shape[3]), None


def _attend_in_line(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    pieces: tuple[Piece, ...],
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of one line of queries ``(1, heads, tokens, width)``: one of each row, then the pieces.

    Keys and values are all rows' caches, ``(rows, heads, slots, width)``; the mask tells of every token what it sees of
    its own row's slots, ``(tokens, 1, 1, slots)``.
    """
    n = len(key)
    mixed = query.new_empty((1, query.shape[2], query.shape[1], value.shape[3]))
    single = query[0, :, :n].transpose(0, 1)[:, :, None]
    mixed[0, :n] = _attend(module, single, key, value, attention_mask[:n], **kwargs)[0][:, 0]
    for piece in pieces:
        held = slice(piece.row, piece.row + 1)
        mixed[:, piece.tokens] = _attend(
            module,
            query[:, :, piece.tokens],
            key[held, :, : piece.end],
            value[held, :, : piece.end],
            attention_mask[piece.tokens, 0, 0, : piece.end][None, None],
            **kwargs,
        )[0]
    return mixed, None


AttentionInterface.register(NAME, _attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
