"""Indicators against references, intervals that cover, selection that is honest, aggregates, and guards of texts."""

from __future__ import annotations

from itertools import product
from typing import Any

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from morl_envs.errors import InvalidParameter
from morl_envs.metrics import (
    cardinality,
    distinct_n,
    dominates,
    esr,
    expected_utility,
    hypervolume,
    igd_plus,
    interquartile_mean,
    kl_divergence,
    maximum_utility_loss,
    non_dominated,
    probability_of_improvement,
    ser,
    simplex_lattice,
)
from morl_envs.metrics.intervals import percentiles, resampled_means, resampled_runs
from morl_envs.metrics.selection import split_score, split_utilities
from morl_envs.metrics.texts import mean_words

SETS = st.integers(1, 8).flatmap(lambda n: arrays(np.float64, (n, 3), elements=st.floats(0, 2, width=32)))
GRID = simplex_lattice(3, 3)


@given(SETS, SETS)
def test_dominance_of_sets_is_every_point_beaten_by_somebody(a: Any, b: Any) -> None:
    beaten = [any((p >= q).all() and (p > q).any() for p in a) for q in b]
    assert dominates(a, b) == all(beaten)
    assert not dominates(a, a)  # a front never dominates itself


@given(SETS, st.integers(0, 2), st.floats(0, 1, width=32))
def test_improving_a_point_improves_every_indicator(points: Any, objective: int, gain: float) -> None:
    reference = np.array([[2.0, 1.0, 0.5], [0.5, 2.0, 1.0]])
    better = points.copy()
    better[0, objective] += gain
    assert igd_plus(better, reference) <= igd_plus(points, reference) + 1e-12
    assert maximum_utility_loss(better, reference, GRID) <= maximum_utility_loss(points, reference, GRID) + 1e-12
    assert expected_utility(better, GRID) >= expected_utility(points, GRID) - 1e-12


@given(SETS, st.randoms(use_true_random=False))
def test_order_and_duplicates_change_no_indicator(points: Any, random: Any) -> None:
    order = random.sample(range(len(points)), len(points))
    again = np.concatenate([points[order], points[:1]])
    reference = np.array([[2.0, 1.0, 0.5], [0.5, 2.0, 1.0]])
    assert igd_plus(again, reference) == pytest.approx(igd_plus(points, reference), abs=1e-12)
    assert maximum_utility_loss(again, reference, GRID) == maximum_utility_loss(points, reference, GRID)
    assert cardinality(again) == cardinality(points)


@given(SETS, SETS)
def test_igd_plus_is_the_mean_distance_to_what_is_undominated(points: Any, reference: Any) -> None:
    distances = np.linalg.norm(np.maximum(reference[:, None] - points[None], 0), axis=2).min(axis=1)
    assert igd_plus(points, reference) == pytest.approx(distances.mean(), abs=1e-9)


@given(SETS)
def test_hypervolume_and_dominance_agree_with_moocore(points: Any) -> None:
    ours = hypervolume(points, [-1, -1, -1])
    assert ours == pytest.approx(moocore.hypervolume(points, ref=[-1, -1, -1], maximise=True), rel=1e-12)
    kept = moocore.filter_dominated(points, maximise=True)
    assert cardinality(points) == len(np.unique(kept, axis=0))


@given(SETS, SETS)
def test_indicators_agree_with_morl_baselines(points: Any, reference: Any) -> None:
    theirs = pytest.importorskip("morl_baselines.common.performance_indicators")
    assert hypervolume(points, [-1] * 3) == pytest.approx(theirs.hypervolume(np.full(3, -1.0), list(points)))
    assert expected_utility(points, GRID) == pytest.approx(theirs.expected_utility(list(points), list(GRID)))
    loss = theirs.maximum_utility_loss(list(points), list(reference), list(GRID))
    assert maximum_utility_loss(points, reference, GRID) == pytest.approx(loss)


