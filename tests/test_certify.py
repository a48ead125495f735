"""Certificates: known answers on rewards made for it, the dial's over its range, and a tiny model's from end to end."""

from __future__ import annotations

import json
import random
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm, spearmanr

from morl_envs import registry
from morl_envs.errors import InvalidParameter
from morl_envs.evaluation import certify as module
from morl_envs.evaluation.certify import Certificate, certify
from morl_envs.metrics import relationships

CERTIFICATES = Path(__file__).parent.parent / "docs" / "environments" / "certificates"
SMALL = {"n_prompts": 4, "n_samples": 6}


def gaussian(correlation: float, n_prompts: int = 40, n_samples: int = 400, seed: int = 0) -> NDArray[np.float64]:
    """Two objectives of unit variance and known correlation within prompts, around means that differ by prompt."""
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, n_prompts, n_samples))
    levels = 5 * rng.standard_normal((n_prompts, 1, 2))
    return np.stack([a, correlation * a + np.sqrt(1 - correlation**2) * b], axis=2) + levels


@pytest.mark.parametrize("correlation", [-0.7, 0.0, 0.5])
def test_correlation_and_transfer_of_gaussians_are_what_theory_says(correlation: float) -> None:
    rewards = gaussian(correlation)
    assert relationships.within_prompt_correlation(rewards)[0, 1] == pytest.approx(correlation, abs=0.03)
    # a tilt of a Gaussian moves its mean along the covariance
    assert relationships.transfer_matrix(rewards, 0.1)[0, 1] == pytest.approx(correlation, abs=0.05)


@pytest.mark.parametrize("kl", [0.02, 0.1, 0.3])
def test_a_gaussian_moves_by_the_root_of_twice_the_divergence(kl: float) -> None:
    rewards = gaussian(0.3, n_samples=4000)
    gain = relationships.tilted_means(rewards, [1, 0], kl) - rewards.mean(axis=(0, 1))
    assert gain[0] == pytest.approx(np.sqrt(2 * kl), rel=0.05)


def test_pooling_prompts_would_have_the_wrong_sign() -> None:
    rewards = gaussian(-0.7)
    levels = np.linspace(-20, 20, len(rewards))[:, None]
    rewards = rewards + levels[:, :, None]  # prompts that are good for one objective are good for the other
    assert np.corrcoef(rewards.reshape(-1, 2).T)[0, 1] > 0.8
    assert relationships.within_prompt_correlation(rewards)[0, 1] == pytest.approx(-0.7, abs=0.03)


def test_a_flat_objective_has_no_correlation_and_no_transfer() -> None:
    rewards = gaussian(0.0)
    rewards[:, :, 1] = 0.1  # has no exact mean
    for matrix in (relationships.within_prompt_correlation(rewards), relationships.transfer_matrix(rewards)):
        assert np.isnan(matrix[1]).all() and np.isnan(matrix[0, 1])
        assert matrix[0, 0] == pytest.approx(1)
    assert module._matrix(relationships.transfer_matrix(rewards))[1] == [None, None]


def test_the_front_of_equal_objectives_gives_nothing_up_and_of_opposite_ones_all() -> None:
    rewards = gaussian(0.0)
    same, opposite = rewards.copy(), rewards.copy()
    same[:, :, 1], opposite[:, :, 1] = rewards[:, :, 0], -rewards[:, :, 0]
    assert relationships.normalised_hypervolume(same) == pytest.approx(1)
    assert relationships.normalised_hypervolume(opposite) == pytest.approx(0, abs=1e-6)
    # mean moves of a Gaussian fill a disc
    assert relationships.normalised_hypervolume(rewards, 0.1) == pytest.approx(np.pi / 4, abs=0.08)


