"""Steps of environments whose model is small or is not asked, beside MO-Gymnasium's in the same process."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import gymnasium
import numpy as np

__all__ = ["REFERENCE", "reference_rate", "rule_envs", "rule_rate", "save_small_model"]

REFERENCE = "deep-sea-treasure-v0"


def reference_rate(steps: int = 20_000) -> float:
    """Steps a second of deep-sea-treasure, resets included, actions drawn beforehand."""
    import mo_gymnasium

    env: Any = mo_gymnasium.make(REFERENCE)
    actions = np.random.default_rng(0).integers(env.action_space.n, size=steps).tolist()
    env.reset(seed=0)
    begun = perf_counter()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()
    return steps / (perf_counter() - begun)


def rule_rate(envs: Any) -> float:
    """Tokens a second of a vector environment under random actions, autoreset and scoring included."""
    calls = 3 * envs.unwrapped.max_new_tokens
    actions = np.random.default_rng(0).integers(envs.single_action_space.n, size=(calls, envs.num_envs))
    envs.reset(seed=0)
    begun = perf_counter()
    for row in actions:
        envs.step(row)
    return float(calls * envs.num_envs / (perf_counter() - begun))


def rule_envs(id: str, objectives: list[str], num_envs: int) -> Any:
    """Environments whose objectives follow rules, so that no model is ever asked."""
    return gymnasium.make_vec(id, num_envs=num_envs, objectives=objectives, autoreset_mode="SameStep")


def save_small_model(folder: Path) -> str:
    """Write a Llama of about a million parameters, untrained, with the embedded model's tokenizer."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from morl_envs import lm

    embedded = lm.load("embedded")
    config = LlamaConfig(
        vocab_size=embedded.vocabulary_size,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        tie_word_embeddings=True,
        eos_token_id=min(embedded.end_token_ids),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(embedded.source).save_pretrained(folder)
    return str(folder)
