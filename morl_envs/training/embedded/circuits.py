"""A head start in copying: weights with which a fresh Llama already finds what followed the current token before.

A model of two million parameters finds out by itself that answers take up words of their prompts only after more text
than a small machine can show it in an hour. The circuit is known (Olsson et al. 2022, "In-context learning and
induction heads"), so it is written into the first two layers, and training goes on from there: a head of layer 0
attends to the previous token and keeps it beside the current one; two heads of layer 1 attend to where the current
token was the previous one, and propose the token that stands there.
"""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["teach_copying"]

_CHANNEL = 48  # coordinates of the residual stream that hold the previous token, and nothing else at first
_SPREAD = 0.04  # of an embedding's coordinates
_CONSTANT = 4.0  # coordinate 0 of every embedding, in spreads: what a head reads that looks at positions only
_SHARP = 3.0  # weights of the head that looks back: it gives the previous token nearly all of its attention
_MATCH = 3.0  # weights of the heads that compare tokens
_COPY = 8.0  # how loudly they speak
_FAST = 4  # rotary frequencies that tell neighbours apart
_SLOW = 10  # from this one on, rotary frequencies hardly turn within a text


@torch.no_grad()
def teach_copying(model: Any) -> None:
    """Write the circuit into `model`, a LlamaForCausalLM with at least two layers and tied embeddings, in place.

    Draws from torch's global generator.
    """
    config = model.config
    width, head = config.hidden_size, config.head_dim or config.hidden_size // config.num_attention_heads
    tokens = slice(1, width - _CHANNEL)  # coordinates of the current token
    channel = slice(width - _CHANNEL, width)
    embedding = model.model.embed_tokens.weight
    embedding.normal_()
    embedding[:, 0] = embedding[:, channel] = 0
    # one length for all, or the norm in front of a head would make some tokens louder than others
    embedding *= _SPREAD * (width - _CHANNEL - 1) ** 0.5 / embedding.norm(dim=1, keepdim=True)
    embedding[:, 0] = _CONSTANT * _SPREAD
    model.model.norm.weight.fill_(2.0)
    basis = torch.linalg.qr(torch.randn(width - _CHANNEL - 1, width - _CHANNEL - 1)).Q
    previous = basis[:_CHANNEL]  # what is kept of the previous token
    angles = model.model.rotary_emb.inv_freq[:_FAST]
    look_back, *_ = (layer.self_attn for layer in model.model.layers)
    _clear(look_back, 0, 0, head)
    look_back.q_proj.weight[:_FAST, 0] = _SHARP
    look_back.k_proj.weight[:_FAST, 0] = _SHARP * angles.cos()
    look_back.k_proj.weight[head // 2 : head // 2 + _FAST, 0] = _SHARP * angles.sin()
    look_back.v_proj.weight[:_CHANNEL, tokens] = previous
    look_back.o_proj.weight[channel, :_CHANNEL] = _SPREAD * torch.eye(_CHANNEL)
    induce = model.model.layers[1].self_attn
    slow = torch.cat([torch.arange(_SLOW, head // 2), torch.arange(head // 2 + _SLOW, head)])
    per_key = config.num_attention_heads // config.num_key_value_heads
    for key_head in range(2):
        query_head = key_head * per_key
        _clear(induce, query_head, key_head, head)
        compared = torch.arange(len(slow)) + key_head * (_CHANNEL - len(slow))
        q, k = induce.q_proj.weight[query_head * head :], induce.k_proj.weight[key_head * head :]
        q[slow, tokens] = _MATCH * previous[compared]
        k[slow, width - _CHANNEL + compared] = _MATCH
        said = basis[-head * (key_head + 1) :][:head]
        induce.v_proj.weight[key_head * head : (key_head + 1) * head, tokens] = said
        induce.o_proj.weight[tokens, query_head * head : (query_head + 1) * head] = _SPREAD * _COPY * said.T


def _clear(attention: Any, query_head: int, key_head: int, head: int) -> None:
    for projection, at in (("q_proj", query_head), ("k_proj", key_head), ("v_proj", key_head)):
        getattr(attention, projection).weight[at * head : (at + 1) * head] = 0
    attention.o_proj.weight[:, query_head * head : (query_head + 1) * head] = 0
