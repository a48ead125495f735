"""Putting a trained model into the package: weights in bfloat16, tokenizer, hashes, recipe and log.

Run: python -m morl_envs.training.embedded.release --folder runs/embedded/model
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
import typer

from morl_envs.lm.embedded import FOLDER
from morl_envs.training.embedded.train import Recipe, restore

__all__ = ["release"]

_SHIPPED = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def release(trained: Path, target: Path = FOLDER) -> None:
    """Write the model of `trained` into `target`, where :class:`morl_envs.lm.embedded.EmbeddedLM` reads it."""
    from transformers import AutoTokenizer

    from morl_envs.lm.download import sha256

    recipe = Recipe(**json.loads((trained / "recipe.json").read_text()))
    model, _, step = restore(recipe, trained)
    with torch.no_grad():
        model.model.norm.weight.mul_(recipe.sharpness)
    saved = trained / "release"
    shutil.rmtree(saved, ignore_errors=True)
    model.to(torch.bfloat16).save_pretrained(saved)
    AutoTokenizer.from_pretrained(trained).save_pretrained(saved)
    for name in _SHIPPED:
        shutil.copyfile(saved / name, target / name)
    shutil.copyfile(saved / "chat_template.jinja", target / "chat_template.jinja")
    names = (*_SHIPPED, "chat_template.jinja")
    manifest = {
        "source": f"morl_envs.training.embedded, seed {recipe.seed}, {step} steps",
        "sha256": {name: sha256(target / name) for name in sorted(names)},
    }
    (target / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    here = Path(__file__).parent
    shutil.copyfile(trained / "log.jsonl", here / "log.jsonl")
    shutil.copyfile(trained / "recipe.json", here / "recipe.json")


def _main(folder: Path = Path("runs/embedded/model")) -> None:
    release(folder)


if __name__ == "__main__":
    typer.run(_main)
