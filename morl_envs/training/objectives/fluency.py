"""Train the fluency scorer: sentences against broken copies of them.

Run: python -m morl_envs.training.objectives.fluency --folder runs/embedded

The sentences come from the answers that a teacher model gave (``python -m morl_envs.training.embedded.sample``, which
fills the folder), from composed answers, from training prompts, and from the tuning halves of the contrast pairs.
Writes the weights and, beside them, a log with seed, counts, losses, validation AUC and SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from morl_envs import registry
from morl_envs.objectives import contrast, fluency
from morl_envs.training.embedded.compose import composer
from morl_envs.training.embedded.corpus import sampled
from morl_envs.training.objectives.breaking import broken
from morl_envs.training.objectives.classes import word_classes

__all__ = ["train"]

_COMPOSED = ("assistant", "reflection", "review", "story", "summary")
_N_COMPOSED = 600
_PROMPTS = ("review", "assistant")
_COPIES = 6
_EPOCHS = 8
_PENALTY = 1e-3
_LEGIBLE = re.compile(r"[A-Z\"'][\x20-\x7e]{20,}")


def train(folder: Path, seed: int = 0) -> dict[str, Any]:
    """Fit the weights, write them, and return the log."""
    rng = random.Random(seed)
    classes = word_classes(seed)
    sentences, judged = _sentences(folder, seed), _judged()
    rng.shuffle(sentences)
    cut = len(sentences) // 10
    x, y = _examples(sentences[cut:] + _texts_of_pairs() * 2, classes, rng, _COPIES)
    x += [np.array(fluency.buckets(text, classes)) for text, _ in judged] * _COPIES
    y = np.append(y, [label for _, label in judged] * _COPIES)
    weights, intercept, losses = _fit(x, y, seed)
    held_x, held_y = _examples(sentences[:cut], classes, rng, 1)
    held = np.array([intercept + weights[f].sum() * fluency.scale(len(f)) for f in held_x])
    margins = held[held_y == 1][:, None] - held[held_y == 0][None, :]
    path = Path(str(fluency.WEIGHTS))
    _save(path, weights, intercept, classes)
    log = {
        "command": f"python -m morl_envs.training.objectives.fluency --seed {seed}",
        "sentences": len(sentences),
        "sentences_sha256": hashlib.sha256("\n".join(sorted(sentences)).encode()).hexdigest(),
        "examples": len(x),
        "loss_per_epoch": [round(loss, 4) for loss in losses],
        "validation_auc": round(float(np.mean((np.sign(margins) + 1) / 2)), 4),
        "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps(log, indent=1) + "\n")
    return log


def _sentences(folder: Path, seed: int) -> list[str]:
    """One to three neighbouring sentences each; complete, plain, at least four words."""
    rng = random.Random(seed)
    sources = [answer for _, answer in sampled(folder)]
    sources += [composer(task)(rng)[1] for task in _COMPOSED for _ in range(_N_COMPOSED)]
    sources += [prompt.text for task in _PROMPTS for prompt in registry.task(task).prompts("train")]
    found: dict[str, None] = {}
    for i, source in enumerate(sources):
        kept = _whole(source)
        size = 1 + i % 3
        found.update(dict.fromkeys(" ".join(kept[j : j + size]) for j in range(0, len(kept), size)))
    return [text for text in found if text]


def _texts_of_pairs() -> list[str]:
    """What is well-formed in the tuning pairs: all of it, but for the worse texts of fluency itself."""
    found = []
    for name in contrast.names():
        for pair in contrast.tuning(name):
            found += [pair.prompt.text, pair.better] + [pair.worse] * (name != "fluency")
    return [text for text in found if _whole(text)]


def _judged() -> list[tuple[str, float]]:
    """The tuning pairs of fluency, labelled."""
    pairs = contrast.tuning("fluency")
    return [(pair.better, 1.0) for pair in pairs] + [(pair.worse, 0.0) for pair in pairs]


def _whole(text: str) -> list[str]:
    parts = [p.strip() for p in re.split(r"(?<=[.!?])\s+|\n+", text)]
    return [p for p in parts if _LEGIBLE.fullmatch(p) and p[-1] in ".!?" and len(p.split()) >= 4]


def _examples(
    texts: list[str], classes: dict[str, int], rng: random.Random, copies: int
) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
    """Features and labels: as many whole texts (some cut off at the end, as answers are) as broken ones."""
    x, y = [], []
    for text in texts:
        for _ in range(copies):
            said = text.split()
            part = " ".join(said[: rng.randint(max(4, len(said) // 2), len(said))]) if rng.random() < 0.3 else text
            for label, version in ((1.0, part), (0.0, broken(part, rng))):
                if version != part or label:
                    x.append(np.array(fluency.buckets(version, classes)))
                    y.append(label)
    return x, np.array(y)


def _fit(
    x: list[NDArray[np.int64]], y: NDArray[np.float64], seed: int
) -> tuple[NDArray[np.float64], float, list[float]]:
    """Logistic regression on scaled counts, by Adagrad, one example at a time."""
    rng = np.random.default_rng(seed)
    weights, squares = np.zeros(fluency.BUCKETS), np.full(fluency.BUCKETS, 1e-2)
    intercept, losses = 0.0, []
    for _ in range(_EPOCHS):
        total = 0.0
        for i in rng.permutation(len(x)):
            scale = fluency.scale(len(x[i]))
            p = 1 / (1 + np.exp(-(intercept + weights[x[i]].sum() * scale)))
            total -= np.log(max(1e-9, p if y[i] else 1 - p))
            unique, counts = np.unique(x[i], return_counts=True)
            slope = (p - y[i]) * scale * counts + _PENALTY * weights[unique]
            squares[unique] += slope**2
            weights[unique] -= 0.1 * slope / np.sqrt(squares[unique])
            intercept -= 0.001 * (p - y[i])
        losses.append(total / len(x))
    return weights, intercept, losses


def _save(path: Path, weights: NDArray[np.float64], intercept: float, classes: dict[str, int]) -> None:
    from safetensors.numpy import save_file

    members = [" ".join(sorted(w for w, k in classes.items() if k == j)) for j in range(max(classes.values()) + 1)]
    metadata = {"intercept": repr(float(intercept)), "classes": "\n".join(members)}
    save_file({"weights": weights.astype(np.float16)}, str(path), metadata=metadata)


def _main(
    folder: Annotated[Path, typer.Option(help="Where the corpus is.")] = Path("runs/objectives"), seed: int = 0
) -> None:
    typer.echo(json.dumps(train(folder, seed), indent=1))


if __name__ == "__main__":
    typer.run(_main)
