"""Training of the embedded language model from scratch, on a CPU, from a seed.

Run: python -m morl_envs.training.embedded.train --data runs/embedded --folder runs/embedded/model

A run that is stopped continues from its last checkpoint, with the text that it would have gone on with.
``log.jsonl`` keeps what was measured on the way.
"""

from __future__ import annotations

import json
import math
import os
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import typer

from morl_envs.training.embedded.circuits import teach_copying
from morl_envs.training.embedded.corpus import composed, sampled, single_words
from morl_envs.training.embedded.tokenizer import train_tokenizer

__all__ = ["Recipe", "restore", "train"]


@dataclass(frozen=True)
class Recipe:
    """All choices of the training run.

    Args:
        seed: Of the weights, of the composed text and of the order.
        vocabulary_size: Tokens.
        width: Hidden size.
        layers: Decoder layers.
        heads: Attention heads, half as many for keys and values.
        inner: Width inside the feed-forward layers.
        batch_tokens: Padded tokens of a batch.
        steps: Optimiser steps.
        peak: Learning rate after the warm-up; it falls along a cosine to a twentieth.
        share_sampled: Share of the teacher's answers among the pairs.
        share_of_prompts: Share of prompt tokens that are learnt, beside all of an answer's; they teach what to copy.
        sharpness: What logits are multiplied by at the release, so that samples at temperature 1 are legible.
    """

    seed: int = 0
    vocabulary_size: int = 4096
    width: int = 192
    layers: int = 4
    heads: int = 4
    inner: int = 512
    batch_tokens: int = 2048
    steps: int = 12_000
    peak: float = 2e-3
    share_sampled: float = 0.05
    share_of_prompts: float = 0.2
    sharpness: float = 1.6


_WARM_UP = 100
_KEEP_EVERY = 200
_VOCABULARY_PAIRS = 20_000  # pairs that the tokenizer is trained on
_WEIGHT_OF_WORDS = 60  # how often it reads every single word beside them, so that most are one token


