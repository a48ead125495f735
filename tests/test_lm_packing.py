"""Packed weights give the same products, are renewed when weights change, and leave the model as it was."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from morl_envs.lm import packing
from morl_envs.lm.model import CausalModel
from tests.architectures import ARCHITECTURES, save_model

CONTEXTS = [[3, 4, 5, 6, 7], [3, 9]]


@pytest.fixture(autouse=True, params=["compiled", "oneDNN"])
def layout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whose layout is used; tiny models count as large for once."""
    monkeypatch.setattr(packing, "_FEWEST", 0)
    if request.param == "oneDNN":
        monkeypatch.setattr(packing, "kernels", lambda: None)
    elif packing.kernels() is None:
        pytest.skip("no compiler for C++")
    return str(request.param)


def read(architecture: str, folder: Path) -> CausalModel:
    path = save_model(architecture, folder)
    return CausalModel(AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32))


def plain(model: CausalModel, context: list[int]) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model.module(torch.tensor([context]), use_cache=False).logits[0, -1]
    return logits


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_products_are_those_of_the_plain_layers(architecture: str, tmp_path: Path) -> None:
    model = read(architecture, tmp_path)
    decoding = model.start(CONTEXTS)
    decoding.step([8, 10])
    for row, context in enumerate(([*CONTEXTS[0], 8], [*CONTEXTS[1], 10])):
        torch.testing.assert_close(decoding.logits[row], plain(model, context), rtol=1e-4, atol=1e-4)


def used(model: CausalModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []

    def count(name: str) -> None:
        product = getattr(packing, name)

        def counted(*args: Any) -> torch.Tensor:
            calls.append(1)
            found: torch.Tensor = product(*args)
            return found

        monkeypatch.setattr(packing, name, counted)

    for name in ("_compiled_product", "_onednn_product"):
        count(name)
    return calls


def test_every_linear_layer_is_multiplied_with_its_packed_weight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = read("Llama", tmp_path)
    calls = used(model, monkeypatch)
    model.start(CONTEXTS[:1])
    assert len(calls) == 3 * 7 + 1  # layers x (q, k, v, o, gate, up, down), output


@pytest.mark.parametrize("edit", ["in place", "behind autograd", "replaced", "loaded"])
def test_changed_weights_are_packed_again(edit: str, tmp_path: Path) -> None:
    model = read("Llama", tmp_path)
    before = model.start(CONTEXTS).logits
    weight = model.module.model.layers[1].mlp.up_proj.weight
    change = torch.linspace(-1, 1, weight.shape[1])  # sums to zero
    with torch.no_grad():
        if edit == "in place":
            weight += change
        elif edit == "behind autograd":
            weight.data.add_(change)
        elif edit == "replaced":
            weight.data = weight.data + change
        else:
            state = {name: value.clone() for name, value in model.module.state_dict().items()}
            state["model.layers.1.mlp.up_proj.weight"] += change
            model.module.load_state_dict(state)
    after = model.start(CONTEXTS).logits
    assert (after - before).abs().max() > 1e-2
    torch.testing.assert_close(after[0], plain(model, CONTEXTS[0]), rtol=1e-4, atol=1e-4)


def test_the_model_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = read("Llama", tmp_path)
    calls = used(model, monkeypatch)
    model.start(CONTEXTS)
    assert not [name for name, layer in model.module.named_modules() if "forward" in vars(layer)]
    seen = len(calls)
    loss = copy.deepcopy(model.module)(torch.tensor([[3, 4]]), labels=torch.tensor([[3, 4]])).loss
    loss.backward()
    assert len(calls) == seen, "gradients go through the plain layers"


@pytest.mark.parametrize(("name", "value"), [("_FEWEST", 10**9), ("_MOST", 10)])
def test_models_that_gain_nothing_or_do_not_fit_twice_are_left_alone(
    name: str, value: int, layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (layout, name) == ("compiled", "_FEWEST"):
        pytest.skip("small models gain from compiled products")
    monkeypatch.setattr(packing, name, value)
    model = read("Llama", tmp_path)
    calls = used(model, monkeypatch)
    model.start(CONTEXTS)
    assert not calls
