"""Metrics: known answers, and properties that hold for every set of points."""

from __future__ import annotations

from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from morl_envs.errors import InvalidParameter
from morl_envs.metrics import expected_utility, hypervolume, non_dominated, simplex_lattice
from morl_envs.metrics.utility import checked_weights

COORDINATES = st.floats(-2, 2, width=32, allow_nan=False)


def point_sets(k: int | None = None) -> st.SearchStrategy[np.ndarray]:
    sizes = st.tuples(st.integers(1, 8), st.integers(2, 4) if k is None else st.just(k))
    return sizes.flatmap(lambda shape: arrays(np.float64, shape, elements=COORDINATES))


def area_by_cells(points: np.ndarray, reference: tuple[float, float]) -> float:
    """Two-dimensional hypervolume from the grid that the points' own coordinates span."""
    xs = sorted({reference[0], *(x for x in points[:, 0] if x > reference[0])})
    ys = sorted({reference[1], *(y for y in points[:, 1] if y > reference[1])})
    covered = 0.0
    for left, right in pairwise(xs):
        for low, high in pairwise(ys):
            if any(x >= right and y >= high for x, y in points):
                covered += (right - left) * (high - low)
    return covered


def dominates(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a >= b).all() and (a > b).any())


@pytest.mark.parametrize(
    ("points", "reference", "volume"),
    [
        ([[1, 2], [2, 1]], [0, 0], 3.0),
        ([[1, -1]], [0, 0], 0.0),
        ([[1, 2], [2, -3]], [0, 0], 2.0),
        ([[1, 1, 1]], [-1, -1, -1], 8.0),
        ([[2, 1, 1], [1, 2, 1], [1, 1, 2]], [0, 0, 0], 4.0),
        ([[0, 5]], [0, 0], 0.0),
    ],
)
def test_hypervolume_of_known_sets(points, reference, volume):
    assert hypervolume(points, reference) == pytest.approx(volume)


@given(point_sets(2))
def test_hypervolume_equals_the_area_counted_cell_by_cell(points):
    assert hypervolume(points, (-1.0, -0.5)) == pytest.approx(area_by_cells(points, (-1.0, -0.5)), abs=1e-9)


@given(point_sets(), st.data())
def test_hypervolume_grows_when_a_point_is_improved(points, data):
    gain = data.draw(arrays(np.float64, points.shape[1], elements=st.floats(0, 1, width=32)))
    better = points.copy()
    better[0] += gain
    reference = np.full(points.shape[1], -1.0)
    assert hypervolume(better, reference) >= hypervolume(points, reference) - 1e-9


@given(point_sets(), st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(points, random):
    order = random.sample(range(len(points)), len(points))
    shuffled = np.concatenate([points[order], points[:1]])
    reference = np.full(points.shape[1], -1.0)
    weights = simplex_lattice(points.shape[1], 3)
    assert hypervolume(shuffled, reference) == pytest.approx(hypervolume(points, reference), abs=1e-9)
    assert expected_utility(shuffled, weights) == pytest.approx(expected_utility(points, weights), abs=1e-9)
    assert non_dominated(shuffled)[: len(points)].tolist() == non_dominated(points)[order].tolist()


@given(point_sets())
def test_dominated_points_add_nothing(points):
    front = points[non_dominated(points)]
    reference = np.full(points.shape[1], -1.0)
    weights = simplex_lattice(points.shape[1], 3)
    assert hypervolume(front, reference) == pytest.approx(hypervolume(points, reference), abs=1e-9)
    assert expected_utility(front, weights) == pytest.approx(expected_utility(points, weights), abs=1e-9)


@given(point_sets())
def test_a_point_is_out_exactly_when_another_dominates_it(points):
    expected = [not any(dominates(other, point) for other in points) for point in points]
    assert non_dominated(points).tolist() == expected


def test_dominance_is_strict_about_ties_and_small_differences():
    points = [[1.0, 0.5], [1.0, 0.5], [1.0, 0.5 - 1e-9], [0.0, 0.5]]
    assert non_dominated(points).tolist() == [True, True, False, False]


def test_metrics_leave_their_input_alone():
    points = np.array([[1.0, 2.0], [2.0, 1.0]])
    copy = points.copy()
    hypervolume(points, [0, 0]), non_dominated(points), expected_utility(points, [[1, 0]])
    assert (points == copy).all()


def test_expected_utility_of_a_known_set():
    assert expected_utility([[1, 0], [0, 1]], [[1, 0], [0.5, 0.5], [0, 1]]) == pytest.approx(2.5 / 3)


@settings(max_examples=20)
@given(st.integers(1, 4), st.integers(1, 6))
def test_the_lattice_holds_each_composition_once(k, divisions):
    lattice = simplex_lattice(k, divisions)
    assert lattice.shape == (comb(divisions + k - 1, k - 1), k)
    assert len(np.unique(lattice, axis=0)) == len(lattice)
    assert np.allclose(lattice.sum(axis=1), 1) and (lattice >= 0).all()
    assert np.allclose(lattice * divisions, np.round(lattice * divisions))


@pytest.mark.parametrize(
    ("weights", "named"),
    [
        ([[0.5, 0.6]], r"weights\[0\] must be non-negative and sum to 1, got \[0\.5, 0\.6\]"),
        ([[1, 0], [1.5, -0.5]], r"weights\[1\]"),
        ([[float("nan"), 1.0]], r"weights\[0\]"),
        ([[1.0, 0.0, 0.0]], r"weights must have shape \(m, 2\), got \(1, 3\)"),
        (np.zeros((0, 2)), r"weights must have shape \(m, 2\), got \(0, 2\)"),
    ],
)
def test_weights_off_the_simplex_are_refused(weights, named):
    with pytest.raises(InvalidParameter, match=named):
        checked_weights(weights, 2)


@pytest.mark.parametrize(("k", "divisions", "named"), [(0, 2, "n_objectives"), (2, 0, "divisions")])
def test_an_impossible_lattice_is_refused(k, divisions, named):
    with pytest.raises(InvalidParameter, match=named):
        simplex_lattice(k, divisions)


@pytest.mark.parametrize("points", [np.zeros((0, 2)), [[float("nan"), 1.0]]])
def test_sets_without_meaning_are_refused(points):
    with pytest.raises(InvalidParameter, match="points"):
        hypervolume(points, [0, 0])
    with pytest.raises(InvalidParameter, match="points"):
        expected_utility(points, [[1, 0]])
    with pytest.raises(InvalidParameter, match="points"):
        non_dominated(points)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InvalidParameter, match="ref_point"):
        hypervolume([[1, 2]], [0, 0, 0])
    with pytest.raises(InvalidParameter, match="weights"):
        expected_utility([[1, 2]], [[1, 0, 0]])