def train(recipe: Recipe, data: Path, folder: Path) -> None:
    """Train, and leave model, tokenizer, recipe and log in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = sampled(data)
    if (folder / "tokenizer.json").exists():
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder)
    else:
        tokenizer = train_tokenizer(_vocabulary_texts(recipe, pairs), recipe.vocabulary_size, folder)
    model, optimiser, step = restore(recipe, folder)
    _forget_after(folder, step)
    if step == 0:
        _log(folder, {"step": step, "sampled_answers": len(pairs), **asdict(recipe)})
    native = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # emulated, it is slower than float32
    started, seen, losses = time.perf_counter(), 0, []
    model.train()
    while step < recipe.steps:
        if step % _KEEP_EVERY == 0:  # so that a resumed run reads what an uninterrupted one does
            batches = _batches(recipe, pairs, tokenizer, seed=recipe.seed + step)
        tokens, learnt = next(batches)
        for group in optimiser.param_groups:
            group["lr"] = _rate(recipe, step)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=native):
            states = model.model(input_ids=tokens[:, :-1], use_cache=False).last_hidden_state
            logits = model.lm_head(states[learnt[:, 1:]])  # a third of the work, so only where it is learnt from
        loss = torch.nn.functional.cross_entropy(logits.float(), tokens[:, 1:][learnt[:, 1:]])
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        seen += tokens.numel()
        losses.append(loss.item())
        if step % 50 == 0:
            rate = seen / (time.perf_counter() - started)
            _log(folder, {"step": step, "loss": sum(losses) / len(losses), "tokens_per_second": round(rate)})
            losses = []
        if step % _KEEP_EVERY == 0 or step == recipe.steps:
            _keep(recipe, model, optimiser, step, folder)


def _vocabulary_texts(recipe: Recipe, pairs: list[tuple[str, str]]) -> Iterator[str]:
    drawn = composed(recipe.seed)
    chosen = random.Random(recipe.seed)
    for _ in range(_VOCABULARY_PAIRS):
        teacher = bool(pairs) and chosen.random() < 0.5
        yield "\n".join(chosen.choice(pairs) if teacher else next(drawn))
    for word in single_words():
        yield f" {word}" * _WEIGHT_OF_WORDS


def _batches(
    recipe: Recipe, pairs: list[tuple[str, str]], tokenizer: Any, seed: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """(tokens, which of them are learnt), both ``(rows, longest)``; rows of like length share a batch."""
    rng, drawn = random.Random(seed), composed(seed + 1)
    while True:
        chosen = [
            rng.choice(pairs) if pairs and rng.random() < recipe.share_sampled else next(drawn) for _ in range(2048)
        ]
        rows = _encoded(chosen, tokenizer)
        rows.sort(key=lambda row: len(row[0]))
        batches: list[list[tuple[list[int], int]]] = [[]]
        for row in rows:
            if (len(batches[-1]) + 1) * len(row[0]) > recipe.batch_tokens:
                batches.append([])
            batches[-1].append(row)
        rng.shuffle(batches)
        for batch in batches:
            yield _padded(batch, recipe.share_of_prompts, rng)


def _encoded(pairs: list[tuple[str, str]], tokenizer: Any) -> list[tuple[list[int], int]]:
    """(token ids, where the answer starts) of each pair."""
    prompts = tokenizer([f"<|user|>{prompt}<|assistant|>" for prompt, _ in pairs])["input_ids"]
    answers = tokenizer([f"{answer}<|end|>" for _, answer in pairs])["input_ids"]
    return [(prompt + answer, len(prompt)) for prompt, answer in zip(prompts, answers, strict=True)]


def _padded(
    rows: list[tuple[list[int], int]], share_of_prompts: float, rng: random.Random
) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(ids) for ids, _ in rows)
    tokens = torch.zeros((len(rows), longest), dtype=torch.int64)
    learnt = torch.zeros((len(rows), longest), dtype=torch.bool)
    for i, (ids, start) in enumerate(rows):
        tokens[i, : len(ids)] = torch.tensor(ids)
        learnt[i, :start] = torch.tensor([rng.random() < share_of_prompts for _ in range(start)])
        learnt[i, start : len(ids)] = True
    return tokens, learnt


def restore(recipe: Recipe, folder: Path) -> tuple[Any, torch.optim.Optimizer, int]:
    """Model, optimiser and step of the last checkpoint in `folder`; a fresh model if there is none."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=recipe.vocabulary_size,
        hidden_size=recipe.width,
        intermediate_size=recipe.inner,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads // 2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},  # some frequencies hardly turn within a text
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=None,
    )
    torch.manual_seed(recipe.seed)
    model = LlamaForCausalLM(config)
    teach_copying(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.peak, betas=(0.9, 0.95), weight_decay=0.05)
    step = 0
    if (folder / "checkpoint.pt").exists():
        held = torch.load(folder / "checkpoint.pt", weights_only=True)
        model.load_state_dict(held["model"])
        optimiser.load_state_dict(held["optimiser"])
        step = held["step"]
    return model, optimiser, step


def _rate(recipe: Recipe, step: int) -> float:
    if step < _WARM_UP:
        return recipe.peak * (step + 1) / _WARM_UP
    done = min(1.0, (step - _WARM_UP) / max(1, recipe.steps - _WARM_UP))
    low, high = recipe.peak / 20, recipe.peak
    return low + (high - low) * 0.5 * (1 + math.cos(math.pi * done))


def _keep(recipe: Recipe, model: Any, optimiser: torch.optim.Optimizer, step: int, folder: Path) -> None:
    partial = folder / "checkpoint.partial"
    torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step}, partial)
    os.replace(partial, folder / "checkpoint.pt")
    (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1))


def _forget_after(folder: Path, step: int) -> None:
    """Drop from the log what was measured after the checkpoint of `step`; it is measured again."""
    log = folder / "log.jsonl"
    rows = log.read_text().splitlines(keepends=True) if log.exists() else []
    log.write_text("".join(row for row in rows if step and json.loads(row)["step"] <= step))


def _log(folder: Path, row: dict[str, Any]) -> None:
    with (folder / "log.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    typer.echo(json.dumps(row))


def _main(
    data: Path = Path("runs/embedded"),
    folder: Path = Path("runs/embedded/model"),
    steps: int = Recipe.steps,
    batch_tokens: int = Recipe.batch_tokens,
    seed: int = 0,
) -> None:
    train(Recipe(steps=steps, batch_tokens=batch_tokens, seed=seed), data, folder)


if __name__ == "__main__":
    typer.run(_main)