def test_cosines_are_those_of_the_gradients_and_unbiased_by_noise() -> None:
    rng = np.random.default_rng(0)
    signal = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0]])  # cosine 0.6
    noisy = [
        np.concatenate([signal, np.zeros((2, 297))], axis=1) + 0.05 * np.repeat(rng.standard_normal((1, 300)), 2, 0)
        for _ in range(8)
    ]  # noise that both objectives share, and that products within a group would take for agreement
    products = np.array([[a @ b.T for b in noisy] for a in noisy])
    found = module._cosines(products, np.arange(8))
    assert found[0, 1] == pytest.approx(0.6, abs=0.1) and found[0, 0] == pytest.approx(1)
    within = np.mean([products[i, i] for i in range(8)], axis=0)
    assert within[0, 1] / np.sqrt(within[0, 0] * within[1, 1]) > 0.75


def test_labels_follow_the_interval() -> None:
    def interval(low: float, high: float) -> Any:
        square = lambda x: [[1.0, x], [x, 1.0]]  # noqa: E731
        return module.Interval(value=square((low + high) / 2), low=square(low), high=square(high))

    expected = {(-0.5, -0.2): "conflicting", (0.2, 0.4): "complementary", (-0.1, 0.1): "independent"}
    for ends, label in {**expected, (-0.2, 0.05): "unsettled"}.items():
        assert module._labels(("a", "b"), interval(*ends)) == {"a, b": label}
    missing = module.Interval(value=[[1.0, None], [None, None]], low=[[None] * 2] * 2, high=[[None] * 2] * 2)
    assert module._labels(("a", "b"), missing) == {"a, b": "unsettled"}


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    covered = 0
    for seed in range(40):
        rewards = gaussian(0.4, n_prompts=30, n_samples=16, seed=seed)
        found = module._with_interval(
            lambda drawn, r=rewards: relationships.within_prompt_correlation(r[drawn]), 30, n_resamples=200
        )
        low, high = found.low[0][1], found.high[0][1]
        assert low is not None and high is not None
        covered += low <= 0.4 <= high
    assert norm.ppf(0.001) < (covered - 0.92 * 40) / np.sqrt(40 * 0.92 * 0.08)


def test_the_measured_relationship_of_dial_follows_its_dial() -> None:
    settings = np.linspace(-1, 1, 9)
    found = [certify("dial", correlation=float(c), n_prompts=8, n_samples=64) for c in settings]
    for matrix in ("correlation", "transfer"):
        measured = [getattr(certificate, matrix).value[0][1] for certificate in found]
        assert spearmanr(settings, measured).statistic >= 0.99, matrix
    measured = [certificate.correlation.value[0][1] for certificate in found]
    np.testing.assert_allclose(measured, settings, atol=0.15)
    volumes = [certificate.hypervolume for certificate in found]
    assert spearmanr(settings, volumes).statistic >= 0.99
    labels = [certificate.labels["first, second"] for certificate in found]
    assert labels[:3] == ["conflicting"] * 3 and labels[-3:] == ["complementary"] * 3


def test_what_is_sampled_from_dial_has_its_exact_moments() -> None:
    import gymnasium

    env: Any = gymnasium.make("morl/dial-token-v0", n_objectives=3, relationship="independent").unwrapped
    exact = env.evaluate_policy(env.mdp.prior[env.mdp.rows])
    found = certify("dial", n_objectives=3, relationship="independent", n_prompts=32, n_samples=64)
    spread = np.sqrt(np.diag(exact.covariance))
    np.testing.assert_allclose(found.mean, exact.expected_return, atol=5 * spread.max() / np.sqrt(2048))
    np.testing.assert_allclose(found.spread, spread, rtol=0.1)
    np.testing.assert_allclose(np.array(found.correlation.value), env.mdp.measured_correlation, atol=0.1)
    assert found.lm is None and found.gradient_cosine is None
    assert found.env_kwargs == {"n_objectives": 3, "relationship": "independent"}


@pytest.fixture(scope="module")
def certificate(tiny_lm: str) -> Certificate:
    return certify("review", lm=tiny_lm, dtype="float32", max_new_tokens=12, **SMALL)


