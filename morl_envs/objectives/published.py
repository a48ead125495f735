"""Reward models that others have published, as objectives: loaded through transformers on first use, and shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from morl_envs.errors import ModelUnavailable, require, require_one_of
from morl_envs.objectives.base import Objective
from morl_envs.objectives.twins import MODULES
from morl_envs.spec import Prompt

__all__ = ["MODELS", "Model", "Published", "choose"]

_BATCH = 32
_LONGEST = 1024  # tokens of prompt and answer
_DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Model:
    """A published reward model of one trait.

    Args:
        id: Of the hub.
        text: What it reads: ``{prompt}``, ``{answer}`` and ``{source}`` (the prompt's reference, or the prompt).
        pair: The second text, for a model that reads two; None for one that reads one.
        range: How its logits become a score in [0, 1]: "softmax" gives the probability of `label`, "sigmoid" squashes
            its only logit, "clip" cuts it off.
        label: Name of the label that is scored, as in the model's configuration; 1 where that has no names.
    """

    id: str
    text: str
    pair: str | None = None
    range: str = "softmax"
    label: str = ""


_HUMAN = "\n\nHuman: {prompt} \n\nAssistant:"
MODELS = {
    "positivity": Model("lvwerra/distilbert-imdb", "{answer}", label="POSITIVE"),
    "helpfulness": Model("Ray2333/gpt2-large-helpful-reward_model", _HUMAN, " {answer}", "sigmoid"),
    "harmlessness": Model("Ray2333/gpt2-large-harmless-reward_model", _HUMAN, " {answer}", "sigmoid"),
    "humour": Model("mohameddhiab/humor-no-humor", "{answer}", label="HUMOR"),
    "faithfulness": Model("CogComp/bart-faithful-summary-detector", "{answer}", "{source}", label="FAITHFUL"),
    "empathy": Model("MoaazZaki/bert-empathy", "{answer}", range="clip"),
}
"""Objective -> the reward model that the literature uses for it."""


def choose(scorers: str, name: str, project: Objective, device: str = "auto", dtype: str = "auto") -> Objective:
    """The scorer of an objective that the keyword `scorers` asks for.

    Args:
        scorers: "project" for `project`; "published" for the reward model in :data:`MODELS`, from the hub or its cache;
            "published:<folder>" for the model in ``<folder>/<objective>``. What is exact (`brevity`, `correctness`,
            `format`) has no model, and stays as it is.
        name: Of the objective.
        project: The project's own scorer.
        device: Where models run; "auto" is CUDA where there is one.
        dtype: What they compute in; "auto" is float32, so that scores hardly depend on batches.

    Raises:
        InvalidParameter: for an objective without a published model, a folder without it, or another value.
    """
    source, _, folder = scorers.partition(":") if isinstance(scorers, str) else (scorers, "", "")
    valid = source in ("project", "published") and not (source == "project" and folder)
    require(valid, "scorers", "must be 'project', 'published' or 'published:<folder>'", scorers)
    if source == "project" or (name not in MODULES and name not in MODELS):
        return project
    rule = f"must have a published reward model ({', '.join(sorted(MODELS))}) where scorers={scorers!r}"
    require(name in MODELS, "objectives", rule, name)
    require_one_of("dtype", dtype, _DTYPES)
    place = Path(folder) / name
    require(not folder or place.is_dir(), "scorers", f"must name a folder with a model in {name!r}", scorers)
    found: Any = Published(name, str(place) if folder else MODELS[name].id, device, dtype)
    chosen: Objective = found  # frozen attributes do not fit a protocol's, which could be set
    return chosen


@dataclass(frozen=True)
class Published:
    """The score of a published reward model, mapped to [0, 1] as :data:`MODELS` says; an empty answer is scored too.

    Texts of more than 1,024 tokens, or than the model can take, are cut off.
    """

    name: str
    source: str
    device: str = "auto"
    dtype: str = "auto"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``.

        Raises:
            ModelUnavailable: if the model cannot be loaded.
        """
        import torch

        if not len(completions):
            return np.zeros(0, dtype=np.float32)
        model, tokenizer = _load(self.source, self.device, self.dtype)
        encoded = [self._encode(tokenizer, model, p, c) for p, c in zip(prompts, completions, strict=True)]
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]["input_ids"]))
        scores = np.zeros(len(encoded), dtype=np.float32)
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            batch = tokenizer.pad([encoded[i] for i in rows], padding_side="right", return_tensors="pt")
            with torch.inference_mode():
                logits = model(**batch.to(model.device)).logits.float()
            scores[rows] = self._bounded(logits, model.config).cpu().numpy()
        return scores

    def _encode(self, tokenizer: Any, model: Any, prompt: Prompt, answer: str) -> Any:
        known = MODELS[self.name]
        source = prompt.text if prompt.reference is None else prompt.reference
        texts = [
            part.format(prompt=prompt.text, answer=answer, source=source) or " "
            for part in (known.text, known.pair)
            if part
        ]
        limits = (tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", _LONGEST), _LONGEST)
        return tokenizer(*texts, truncation=True, max_length=min(limits), return_token_type_ids=None)

    def _bounded(self, logits: Any, config: Any) -> Any:
        known = MODELS[self.name]
        if known.range == "softmax":
            return logits.softmax(-1)[:, self._label([str(config.id2label[i]) for i in range(logits.shape[1])])]
        return logits[:, 0].sigmoid() if known.range == "sigmoid" else logits[:, 0].clip(0, 1)

    def _label(self, names: list[str]) -> int:
        """Which of the model's labels is scored."""
        wanted = MODELS[self.name].label
        if wanted in (upper := [name.upper() for name in names]):
            return upper.index(wanted)
        if names == ["LABEL_0", "LABEL_1"]:  # transformers' own names where a configuration gives none
            return 1
        raise ModelUnavailable(f"the reward model {self.source!r} must have a label {wanted!r}, got {names}")


@cache
def _load(source: str, device: str, dtype: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    placed = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    kind = getattr(torch, "float32" if dtype == "auto" else dtype)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModelForSequenceClassification.from_pretrained(source, dtype=kind)
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"the reward model {source!r} cannot be loaded: {error}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.config.pad_token_id = tokenizer.pad_token_id
    return model.to(placed).eval(), tokenizer