def test_maximum_utility_loss_of_known_sets() -> None:
    front = [[1.0, 0.0], [0.0, 1.0]]
    assert maximum_utility_loss([[0.25, 0.25]], front, [[1, 0], [0.5, 0.5]]) == 0.75
    assert maximum_utility_loss([[2, 2]], front, [[1, 0], [0.5, 0.5]]) == -1.0


def test_ser_and_esr_of_a_lottery() -> None:
    lottery = np.array([[4.0, 0.0], [0.0, 4.0]])
    geometric = lambda r: np.prod(np.maximum(r, 0) ** 0.5, axis=-1)  # noqa: E731
    assert ser(lottery, geometric) == pytest.approx(2) and esr(lottery, geometric) == 0
    assert ser(lottery, lambda r: r @ [0.25, 0.75]) == esr(lottery, lambda r: r @ [0.25, 0.75]) == 2


@given(arrays(np.float64, (6, 2), elements=st.floats(0, 4, width=32)))
def test_a_concave_utility_is_never_worth_more_by_episode(returns: Any) -> None:
    concave = lambda r: np.minimum(r[..., 0], r[..., 1])  # noqa: E731
    assert esr(returns, concave) <= ser(returns, concave) + 1e-12


def test_resampling_nests_prompts_in_seeds() -> None:
    values = np.arange(12.0).reshape(3, 4)
    drawn = resampled_means(values, n_resamples=4000)
    assert drawn.shape == (4000,) and drawn.min() >= 0 and drawn.max() <= 11
    # every draw is a mean of 12 of these numbers
    assert np.allclose(drawn * 12, np.rint(drawn * 12))
    between, within = np.var([1.5, 5.5, 9.5]) / 3, np.var(np.arange(4.0)) / 12
    assert drawn.var() == pytest.approx(between + within, rel=0.1)
    assert drawn.mean() == pytest.approx(5.5, abs=0.15)
    np.testing.assert_array_equal(drawn, resampled_means(values, n_resamples=4000))
    assert (drawn != resampled_means(values, n_resamples=4000, seed=1)).any()


def test_what_two_agents_earned_is_resampled_in_pairs() -> None:
    values = np.random.default_rng(0).normal(size=(3, 5, 2))
    np.testing.assert_allclose(resampled_means(values + 7.0), resampled_means(values) + 7.0)


