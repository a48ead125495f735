"""The real model, end to end: what is promised of tiny random models holds for one that writes English."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from morl_envs import lm, registry
from morl_envs.cli import agents
from morl_envs.errors import ModelUnavailable
from morl_envs.evaluation import evaluate
from morl_envs.lm import hub

pytestmark = pytest.mark.smollm2
NAME = "smollm2-135m"
KWARGS = {"lm": NAME, "dtype": "float32"}


@pytest.fixture(scope="module")
def model() -> Any:
    try:
        hub.fetch(NAME)
    except ModelUnavailable as error:
        pytest.skip(f"{NAME} cannot be fetched here: {error}")
    return lm.load(NAME, dtype="float32")


@pytest.fixture(scope="module")
def prompts() -> list[str]:
    tasks = [registry.task(task).prompts("test")[:8] for task in ("review", "arithmetic")]
    return [prompt.text for split in tasks for prompt in split]


@pytest.fixture(scope="module")
def expected(model: Any, prompts: list[str]) -> list[list[int]]:
    """Greedy answers by transformers itself, one prompt at a time."""
    found = []
    for context in model.encode_prompts(prompts):
        tokens = torch.tensor([context])
        written = model.model.module.generate(
            tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=16, do_sample=False
        )
        found.append(written[0, len(context) :].tolist())
    return found


@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_greedy_answers_equal_transformers(
    model: Any, prompts: list[str], expected: list[list[int]], batch_size: int
) -> None:
    assert len({len(context) for context in model.encode_prompts(prompts)}) > 5, "the prompts are ragged"
    written = model.generate(
        prompts, max_new_tokens=16, temperature=0, seeds=range(len(prompts)), batch_size=batch_size
    )
    assert [answer.tokens.tolist() for answer in written] == expected


def test_log_probabilities_equal_a_plain_pass(model: Any, prompts: list[str]) -> None:
    text = "A tender film with one long scene too many."
    (found,) = model.log_probs(prompts[:1], [text])
    context, ids = model.encode_prompts(prompts[:1])[0], model.encode_completion(text)
    with torch.inference_mode():
        logits = model.model.module(torch.tensor([context + ids]), use_cache=False).logits[0]
    expected = logits[len(context) - 1 : -1].log_softmax(-1)[torch.arange(len(ids)), torch.tensor(ids)]
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-3)


def test_answers_are_english(model: Any, prompts: list[str]) -> None:
    answers = model.generate(prompts[:4], max_new_tokens=24, seeds=range(4), temperature=0.7)
    text = " ".join(answer.text for answer in answers)
    assert sum(c.isascii() and (c.isalpha() or c.isspace()) for c in text) > 0.8 * len(text)
    assert {"the", "a"} & set(text.lower().split())


def test_the_same_text_earns_the_same_vector_under_every_control(model: Any) -> None:
    envs = {
        c: gymnasium.make(f"morl/review-{c}-v0", max_new_tokens=12, **KWARGS) for c in ("choice", "completion", "token")
    }
    envs["choice"].reset(seed=0, options={"prompt_index": 5})
    terminated = False
    while not terminated:
        _, expected, terminated, _, info = envs["choice"].step(0)
    rows: Any = envs["choice"].unwrapped
    written = rows._rows.tokens[0, rows._rows.starts[0] : rows._rows.lengths[0]]
    envs["token"].reset(options={"prompt_index": 5})
    for token in written:
        _, by_token, *_ = envs["token"].step(int(token))
    envs["completion"].reset(options={"prompt_index": 5})
    _, by_completion, *_ = envs["completion"].step(info["completion"])
    np.testing.assert_allclose(by_token, expected, atol=1e-4)
    np.testing.assert_allclose(by_completion, expected, atol=1e-4)


def test_best_of_n_is_evaluated_and_beats_the_model_itself(model: Any) -> None:
    sizes: dict[str, Any] = {"seeds": [0], "n_prompts": 3, "env_kwargs": {**KWARGS, "max_new_tokens": 24}}
    corners = np.eye(3)
    best = evaluate(agents.find("best_of_n")(n=4), "morl/review-completion-v0", weights=corners, **sizes)
    base = evaluate(agents.find("base_model")(), "morl/review-completion-v0", weights=corners, **sizes)
    gained = np.diag(best.mean_returns()) - np.diag(base.mean_returns())
    assert gained.mean() > 0.05, gained
