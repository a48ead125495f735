"""Tokens are drawn with the probabilities that the settings ask for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from morl_envs.lm import sampling
from morl_envs.lm.sampling import draw, uniforms

DRAWS = 20_000


def expected_probabilities(
    logits: torch.Tensor, temperature: float, top_k: int | None, top_p: float | None
) -> torch.Tensor:
    """The textbook definition, one logit vector at a time, in plain Python."""
    p = (logits.double() / temperature).softmax(-1)
    order = sorted(range(len(p)), key=lambda i: -p[i])
    if top_k is not None:
        order = order[:top_k]
        p = torch.tensor([float(p[i]) if i in order else 0.0 for i in range(len(p))]).double()
        p = p / p.sum()
    if top_p is not None:
        kept, mass = [], 0.0
        for i in order:
            kept.append(i)
            mass += float(p[i])
            if mass >= top_p:
                break
        p = torch.tensor([float(p[i]) if i in kept else 0.0 for i in range(len(p))]).double()
    return p / p.sum()


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [(1.0, None, None), (0.5, None, None), (1.0, 4, None), (1.3, None, 0.7), (1.0, 6, 0.8)],
)
def test_frequencies_pass_a_chi_square_test(temperature: float, top_k: int | None, top_p: float | None) -> None:
    logits = torch.tensor([0.3, -1.0, 2.0, 0.0, 1.1, -3.0, 0.7, 0.2, -0.4, 1.6])
    u = torch.from_numpy(uniforms(0, DRAWS))
    drawn = draw(logits.expand(DRAWS, -1), u, temperature, top_k, top_p)
    counts = np.bincount(drawn.numpy(), minlength=10)
    expected = expected_probabilities(logits, temperature, top_k, top_p).numpy()
    assert (counts[expected == 0] == 0).all()
    assert chisquare(counts[expected > 0], DRAWS * expected[expected > 0]).pvalue > 1e-3


@given(st.lists(st.floats(-60, 60), min_size=1, max_size=30), st.floats(0, 1, exclude_max=True))
@settings(max_examples=200, deadline=None)
def test_a_token_without_probability_is_never_drawn(values: list[float], u: float) -> None:
    logits = torch.tensor([values])
    token = int(draw(logits, torch.tensor([u], dtype=torch.float64), 1.0))
    assert logits.softmax(-1)[0, token] > 0


def test_greedy_takes_the_first_of_equals() -> None:
    assert draw(torch.tensor([[1.0, 5.0, 5.0]]), torch.zeros(1), 0).tolist() == [1]


def test_random_numbers_depend_on_the_seed_alone() -> None:
    np.random.seed(0)
    before = np.random.get_state()[1].copy()  # type: ignore[index]
    assert (uniforms(3, 5) == uniforms(3, 9)[:5]).all()
    assert (uniforms(3, 5) != uniforms(4, 5)).any()
    assert (np.random.get_state()[1] == before).all()  # type: ignore[index]


@given(st.integers(1, 1_200), st.integers(1, 6), st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_large_vocabularies_are_inverted_as_small_ones_are(size: int, rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=4.0, size=(rows, size))
    logits[:, rng.random(size) < 0.3] = -np.inf
    logits[:, rng.integers(size)] = 1.0
    u = rng.random(rows)
    drawn = draw(torch.from_numpy(logits), torch.from_numpy(u), 1.0).numpy()
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    below = np.cumsum(p, axis=1)[np.arange(rows), drawn] - p[np.arange(rows), drawn]
    assert (p[np.arange(rows), drawn] > 0).all()
    assert ((below <= u + 1e-5) & (u <= below + p[np.arange(rows), drawn] + 1e-5)).all()


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_rows_are_drawn_alike_however_many_there_are(temperature: float, monkeypatch: pytest.MonkeyPatch) -> None:
    logits = torch.randn((7, 1_000), generator=torch.Generator().manual_seed(0))
    u = torch.from_numpy(uniforms(1, 7))
    whole = draw(logits, u, temperature)
    monkeypatch.setattr(sampling, "_CHUNK", {"cpu": 2_500})
    assert draw(logits, u, temperature).tolist() == whole.tolist()


@pytest.mark.parametrize("spread", [0.2, 3.0])
def test_the_likeliest_of_a_large_vocabulary_are_found_without_sorting_it(
    spread: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = spread * torch.randn((200, 5_000), generator=generator)  # flat: thousands of tokens; steep: a few
    u = torch.from_numpy(uniforms(1, 200))
    drawn = draw(logits, u, 1.0, top_p=0.9)
    monkeypatch.setattr(sampling, "_FEW", 5_000)
    assert (drawn == draw(logits, u, 1.0, top_p=0.9)).float().mean() > 0.98, "but for sums in another order"
