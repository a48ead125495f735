"""Recorded steps on a CPU give the very numbers of the steps they stand for, and only where that is sure."""

from __future__ import annotations

import copy
import gc
import logging
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from morl_envs.lm import cache, decode, graphs, tape
from morl_envs.lm.kernels import kernels
from morl_envs.lm.model import CausalModel
from tests.architectures import save_model

pytestmark = pytest.mark.skipif(kernels() is None, reason="no compiler for C++")

CONTEXTS = [[3, 4, 5, 6, 7], [3, 9], [3, 4, 11]]


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows at each step that is replayed."""
    made: list[int] = []
    replay = tape.Tape.replay

    def counted(self: tape.Tape) -> Any:
        made.append(1)
        return replay(self)

    monkeypatch.setattr(tape.Tape, "replay", counted)
    return made


def read(folder: Path, architecture: str = "Llama", dtype: torch.dtype = torch.float32) -> CausalModel:
    return CausalModel(AutoModelForCausalLM.from_pretrained(save_model(architecture, folder), dtype=dtype))


def plain(model: CausalModel, context: list[int]) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model.module(torch.tensor([context]), use_cache=False).logits[0, -1]
    return logits


def write(model: CausalModel, steps: int, replayed: bool) -> list[torch.Tensor]:
    """Logits and hidden states of a batch whose rows now and then rest, begin anew and are dropped."""
    model.replays, model.in_line = replayed, False
    decoding = model.start(CONTEXTS, max_new_tokens=steps)
    found = []
    for i in range(steps):
        n = len(decoding.lengths)
        tokens = [(5 * i + 3 * row) % 30 + 3 for row in range(n)]
        if i % 11 == 10:
            decoding.step(tokens, np.arange(n) > 0, {0: [3, 8, 9, i]})
        elif i % 11 == 7:
            decoding.step(tokens, np.arange(n) > 0)
        else:
            decoding.step(tokens)
        if i == 40:
            decoding.select([0, 2])
        found += [decoding.logits, decoding.hidden]
    return found


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_replayed_steps_give_the_same_numbers(dtype: torch.dtype, tmp_path: Path, replays: list[int]) -> None:
    model = read(tmp_path, dtype=dtype)
    expected = write(model, 60, replayed=False)
    assert not replays
    for found, wanted in zip(write(model, 60, replayed=True), expected, strict=True):
        assert torch.equal(found, wanted)
    assert len(replays) > 40


def test_what_was_given_stays_as_it_was(tmp_path: Path, replays: list[int]) -> None:
    decoding = read(tmp_path).start(CONTEXTS, max_new_tokens=30)
    for _ in range(10):
        decoding.step([8, 9, 10])
    logits, hidden = decoding.logits, decoding.hidden
    kept = logits.clone(), hidden.clone()
    decoding.step([3, 4, 5])
    assert len(replays) > 4
    assert torch.equal(logits, kept[0])
    assert torch.equal(hidden, kept[1])


def test_weights_that_change_end_a_recording(tmp_path: Path, replays: list[int]) -> None:
    model = read(tmp_path)
    decoding = model.start(CONTEXTS, max_new_tokens=60)
    for _ in range(10):
        decoding.step([8, 9, 10])
    seen = len(replays)
    assert seen > 4
    with torch.no_grad():
        model.module.model.layers[1].mlp.up_proj.weight.mul_(1.5)
    fresh = model.start(CONTEXTS, max_new_tokens=60)  # another text, which notices
    decoding.step([8, 9, 10])
    assert len(replays) == seen
    for _ in range(10):
        fresh.step([8, 9, 10])
    torch.testing.assert_close(fresh.logits[1], plain(model, [3, 9] + [9] * 10), rtol=1e-4, atol=1e-4)
    assert len(replays) > seen


def test_a_model_with_hooks_is_not_replayed(tmp_path: Path, replays: list[int]) -> None:
    model = read(tmp_path)
    decoding = model.start(CONTEXTS, max_new_tokens=60)
    for _ in range(10):
        decoding.step([8, 9, 10])
    seen, told = len(replays), []
    hook = model.module.model.layers[2].register_forward_hook(lambda *_: told.append(1))
    decoding.step([8, 9, 10])
    assert (len(replays), len(told)) == (seen, 1)
    hook.remove()
    decoding.step([8, 9, 10])
    assert (len(replays), len(told)) == (seen + 1, 1)


@pytest.mark.parametrize("architecture", ["GPT2", "Gemma", "Qwen3", "Mistral"])
def test_steps_that_torch_computes_for_the_most_part_are_not_replayed(
    architecture: str, tmp_path: Path, replays: list[int], monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(tape, "_MOST_OPERATIONS", 20)
    model = read(tmp_path, architecture)
    decoding = model.start(CONTEXTS, max_new_tokens=40)
    with caplog.at_level(logging.DEBUG, logger="morl_envs.lm.graphs"):
        for _ in range(20):
            decoding.step([8, 9, 10])
    gave_up = "operations are torch's" in caplog.text
    assert gave_up == (not model.replays) == (not replays)
    assert gave_up or architecture not in {"GPT2", "Gemma"}
    torch.testing.assert_close(decoding.logits[1], plain(model, [3, 9] + [9] * 20), rtol=1e-3, atol=1e-3)


def test_a_step_that_python_decides_by_what_it_computed_is_refused() -> None:
    def step(tokens: torch.Tensor, slots: torch.Tensor) -> Any:
        return tokens * float(slots.max()), slots

    with pytest.raises(RuntimeError, match="depends on what was computed"):
        tape.Tape(step, torch.ones(2, 1), torch.arange(2))


def test_in_place_operations_and_views_are_repeated() -> None:
    def step(tokens: torch.Tensor, slots: torch.Tensor) -> Any:
        doubled = tokens.float() * 2
        doubled.t().add_(slots.float())
        return doubled.view(-1)[None], torch.cat([doubled, doubled])

    tokens, slots = torch.tensor([[1], [2]]), torch.tensor([10, 20])
    recorded = tape.Tape(step, tokens, slots)
    tokens.copy_(torch.tensor([[3], [4]]))
    slots.copy_(torch.tensor([5, 6]))
    for found, expected in zip(recorded.replay(), step(tokens, slots), strict=True):
        assert torch.equal(found, expected)


def test_memory_is_shared_between_calls_that_do_not_need_it_at_once(tmp_path: Path) -> None:
    """Eight times the layers need no more memory for what lies between them."""
    sizes = []
    for layers in (1, 8):
        folder = tmp_path / str(layers)
        folder.mkdir()
        model = CausalModel(AutoModelForCausalLM.from_pretrained(save_model("Llama", folder, num_hidden_layers=layers)))
        decoding: Any = model.start(CONTEXTS, max_new_tokens=20)
        for _ in range(8):
            decoding.step([8, 9, 10])
        sizes.append(sum(part.numel() for part in decoding._graph._recording._memory))
    assert sizes[1] <= sizes[0] * 1.5


def test_a_model_that_has_stepped_can_be_copied(tmp_path: Path, replays: list[int]) -> None:
    model = read(tmp_path)
    decoding = model.start(CONTEXTS, max_new_tokens=20)
    for _ in range(10):
        decoding.step([8, 9, 10])
    assert replays
    twin = copy.deepcopy(model.module)
    twin(torch.tensor([[3, 4]]), labels=torch.tensor([[3, 4]])).loss.backward()


def test_a_cache_has_room_for_answers_of_usual_length_from_the_first(tmp_path: Path) -> None:
    model = read(tmp_path)
    for asked, room in ((20, 20), (10**6, decode._AHEAD)):
        decoding: Any = model.start(CONTEXTS, max_new_tokens=asked)
        assert decoding._cache.capacity == decoding._cache._whole_blocks(max(map(len, CONTEXTS)) + room)
        generation = decoding._cache.generation
        for _ in range(20):
            decoding.step([8, 9, 10])
        assert decoding._cache.generation == generation


def test_a_cache_that_grows_gives_its_memory_back_meanwhile(
    tmp_path: Path, replays: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoding: Any = read(tmp_path).start(CONTEXTS, max_new_tokens=20)
    for _ in range(10):
        decoding.step([8, 9, 10])
    assert replays
    held = weakref.ref(decoding._cache.layers[0].keys)
    grown, gone = cache._grown, []

    def watched(store: torch.Tensor, capacity: int) -> torch.Tensor:
        gc.collect()
        gone.append(held() is None)
        return grown(store, capacity)

    monkeypatch.setattr(cache, "_grown", watched)
    for _ in range(decoding._cache.capacity):
        decoding.step([8, 9, 10])
    assert gone[0] is False
    assert all(gone[1:]), "the first layer's keys are held while others grow"


def test_a_recording_is_made_soon() -> None:
    assert graphs._STEADY["cpu"] < 8, "answers of thirty tokens have to gain by it"
