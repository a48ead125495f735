"""Compiled kernels give what torch gives, leave to torch what they do not cover, and are not needed."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from morl_envs.lm import kernels as package
from morl_envs.lm.kernels import build, kernels
from morl_envs.lm.sampling import _draw
from tests.architectures import ARCHITECTURES, save_model

DTYPES = [torch.float32, torch.bfloat16]
found = kernels()
needs_kernels = pytest.mark.skipif(found is None, reason="no compiler for C++")
compiled: Any = found


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def assert_near(result: torch.Tensor | None, expected: torch.Tensor, dtype: torch.dtype, times: float = 4) -> None:
    assert result is not None
    assert result.dtype == dtype
    gap = (result.double() - expected.double()).abs().max() / expected.double().abs().max()
    assert gap <= times * torch.finfo(dtype).eps


@needs_kernels
@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(DTYPES),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 9),
    st.sampled_from([16, 32, 64, 96, 128]),
    st.integers(1, 70),
    st.integers(1, 5),
    st.integers(0, 2**20),
)
def test_attention(
    dtype: torch.dtype, rows: int, key_heads: int, group: int, width: int, slots: int, queries: int, seed: int
) -> None:
    query = numbers(rows, key_heads * group, queries, width, seed=seed, dtype=dtype)
    key = numbers(rows, key_heads, slots, width, seed=seed + 1, dtype=dtype)
    value = numbers(rows, key_heads, slots, width, seed=seed + 2, dtype=dtype)
    seen = torch.rand((rows, 1, queries, slots), generator=torch.Generator().manual_seed(seed)) < 0.6
    seen[..., seed % slots] = True
    mask = torch.where(seen, 0.0, torch.finfo(dtype).min).to(dtype)
    wide = [part.double().repeat_interleave(group, dim=1) for part in (key, value)]
    for given_mask in (mask, mask[:1], None):
        allowed = torch.ones_like(seen) if given_mask is None else (given_mask == 0).expand_as(seen)
        expected = functional.scaled_dot_product_attention(
            query.double(), wide[0], wide[1], attn_mask=allowed, scale=0.3
        )
        assert_near(compiled.attend(query, key, value, given_mask, 0.3), expected.transpose(1, 2), dtype, 8)


@needs_kernels
@pytest.mark.parametrize("dtype", DTYPES)
def test_attention_reads_views_of_memory(dtype: torch.dtype) -> None:
    """Keys token by token, a part of the slots, a part of a mask: as transformers hands them over."""
    query = numbers(2, 3, 4, 32, dtype=dtype).transpose(1, 2)  # heads 4, queries 3
    store = numbers(2, 9, 2, 32, seed=1, dtype=dtype).transpose(1, 2)
    mask = torch.where(torch.arange(9) <= torch.arange(3)[:, None] + 2, 0.0, torch.finfo(dtype).min).to(dtype)
    mask = mask[None, None, :, :6]
    wide = store[:, :, :6].double().repeat_interleave(2, dim=1)
    expected = functional.scaled_dot_product_attention(query.double(), wide, wide, attn_mask=mask == 0, scale=1.0)
    parts = store[:, :, :6]
    assert_near(compiled.attend(query, parts, parts, mask, 1.0), expected.transpose(1, 2), dtype, 8)


@needs_kernels
@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(DTYPES),
    st.integers(1, 300),
    st.integers(1, 9),
    st.integers(1, 40),
    st.booleans(),
    st.integers(0, 99),
)
def test_products(dtype: torch.dtype, rows: int, blocks: int, half: int, biased: bool, seed: int) -> None:
    matrix = numbers(16 * blocks, 2 * half, seed=seed, dtype=dtype)
    x = numbers(rows, 2 * half, seed=seed + 1, dtype=dtype)
    bias = numbers(16 * blocks, seed=seed + 2, dtype=dtype) if biased else None
    packed = compiled.pack(matrix)
    if packed is None:
        pytest.skip("this processor has no AVX-512")
    result = compiled.product(x, packed, bias)
    expected = functional.linear(x.double(), matrix.double(), None if bias is None else bias.double())
    assert_near(result, expected, dtype)
    some = rows // 2
    assert torch.equal(result[some], compiled.product(x[some : some + 1], packed, bias)[0]), "rows must not matter"


@needs_kernels
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [1, 5, 200])
def test_norms_gates_and_rotations(dtype: torch.dtype, rows: int) -> None:
    x, weight = numbers(rows, 2, 64, dtype=dtype), numbers(64, seed=1, dtype=dtype)
    assert_near(
        compiled.rms_norm(x, weight, 1e-5), functional.rms_norm(x.double(), (64,), weight.double(), 1e-5), dtype
    )
    up = numbers(rows, 2, 64, seed=2, dtype=dtype)
    expected = functional.silu(x.double()) * up.double()
    assert_near(compiled.gate(x.clone(), up), expected, dtype)
    q = numbers(rows, 3, 4, 64, seed=3, dtype=dtype).transpose(1, 2)  # heads 4, tokens 3
    cos, sin = numbers(rows, 3, 64, seed=4, dtype=dtype), numbers(rows, 3, 64, seed=5, dtype=dtype)
    wide = q.double()
    half = torch.cat([-wide[..., 32:], wide[..., :32]], dim=-1)
    expected = wide * cos[:, None].double() + half * sin[:, None].double()
    assert_near(compiled.rotate(q, cos, sin), expected, dtype)


@needs_kernels
@pytest.mark.parametrize("extreme", [-1e4, -200.0, -80.0, 0.0, 80.0, 200.0, 1e4])
def test_a_gate_of_extreme_numbers_is_finite(extreme: float) -> None:
    gate = torch.full((16,), extreme)
    assert_near(compiled.gate(gate.clone(), torch.ones(16)) + 1, functional.silu(gate) + 1, torch.float32)


@needs_kernels
@pytest.mark.parametrize("dtype", DTYPES)
def test_keys_go_to_their_slots(dtype: torch.dtype) -> None:
    keys, values = numbers(3, 2, 7, 5, dtype=dtype), numbers(3, 2, 7, 5, seed=1, dtype=dtype)
    key, value = numbers(3, 1, 2, 5, seed=2, dtype=dtype).transpose(1, 2), numbers(3, 2, 1, 5, seed=3, dtype=dtype)
    slots = torch.tensor([6, 0, 3])
    expected = keys.clone(), values.clone()
    for store, fresh in zip(expected, (key, value), strict=True):
        store[torch.arange(3), :, slots] = fresh[:, :, 0]
    assert compiled.put(key, value, keys, values, slots)
    assert torch.equal(keys, expected[0])
    assert torch.equal(values, expected[1])


@needs_kernels
@settings(deadline=None, max_examples=40)
@given(st.sampled_from(DTYPES), st.integers(1, 70), st.sampled_from([0.3, 1.0, 2.5]), st.integers(0, 2**20))
def test_draws_invert_the_cumulative_distribution(
    dtype: torch.dtype, vectors: int, temperature: float, seed: int
) -> None:
    logits = 3 * numbers(20, 16 * vectors, seed=seed, dtype=dtype)
    u = torch.rand(20, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    tokens = compiled.draw(logits, u, temperature)
    cumulative = (logits.double() / temperature).softmax(-1).cumsum(-1)
    after = cumulative.gather(1, tokens[:, None])[:, 0]
    chance = (logits.double() / temperature).softmax(-1).gather(1, tokens[:, None])[:, 0]
    assert (after - chance - 1e-6 <= u).all()
    assert (u <= after + 1e-6).all()
    same = tokens == _draw(logits, u, temperature, None, None)
    assert same.double().mean() >= 0.9, "only a number at a token's very edge may fall to its neighbour"


@needs_kernels
@pytest.mark.parametrize("u", [0.0, 0.5, 1 - 2**-53])
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_has_no_probability_is_never_drawn(dtype: torch.dtype, u: float) -> None:
    logits = torch.full((1, 1040), -torch.inf, dtype=dtype)
    logits[0, 700] = 1.0
    assert compiled.draw(logits, torch.tensor([u], dtype=torch.float64), 1.0).tolist() == [700]


@needs_kernels
def test_what_is_not_covered_is_left_to_torch(caplog: pytest.LogCaptureFixture) -> None:
    package._left_to_torch.cache_clear()
    half = torch.ones(1, 1, 4, 80)
    with caplog.at_level(logging.DEBUG, logger="morl_envs"):
        assert compiled.attend(half, half, half, None, 1.0) is None
        assert compiled.pack(torch.ones(17, 4)) is None
        assert (
            compiled.rms_norm(torch.ones(2, 16, dtype=torch.float16), torch.ones(16, dtype=torch.float16), 1.0) is None
        )
    assert "no compiled attention for heads 80 wide" in caplog.text
    assert "no compiled rms_norm for torch.float16" in caplog.text
    weight = torch.ones(16, requires_grad=True)
    assert compiled.rms_norm(torch.ones(2, 16), weight, 1.0) is None, "gradients have to flow"


@pytest.fixture
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MORL_ENVS_CACHE", str(tmp_path))
    yield tmp_path


@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_without_a_compiler_there_are_none(
    compiler: str, fresh_cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CXX", compiler)
    monkeypatch.setattr(build.shutil, "which", lambda name: f"/bin/{name}" if name == "false" else None)
    with caplog.at_level(logging.DEBUG, logger="morl_envs"):
        assert build.library() is None
    assert "no compiled kernels" in caplog.text


@needs_kernels
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("1.44269504f", "1.40f"),
        ("a * load(sine + at + width / 2 + i)", "b * load(sine + at + width / 2 + i)"),
        ("memcpy(values + to, value", "memcpy(values + to, key"),
    ],
    ids=["exponential", "rotation", "values"],
)
def test_kernels_that_err_are_not_used(
    right: str,
    wrong: str,
    tmp_path: Path,
    fresh_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = build._SOURCE.read_text()
    assert right in text
    (tmp_path / "wrong.cpp").write_text(text.replace(right, wrong))
    monkeypatch.setattr(build, "_SOURCE", tmp_path / "wrong.cpp")
    assert kernels.__wrapped__() is None
    assert "left out: they differ from torch" in caplog.text


@needs_kernels
def test_processes_that_begin_together_compile_once(fresh_cache: Path) -> None:
    """Each of them gets a whole library, whoever has compiled it."""
    code = "from morl_envs.lm.kernels import kernels; assert kernels() is not None"
    started = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait() for process in started] == [0, 0, 0]
    assert len(list((fresh_cache / "kernels").glob("*.so"))) == 1


@needs_kernels
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_models_decode_alike_with_and_without(
    architecture: str, dtype: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForCausalLM

    from morl_envs.lm import attention, cache, packing, shortcuts
    from morl_envs.lm.model import CausalModel

    folder = save_model(architecture, tmp_path)

    def logits() -> torch.Tensor:
        decoding = CausalModel(AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)).start([[3, 4, 5], [3, 9]])
        decoding.step([8, 10])
        return decoding.logits

    with_kernels = logits()
    for user in (attention, cache, packing, shortcuts):
        monkeypatch.setattr(user, "kernels", lambda: None)
    without = logits()
    gap = float((with_kernels - without).norm() / without.norm())
    assert gap < (1e-5 if dtype == torch.float32 else 0.1)


def test_nothing_is_compiled_for_tensors_on_another_device(monkeypatch: pytest.MonkeyPatch) -> None:
    from morl_envs.lm import attention, cache, sampling

    def compiled_now() -> None:
        raise AssertionError("a compiler was called")

    for user in (attention, cache, sampling):
        monkeypatch.setattr(user, "kernels", compiled_now)
    elsewhere = torch.device("meta")
    u = torch.empty(2, dtype=torch.float64, device=elsewhere)
    assert sampling.draw(torch.empty(2, 64, device=elsewhere), u, 1.0).shape == (2,)
    states = torch.empty(2, 3, 1, 32, device=elsewhere)
    held = cache.RaggedCache(1, 2, 8)
    held.begin_step(torch.arange(2), torch.arange(2))
    keys, values = held.update(states, states, 0)
    mixed, _ = attention._attend(torch.nn.Module(), states, keys, values, None)
    assert mixed.shape == (2, 1, 3, 32)
