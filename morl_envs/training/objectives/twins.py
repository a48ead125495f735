"""Train the gold twins: word vectors, classifiers, and the weights of alignments and of topics.

Run: python -m morl_envs.training.objectives.twins

Everything is fitted to the tuning halves of the contrast pairs, to further pairs (``pairs.jsonl``) for the objectives
whose tuning halves are too few to learn from, and to cheap tricks made of their words as bad examples; word vectors
come from the sentence-embedding model. Writes the weights and, beside them, a log with the
seed-free command, counts, losses and SHA-256; a second run gives the same weights.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray

from morl_envs.objectives import contrast
from morl_envs.objectives.twins import alignment, classifier, topic, vectors
from morl_envs.spec import Prompt
from morl_envs.training.embedded.measure import embeddings
from morl_envs.training.objectives.classes import vocabulary

__all__ = ["train"]

_PAIRS = Path(__file__).with_name("pairs.jsonl")
_DIMENSIONS, _FINER = 32, 64
_MEANING, _SURFACE = 6.0, 4.0  # scales of embeddings and n-grams under one penalty
_PENALTY = {"classifier": 3e-3, "features": 1e-2}
_TRICK = 0.15  # weight of a trick, of which each pair gives five
_OTHERS, _OTHER = 4, 0.3  # better texts of other openings that each opening gets, and their weight

Example = tuple[Prompt, str, float, float]
"""Prompt, text, label, weight."""


def train() -> dict[str, Any]:
    """Fit and write all weights, and return the logs by file."""
    words = vocabulary()
    embedded = embeddings(sorted(words, key=len))[np.argsort(np.argsort([len(w) for w in words], kind="stable"))]
    centred = embedded - embedded.mean(axis=0)
    basis = np.linalg.svd(centred, full_matrices=False)[2]
    logs = {"vectors": _save_vectors(words, centred @ basis[: _DIMENSIONS + _FINER].T)}
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    tensors: dict[str, NDArray[np.float16]] = {}
    fits: dict[str, Any] = {}
    for name in classifier.NAMES:
        found, fits[name] = _classifier(name, centred)
        tensors |= {f"{name}.{part}": values.astype(np.float16) for part, values in found.items()}
    for name in alignment.NAMES:
        weights, fits[name] = _features(alignment.features, examples(name))
        tensors[f"{name}.aligned"] = weights.astype(np.float16)
    weights, fits["relevance"] = _features(topic.features, examples("relevance") + _elsewhere("relevance"))
    tensors["relevance.topic"] = weights.astype(np.float16)
    logs["classifiers"] = _save(Path(str(classifier.WEIGHTS)), tensors, {}, fits)
    return logs


def examples(name: str) -> list[Example]:
    """The tuning pairs of an objective, and tricks made of their words, which are no better than the worse texts."""
    found: list[Example] = []
    for pair in _pairs(name):
        found += [(pair.prompt, pair.better, 1.0, 1.0), (pair.prompt, pair.worse, 0.0, 1.0)]
        said = sorted(set(re.findall(r"[a-z]{4,}", pair.better.lower())), key=lambda word: (-len(word), word))
        asked = re.findall(r"[A-Za-z]{4,}", pair.prompt.text) or ["so"]
        tricks = [f"{asked[-1]} " * 50, pair.prompt.text, "wonderful " * 50, f"{(said or ['so'])[0]} " * 50]
        found += [(pair.prompt, text, 0.0, _TRICK) for text in (*tricks, (f"{pair.better} " * 200)[:2000])]
    return found


def _pairs(name: str) -> list[contrast.Pair]:
    """The tuning half, and what was written for the twins alone."""
    rows = [json.loads(line) for line in _PAIRS.read_text(encoding="utf-8").splitlines()]
    more = [contrast.Pair(Prompt(r["prompt"]), r["better"], r["worse"]) for r in rows if r["objective"] == name]
    return [*contrast.tuning(name), *more]


def _elsewhere(name: str) -> list[Example]:
    """Better texts under openings that they do not belong to."""
    pairs = _pairs(name)
    step = len(pairs) // (_OTHERS + 1)
    return [
        (pair.prompt, pairs[(i + step * turn) % len(pairs)].better, 0.0, _OTHER)
        for i, pair in enumerate(pairs)
        for turn in range(1, _OTHERS + 1)
    ]


def _classifier(name: str, embedded: NDArray[np.float32]) -> tuple[dict[str, NDArray[np.float64]], dict[str, Any]]:
    width = embedded.shape[1]
    x, y, weights = [], [], []
    for prompt, text, label, weight in examples(name):
        rows = classifier.rows(text)
        meaning = embedded[rows].mean(axis=0) if rows else np.zeros(width)
        surface = np.zeros(classifier.BUCKETS)
        found, counts = classifier.grams(text)
        surface[found] = counts
        x.append(
            np.concatenate([_MEANING * meaning, _SURFACE * surface, classifier.described(name, prompt.text, text)])
        )
        y.append(label)
        weights.append(weight)
    fitted, loss = _logistic(np.array(x), np.array(y), np.array(weights), _PENALTY["classifier"])
    parts = {
        "words": _MEANING * embedded @ fitted[:width],
        "grams": _SURFACE * fitted[width : width + classifier.BUCKETS],
        "shape": fitted[width + classifier.BUCKETS : -1],
        "intercept": fitted[-1:],
    }
    return parts, {"examples": len(y), "loss": round(loss, 4)}


def _features(
    features: Callable[[Prompt, str], NDArray[np.float64]], found: list[Example]
) -> tuple[NDArray[np.float64], dict[str, Any]]:
    """Slopes of some features, and last the intercept."""
    x = np.array([features(prompt, text) for prompt, text, _, _ in found])
    y, weights = np.array([label for *_, label, _ in found]), np.array([weight for *_, weight in found])
    centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    fitted, loss = _logistic((x - centre) / spread, y, weights, _PENALTY["features"])
    slopes = fitted[:-1] / spread
    return np.append(slopes, fitted[-1] - centre @ slopes), {"examples": len(y), "loss": round(loss, 4)}


def _logistic(
    x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64], penalty: float
) -> tuple[NDArray[np.float64], float]:
    """Weights and intercept of a penalised logistic regression, and its mean loss."""
    from scipy.optimize import minimize

    sign, share = np.where(y > 0, 1.0, -1.0), weights / weights.sum()

    def objective(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (x @ w[:-1] + w[-1])
        slope = -sign * share / (1 + np.exp(np.clip(margin, -50, 50)))
        loss = float((share * np.logaddexp(0, -margin)).sum() + penalty * (w[:-1] @ w[:-1]) / 2)
        return loss, np.append(x.T @ slope + penalty * w[:-1], slope.sum())

    found = minimize(objective, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B")
    return found.x, float((share * np.logaddexp(0, -sign * (x @ found.x[:-1] + found.x[-1]))).sum())


def _save_vectors(words: list[str], table: NDArray[np.float32]) -> dict[str, Any]:
    coarse, finer = table[:, :_DIMENSIONS], table[:, _DIMENSIONS:]
    scale = 127 / np.abs(coarse).max(axis=1, keepdims=True)
    tensors = {
        "vectors": np.rint(scale * coarse).astype(np.int8),
        "finer": np.rint(scale * finer).clip(-127, 127).astype(np.int8),
    }
    return _save(Path(str(vectors.WEIGHTS)), tensors, {"words": " ".join(words)}, {"words": len(words)})


def _save(path: Path, tensors: dict[str, Any], notes: dict[str, str], facts: dict[str, Any]) -> dict[str, Any]:
    from safetensors.numpy import save_file

    path.parent.mkdir(exist_ok=True)
    save_file(tensors, str(path), metadata=notes)
    log = {
        "command": "python -m morl_envs.training.objectives.twins",
        **facts,
        "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps(log, indent=1) + "\n")
    for cached in (vectors._words, vectors._table, classifier.learned):
        cached.cache_clear()
    return log


if __name__ == "__main__":
    typer.echo(json.dumps(train(), indent=1))