def test_one_seed_has_no_interval() -> None:
    assert np.isnan(resampled_means(np.ones((1, 9, 2)))).all()


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """Ten seeds whose level differs, twenty prompts each; percentile intervals of ten units are somewhat too short."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(150):
        low, high = percentiles(resampled_means(rng.normal(size=(10, 1)) + rng.normal(size=(10, 20)), n_resamples=300))
        hits += bool(low <= 0 <= high)
    assert 0.85 <= hits / 150 <= 0.99


def test_choosing_and_scoring_on_the_same_episodes_flatters_and_halves_do_not() -> None:
    """Twenty policies, all worth exactly 0: their best by noise looks good where it was chosen, and only there."""
    rng = np.random.default_rng(1)
    flattered, honest = [], []
    for _ in range(200):
        halves = rng.normal(size=(2, 20, 1))
        flattered.append(halves.mean(axis=0).max())
        honest.append(split_score(halves[0], halves[1], lambda points: float(points.max())))
        np.testing.assert_allclose(split_utilities(halves[0], halves[1], [[1.0]]), honest[-1])  # one objective
    assert np.mean(flattered) > 1 and abs(np.mean(honest)) < 0.2


@given(st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=6), min_size=1, max_size=4), st.data())
def test_probability_of_improvement_counts_pairs(scores: list[list[float]], data: Any) -> None:
    others = [data.draw(st.lists(st.sampled_from([*task, 0.0, 9.0]), min_size=1, max_size=5)) for task in scores]
    pairs = [
        np.mean([1.0 if a > b else 0.5 if a == b else 0.0 for a, b in product(x, y)])
        for x, y in zip(scores, others, strict=True)
    ]
    found = probability_of_improvement(scores, others)
    assert found == pytest.approx(np.mean(pairs))
    assert probability_of_improvement(others, scores) == pytest.approx(1 - found)


def test_the_interquartile_mean_drops_a_quarter_at_each_end() -> None:
    assert interquartile_mean([[-100, 1], [2, 3], [4, 5], [6, 1000]]) == 3.5
    assert interquartile_mean([[7.0]]) == 7


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.randoms(use_true_random=False), st.data())
def test_the_interquartile_mean_knows_no_order_and_rises_with_any_score(
    scores: list[float], random: Any, data: Any
) -> None:
    found = interquartile_mean([scores])
    assert min(scores) - 1e-9 <= found <= max(scores) + 1e-9
    shuffled = random.sample(scores, len(scores))
    cut = data.draw(st.integers(0, len(scores)))
    assert interquartile_mean([shuffled[:cut], shuffled[cut:]] if 0 < cut < len(scores) else [shuffled]) == (
        pytest.approx(found)
    )
    at = data.draw(st.integers(0, len(scores) - 1))
    assert interquartile_mean([[s + (i == at) for i, s in enumerate(scores)]]) >= found - 1e-9


TEXTS = st.lists(st.lists(st.sampled_from("abcd"), max_size=6).map(" ".join), min_size=1, max_size=5)


@given(TEXTS, st.integers(1, 3), st.randoms(use_true_random=False))
def test_distinct_n_knows_no_order_and_falls_with_repetition(texts: list[str], n: int, random: Any) -> None:
    found = distinct_n(texts, n)
    assert np.isnan(found) or 0 < found <= 1
    assert distinct_n(random.sample(texts, len(texts)), n) == pytest.approx(found, nan_ok=True)
    assert distinct_n(texts * 2, n) == pytest.approx(found / 2, nan_ok=True)


def test_runs_are_redrawn_within_their_task() -> None:
    drawn = resampled_runs([[1.0, 2.0], [30.0]], n_resamples=50)
    assert {tuple(sorted(set(d[0]))) for d in drawn} == {(1.0,), (2.0,), (1.0, 2.0)}
    assert all(d[1].tolist() == [30.0] for d in drawn)


def test_distinct_n_and_length() -> None:
    assert distinct_n(["The cat", "the CAT sat"], 1) == 3 / 5
    assert distinct_n(["a b c", "a b d"], 2) == 3 / 4
    assert np.isnan(distinct_n(["a"], 2)) and np.isnan(distinct_n([], 1)) and np.isnan(mean_words([]))
    assert mean_words(["a b", "c", ""]) == 1.0


def test_the_divergence_estimate_is_that_of_the_distributions() -> None:
    rng = np.random.default_rng(0)
    p, q = np.array([0.7, 0.2, 0.1]), np.array([0.2, 0.2, 0.6])
    drawn = rng.choice(3, size=200_000, p=p)
    assert kl_divergence(np.log(p[drawn]), np.log(q[drawn])) == pytest.approx((p * np.log(p / q)).sum(), abs=0.01)
    assert kl_divergence([-1.0], [-np.inf]) == np.inf


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: percentiles([1.0, 2.0], level=1), r"level must be in \(0, 1\), got 1"),
        (lambda: resampled_means([1.0]), r"values must have shape \(seeds, prompts, ...\)"),
        (lambda: split_score([[1, 2]], [[1, 2], [3, 4]], np.max), "second must have the first half's shape"),
        (lambda: interquartile_mean([[np.nan]]), "scores must hold finite numbers"),
        (lambda: probability_of_improvement([[1]], []), "others must have as many tasks"),
        (lambda: distinct_n(["a"], 0), "n must be at least 1, got 0"),
        (lambda: kl_divergence([-1.0], [-1.0, -2.0]), "log_base must have shape"),
        (lambda: igd_plus([[1, 2]], [[1, 2, 3]]), r"reference must have shape \(r, 2\)"),
        (lambda: dominates([[1, 2]], [[1]]), r"others must have shape \(m, 2\)"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Any, named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        call()


def test_non_dominated_points_are_kept_whatever_their_number() -> None:
    assert non_dominated([[1, 1]]).tolist() == [True]
