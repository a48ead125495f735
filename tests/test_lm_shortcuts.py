"""Which modules of a model are computed faster while it decodes, and that it is left as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM
from transformers.models.llama import modeling_llama

from morl_envs.lm.kernels import kernels
from morl_envs.lm.model import CausalModel
from tests.architectures import save_model

pytestmark = pytest.mark.skipif(kernels() is None, reason="no compiler for C++")


def read(folder: Path, architecture: str, **sizes: Any) -> CausalModel:
    return CausalModel(AutoModelForCausalLM.from_pretrained(save_model(architecture, folder, **sizes)))


def taken(model: CausalModel) -> set[str]:
    return {type(layer).__name__ for layer in model._shortcuts._others}


def test_norms_gates_and_rotations_of_a_llama_are_compiled(tmp_path: Path) -> None:
    model = read(tmp_path, "Llama")
    assert taken(model) == {"LlamaRMSNorm", "LlamaMLP"}
    assert list(model._shortcuts._rotary) == [modeling_llama.__name__]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_norms_that_add_one_and_other_activations_are_computed_as_they_are(dtype: torch.dtype, tmp_path: Path) -> None:
    module = AutoModelForCausalLM.from_pretrained(save_model("Gemma", tmp_path), dtype=dtype)
    with torch.no_grad():
        for parameter in module.model.layers.parameters():
            parameter.mul_(1e-3)  # so that GELU and SiLU give nearly the same
    assert not taken(CausalModel(module))


def test_modules_are_left_as_they_were(tmp_path: Path) -> None:
    rotary = modeling_llama.apply_rotary_pos_emb
    model = read(tmp_path, "Llama")
    with torch.inference_mode(), model.shortcuts():
        assert modeling_llama.apply_rotary_pos_emb is not rotary
        with pytest.raises(ZeroDivisionError), model.shortcuts():
            raise ZeroDivisionError
        nested = read(tmp_path, "Llama")
        assert nested._shortcuts._rotary[modeling_llama.__name__] is rotary
    assert modeling_llama.apply_rotary_pos_emb is rotary
    assert not [name for name, layer in model.module.named_modules() if "forward" in vars(layer)]
    with model.shortcuts():
        assert modeling_llama.apply_rotary_pos_emb is rotary, "gradients go through the plain functions"


def test_a_rotation_that_takes_something_else_is_called_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotary = modeling_llama.apply_rotary_pos_emb

    def strange(q: torch.Tensor, k: torch.Tensor, *angles: torch.Tensor) -> Any:
        if q.shape[1] != 4:
            raise ValueError("four heads are wanted")
        return rotary(q, k, *angles)

    monkeypatch.setattr(modeling_llama, "apply_rotary_pos_emb", strange)
    assert not read(tmp_path, "Llama")._shortcuts._rotary


def test_modules_whose_forward_is_somebody_else_s_are_left_to_them(tmp_path: Path) -> None:
    module = AutoModelForCausalLM.from_pretrained(save_model("Llama", tmp_path))
    calls: list[str] = []
    layer = module.model.layers[1]
    for part in (layer.input_layernorm, layer.mlp, layer.self_attn.q_proj):
        plain = part.forward

        def hooked(x: torch.Tensor, plain: Any = plain, name: str = type(part).__name__) -> torch.Tensor:
            calls.append(name)
            found: torch.Tensor = plain(x)
            return found

        part.forward = hooked
    model = CausalModel(module)
    decoding = model.start([[3, 4, 5]], max_new_tokens=20)
    calls.clear()
    for _ in range(12):
        decoding.step([8])
    assert calls == 12 * ["LlamaRMSNorm", "Linear", "LlamaMLP"], "of no step that is replayed"
    assert all("forward" in vars(part) for part in (layer.input_layernorm, layer.mlp, layer.self_attn.q_proj))
