"""The stepping engine writes what transformers would write, for any architecture, batch and order of events."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from morl_envs import lm
from morl_envs.errors import InvalidParameter, ModelUnavailable
from morl_envs.lm import generate
from tests.architectures import ARCHITECTURES, save_model

PROMPTS = [
    "the film was a quiet joy",
    "What is 12 + 7 - 3?",
    "a",
    "Write a short review of a film about a lighthouse keeper. the plot was dull and the ending stayed with me",
    "the film was a great score",
    "I loved it!",
    "0 1 2 3 4 5 6 7 8 9",
    "the film was a quiet joy",
    "wooden acting",
    "the",
    "What is 9?",
    "a dull plot",
    "keeper of the film",
    "Give the answer only.",
    "stayed with me and the ending",
    "score score score",
]


@pytest.fixture(scope="module", params=list(ARCHITECTURES))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return lm.load(save_model(request.param, tmp_path_factory.mktemp(request.param)), dtype="float32")


def reference(model: Any, prompt: str, new_tokens: int) -> list[int]:
    """Greedy continuation by transformers itself, one prompt at a time."""
    context = torch.tensor([model.encode_prompts([prompt])[0]])
    written = model.model.module.generate(
        context, attention_mask=torch.ones_like(context), max_new_tokens=new_tokens, do_sample=False, use_cache=True
    )
    return written[0, context.shape[1] :].tolist()


def plain_logits(model: Any, context: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return model.model.module(torch.tensor([context]), use_cache=False).logits[0, -1].float()


@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_greedy_equals_transformers(model: Any, batch_size: int) -> None:
    expected = [reference(model, prompt, 12) for prompt in PROMPTS]
    written = model.generate(
        PROMPTS, max_new_tokens=12, temperature=0, seeds=range(len(PROMPTS)), batch_size=batch_size
    )
    assert [answer.tokens.tolist() for answer in written] == expected
    assert len({tuple(tokens) for tokens in expected}) > 1, "the prompts must lead to different answers"


def test_decoding_is_cached_where_the_architecture_allows(model: Any) -> None:
    recomputed = type(model.model.start([[3]])).__name__ == "RecomputedDecoding"
    assert recomputed == (model.config.model_type == "mamba")


def test_steps_and_replacements_equal_plain_forward_passes(model: Any) -> None:
    rng = np.random.default_rng(0)
    rows = [rng.integers(3, 60, size).tolist() for size in (9, 2, 5, 7)]
    batch = model.start(rows)  # 70 steps: the cache has to grow
    for event in range(70):
        active = rng.random(4) < 0.7
        tokens = rng.integers(3, 60, 4)
        batch.step(tokens, active)
        for i in np.flatnonzero(active):
            rows[i].append(int(tokens[i]))
        if event % 5 == 4:
            rows[1], rows[3] = rng.integers(3, 60, 11).tolist(), rng.integers(3, 60, 1).tolist()
            batch.replace([1, 3], [rows[1], rows[3]])
        if event % 5 == 1:  # with a step that the other rows take or do not
            fresh = {0: rng.integers(3, 60, 1 + event % 13).tolist(), 2: rng.integers(3, 60, 4).tolist()}
            stepping = np.array([False, True, False, event % 2 == 0])
            tokens = rng.integers(3, 60, 4)
            batch.step(tokens, stepping, fresh)
            rows = [
                fresh[i] if i in fresh else [*row, int(tokens[i])] if stepping[i] else row for i, row in enumerate(rows)
            ]
        expected = torch.stack([plain_logits(model, row) for row in rows])
        torch.testing.assert_close(batch.logits, expected, atol=2e-3, rtol=1e-3)
        assert batch.lengths.tolist() == [len(row) for row in rows]


def test_new_texts_share_the_pass_of_a_step_where_the_architecture_allows(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, passes = list(range(3, 9)), []
    forward = model.model.forward
    monkeypatch.setattr(
        model.model, "forward", lambda tokens, **kw: passes.append(tokens.shape) or forward(tokens, **kw)
    )
    monkeypatch.setattr(model.model, "replays", False)  # steps that are replayed are passes of their own
    batch = model.start([[*head, 3, 4], [*head, 5], [*head, 6]])  # the head is computed once and kept
    passes.clear()
    batch.step([9, 9, 9], np.array([True, True, False]), {2: [*head, 7, 8]})
    assert model.model.in_line == (model.config.model_type not in {"mamba", "gemma2"})  # no cache; capped scores
    if model.model.in_line:
        assert passes == [(1, 3 + 2)]
    for row, context in enumerate([[*head, 3, 4, 9], [*head, 5, 9], [*head, 7, 8]]):
        torch.testing.assert_close(batch.logits[row], plain_logits(model, context), atol=2e-3, rtol=1e-3)
    other = list(range(20, 27))  # a head that the third row has never held
    batch.replace([0, 1], [[*other, 3], [*other, 5]])
    batch.step([9, 9, 9], np.array([True, True, False]), {2: [*other, 7, 8]})
    torch.testing.assert_close(batch.logits[2], plain_logits(model, [*other, 7, 8]), atol=2e-3, rtol=1e-3)
    with pytest.raises(InvalidParameter, match="active must not mark rows that start afresh"):
        batch.step([9, 9, 9], np.array([True, True, True]), {2: [4]})
    with pytest.raises(InvalidParameter, match=r"contexts\[0\] must hold at least one token"):
        batch.step([9, 9, 9], None, {2: []})


def test_rows_that_moved_take_a_prefix_that_they_do_not_hold(model: Any) -> None:
    head, other = list(range(3, 9)), list(range(20, 27))
    batch = model.start([[*head, 3], [*head, 5], [*head, 6]])
    batch.replace([0, 1], [[*other, 3], [*other, 5]])  # the third row does not hold the other head
    batch.select([2, 0])
    batch.replace([0], [[*other, 7]])
    for row, context in enumerate([[*other, 7], [*other, 3]]):
        torch.testing.assert_close(batch.logits[row], plain_logits(model, context), atol=2e-3, rtol=1e-3)
    batch.step([9, 10])
    for row, context in enumerate([[*other, 7, 9], [*other, 3, 10]]):
        torch.testing.assert_close(batch.logits[row], plain_logits(model, context), atol=2e-3, rtol=1e-3)


def test_log_probs_equal_plain_forward_passes(model: Any) -> None:
    completions = ["a quiet joy", "", "9 8 7", "the ending"]
    found = model.log_probs(PROMPTS[:4], completions)
    for prompt, completion, values in zip(PROMPTS, completions, found, strict=False):
        context = model.encode_prompts([prompt])[0]
        ids = model.encode_completion(completion)
        assert values.shape == (len(ids),)
        for i, token in enumerate(ids):
            expected = plain_logits(model, context + ids[:i]).log_softmax(-1)[token]
            assert values[i] == pytest.approx(float(expected), abs=2e-3)


def test_answers_do_not_depend_on_the_batch(tiny_lm: str) -> None:
    model = lm.load(tiny_lm, dtype="float32")
    seeds = list(range(100, 116))
    alone = [
        model.generate([prompt], max_new_tokens=15, seeds=[seed])[0].text
        for prompt, seed in zip(PROMPTS, seeds, strict=True)
    ]
    for batch_size in (3, 16):
        together = model.generate(PROMPTS, max_new_tokens=15, seeds=seeds, batch_size=batch_size)
        assert [answer.text for answer in together] == alone
    assert alone[0] != alone[7], "the same prompt with another seed"


@pytest.mark.parametrize("batch_size", [3, 16])
def test_answers_do_not_depend_on_how_often_what_is_drawn_is_looked_at(
    tiny_lm: str, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = lm.load(tiny_lm, dtype="float32")
    asked: dict[str, Any] = {"max_new_tokens": 21, "seeds": range(16), "batch_size": batch_size}
    told: list[int] = []
    monkeypatch.setitem(vars(model), "end_token_ids", frozenset(range(0, 300, 9)))  # it rarely ends by itself
    expected = model.generate(PROMPTS, **asked)
    monkeypatch.setattr(generate, "_LOOK", {"cpu": 4})
    found = model.generate(PROMPTS, **asked, on_finish=lambda row, _: told.append(row))
    assert [answer.tokens.tolist() for answer in found] == [answer.tokens.tolist() for answer in expected]
    assert [answer.ended for answer in found] == [answer.ended for answer in expected]
    assert len({len(answer.tokens) for answer in found}) > 2, "answers end at different times"
    assert sorted(told) == list(range(16))


def test_what_the_engine_draws_passes_a_chi_square_test_against_the_softmax(tiny_lm: str) -> None:
    model = lm.load(tiny_lm, dtype="float32")
    rows, context = 4_000, [5, 6, 7, 8]
    decoding = model.start([context[:3]] * rows)
    decoding.step([context[3]] * rows)
    drawn = decoding.draw(torch.from_numpy(np.random.default_rng(0).random(rows)))
    expected = rows * plain_logits(model, context).double().softmax(-1).numpy()
    counts = np.bincount(drawn.numpy(), minlength=len(expected))
    often = expected >= 5  # the test's own condition; the others are one bin
    assert often.sum() > 20
    bins = [np.append(values[often], values[~often].sum()) for values in (counts, expected)]
    assert chisquare(*bins).pvalue > 1e-3


def test_a_cache_that_grows_keeps_what_it_holds(tiny_lm: str) -> None:
    model = lm.load(tiny_lm, dtype="float32")
    decoding = model.start([[5, 6, 7], [8]], max_new_tokens=100)
    written = [[5, 6, 7], [8]]
    for i in range(70):  # over two ends of a block
        tokens = [9 + i, 40 + i]
        decoding.step(tokens)
        written = [[*row, token] for row, token in zip(written, tokens, strict=True)]
    for row, context in enumerate(written):
        torch.testing.assert_close(decoding.logits[row], plain_logits(model, context), rtol=1e-4, atol=1e-4)


def test_shared_prefixes_and_equal_prompts_are_computed_once(tiny_lm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = lm.load(tiny_lm, dtype="float32")
    passes: list[tuple[int, ...]] = []
    forward = model.model.forward

    def counted(tokens: torch.Tensor, **kwargs: Any) -> Any:
        passes.append(tuple(tokens.shape))
        return forward(tokens, **kwargs)

    monkeypatch.setattr(model.model, "forward", counted)
    head = list(range(10, 40))
    model.start([[*head, 3, 4], [*head, 5], [*head, 3, 4], [*head, 5]], max_new_tokens=4)
    assert passes == [(1, 30), (2, 2)]


def test_a_model_that_is_cached_says_so_at_debug_level(
    tiny_lm: str, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="morl_envs.lm.model"):
        lm.load(save_model("Mamba", tmp_path), dtype="float32").start([[3, 4]])
    assert "recomputes" in caplog.text


def test_bad_input_is_named(tiny_lm: str, tmp_path: Any) -> None:
    model = lm.load(tiny_lm, dtype="float32")
    for message, call in {
        "max_new_tokens must be at least 1, got 0": lambda: model.generate(["a"], max_new_tokens=0, seeds=[0]),
        "temperature must be finite and at least 0, got -1": lambda: model.generate(
            ["a"], max_new_tokens=1, seeds=[0], temperature=-1
        ),
        "top_p must be None or in": lambda: model.generate(["a"], max_new_tokens=1, seeds=[0], top_p=0.0),
        "top_k must be None or at least 1": lambda: model.generate(["a"], max_new_tokens=1, seeds=[0], top_k=0),
        "seeds must be as many as prompts": lambda: model.generate(["a", "b"], max_new_tokens=1, seeds=[0]),
        r"contexts\[1\] must hold at least one token": lambda: model.start([[3], []]),
        "must be at most 1024": lambda: model.start([[3]], max_new_tokens=5000),
        "device must be 'auto' or a torch device of this machine, got 'tpu'": lambda: lm.load(tiny_lm, device="tpu"),
        "dtype must be one of .* did you mean 'float32'": lambda: lm.load(tiny_lm, dtype="float23"),
    }.items():
        with pytest.raises(InvalidParameter, match=message):
            call()


def test_a_corrupt_weights_file_is_named(tmp_path: Any) -> None:
    folder = save_model("Llama", tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])
    with pytest.raises(ModelUnavailable, match="cannot read the weights"):
        lm.load(folder, dtype="float32").start([[3]])