def test_a_tiny_model_is_certified_from_end_to_end(certificate: Certificate, tiny_lm: str) -> None:
    assert certificate.lm == tiny_lm and certificate.env_kwargs == {"dtype": "float32", "max_new_tokens": 12}
    assert certificate.objectives == ("positivity", "specificity", "brevity")
    assert certificate.versions.keys() >= {"positivity", "specificity", "brevity", "torch", "morl-envs"}
    assert list(certificate.labels) == ["positivity, specificity", "positivity, brevity", "specificity, brevity"]
    assert certificate.gradient_cosine is not None
    for interval in (certificate.correlation, certificate.gradient_cosine, certificate.transfer):
        value, low, high = (np.array(x, dtype=float) for x in (interval.value, interval.low, interval.high))
        assert value.shape == (3, 3) and (np.abs(value[np.isfinite(value)]) < 10).all()
        bounded = np.isfinite(low)
        assert (low[bounded] <= value[bounded] + 1e-9).all() and (value[bounded] <= high[bounded] + 1e-9).all()
    assert certificate.correlation.value[2][2] == pytest.approx(1)  # the length varies
    for low, mean, high in zip(certificate.low, certificate.mean, certificate.high, strict=True):
        assert 0 <= low <= mean <= high <= 1


def test_the_same_seed_gives_the_same_certificate_and_another_another(certificate: Certificate, tiny_lm: str) -> None:
    before = random.getstate(), str(np.random.get_state())
    kwargs: dict[str, Any] = {"lm": tiny_lm, "dtype": "float32", "max_new_tokens": 12, **SMALL}
    assert certify("review", **kwargs) == certificate
    assert certify("review", seed=1, **kwargs).mean != certificate.mean
    assert (random.getstate(), str(np.random.get_state())) == before


def test_progress_ends_at_the_total(tiny_lm: str) -> None:
    seen: list[tuple[int, int]] = []
    kwargs: dict[str, Any] = {"lm": tiny_lm, "dtype": "float32", "max_new_tokens": 4, **SMALL}
    certify("review", on_progress=lambda *at: seen.append(at), **kwargs)
    done = [at for at, _ in seen]
    assert done == sorted(done) and len(set(done)) == len(done)
    assert {total for _, total in seen} == {48} and seen[-1] == (48, 48)


@pytest.mark.parametrize(
    ("task", "bad", "message"),
    [
        ("dail", {}, "task must be one of .*did you mean 'dial'"),
        ("dial", {"n_prompts": 1}, r"n_prompts must be an integer in \[2, \d+\], got 1"),
        ("dial", {"n_prompts": 10**6}, r"n_prompts must be an integer in \[2, \d+\], got 1000000"),
        ("dial", {"n_samples": 1}, "n_samples must be an integer of at least 2, got 1"),
        ("dial", {"kl": 0}, "kl must be finite and more than 0, got 0"),
        ("dial", {"kl": float("nan")}, "kl must be finite and more than 0, got nan"),
        ("dial", {"seed": -1}, "seed must be an integer of at least 0, got -1"),
        ("dial", {"correlation": 3}, "correlation must be in"),
        ("review", {"lm": "nosuch"}, "lm must be one of .*got 'nosuch'"),
    ],
)
def test_bad_arguments_are_named(task: str, bad: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        certify(task, **bad)


def test_a_certificate_survives_its_file_and_others_are_refused(certificate: Certificate, tmp_path: Path) -> None:
    path = tmp_path / "new" / "review.json"
    certificate.save(path)
    assert Certificate.load(path) == certificate
    assert [entry.name for entry in path.parent.iterdir()] == ["review.json"]
    held = json.loads(path.read_text())
    for broken in ("{", json.dumps({**held, "extra": 1}), json.dumps({**held, "schema_version": 2})):
        path.write_text(broken)
        with pytest.raises(InvalidParameter, match=r"path must be a certificate .*review\.json"):
            Certificate.load(path)


@pytest.mark.parametrize("path", sorted(CERTIFICATES.glob("*.json")), ids=lambda path: path.stem)
def test_returns_are_normalised_by_what_the_base_model_earns(path: Path) -> None:
    found = Certificate.load(path)
    protocol = registry.row(found.task).protocol
    if found.lm == "embedded":  # dial has exact ends
        assert protocol.nadir == tuple(floor(100 * value + 1e-9) / 100 for value in found.low)
        assert protocol.ideal == tuple(ceil(100 * value - 1e-9) / 100 for value in found.high)
