"""Word classes for the fluency scorer: words that a reference model expects in the same places.

Each frame below is a beginning; what may follow tells nouns from verbs, singular from plural, forms of verbs apart. A
word is described by its log-probabilities after all frames, centred over words and over frames, and put into one of
60 classes by spherical k-means.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from morl_envs import lm

__all__ = ["FRAMES", "vocabulary", "word_classes"]

FRAMES = (
    "The old man saw the", "She bought a", "I would like an", "There were two", "Many of the", "They have a lot of",
    "My mother and my", "We went to", "He is very", "It was a very", "The house is more", "You can", "They wanted to",
    "I will never", "Please", "It always", "She often", "He never", "My brother usually", "Yesterday they",
    "Last year she", "When I was young, I", "They have already", "It has been", "The letter was", "She is still",
    "They were slowly", "He kept on", "Instead of", "He did it very", "She spoke", "Slowly and", "I saw him and",
    "This is better than the", "We talked about", "It is made of", "The dog and the cat", "He gave it to", "It was so",
    "The most", "I think that", "Some people", "Those", "Each", "Every", "One of the", "There is no",
    "The children are", "It looks", "You should be", "Do not", "Let me", "She does not", "He felt", "They seem",
    "a little",
)  # fmt: skip
_N_CLASSES = 60
_N_WORDS = 16_000  # the commonest, as the tokenizer numbers them
_ROUNDS = 30


def vocabulary(reference: str = "smollm2-135m") -> list[str]:
    """The commonest words that are one token of the reference model's, commonest first."""
    tokens = lm.load(reference).tokenizer.get_vocab()
    return [text[1:] for text in sorted(tokens, key=tokens.__getitem__) if re.fullmatch(r"Ġ[a-z]+", text)][:_N_WORDS]


def word_classes(seed: int, reference: str = "smollm2-135m") -> dict[str, int]:
    """Word -> class, for the words that are one token of the reference model's."""
    model = lm.load(reference, dtype="float32")
    tokenizer = model.tokenizer
    found = vocabulary(reference)
    ids = tokenizer.convert_tokens_to_ids([f"Ġ{word}" for word in found])
    logits = model.start([tokenizer(frame)["input_ids"] for frame in FRAMES], max_new_tokens=1).logits
    described = logits.log_softmax(1)[:, ids].T.double().numpy()
    described -= described.mean(axis=0)
    described -= described.mean(axis=1, keepdims=True)
    labels = _cluster(described / np.linalg.norm(described, axis=1, keepdims=True), seed)
    return dict(zip(found, labels.tolist(), strict=True))


def _cluster(x: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    centres = x[rng.permutation(len(x))[:_N_CLASSES]]
    labels = np.zeros(len(x), dtype=np.int64)
    for _ in range(_ROUNDS):
        labels = (x @ centres.T).argmax(axis=1)
        for k in range(_N_CLASSES):
            inside = x[labels == k]
            mean = inside.mean(axis=0) if len(inside) else x[rng.integers(len(x))]
            centres[k] = mean / np.linalg.norm(mean)
    return labels
