"""Steering: what was asked for against what was given, on known answers and for any points."""

from __future__ import annotations

import doctest
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kendalltau, somersd

from morl_envs.errors import InvalidParameter
from morl_envs.metrics import miscalibration, rank_correlation, regret, side_effects, simplex_lattice
from morl_envs.metrics.steering import corners, goals

FRONT = np.array([[4.0, 0.0], [3.0, 2.0], [0.0, 4.0]])
GRID = simplex_lattice(2, 4)
PLACES = st.floats(-2, 2, width=32)


def answers(n: int | None = None) -> st.SearchStrategy[np.ndarray[Any, Any]]:
    return arrays(np.float64, (len(GRID) if n is None else n, 2), elements=PLACES)


@pytest.mark.parametrize("name", ["dominance", "indicators", "intervals", "selection", "steering", "texts", "utility"])
def test_doctests(name: str) -> None:
    found = doctest.testmod(import_module(f"morl_envs.metrics.{name}"))
    assert found.attempted > 0 and found.failed == 0


def test_regret_of_known_answers() -> None:
    best = FRONT[(GRID @ FRONT.T).argmax(axis=1)]
    assert regret(best, GRID, FRONT).tolist() == [0.0] * 5
    ignoring = np.tile([3.0, 2.0], (5, 1))
    assert regret(ignoring, GRID, FRONT).tolist() == [1.0, 0.25, 0.0, 0.75, 2.0]
    assert regret(best[::-1], GRID, FRONT)[0] == 4.0  # the other corner's best


@given(answers(), st.integers(0, 4), st.floats(0, 1, width=32), st.integers(0, 1))
def test_regret_never_rises_when_an_answer_improves(points: Any, row: int, gain: float, objective: int) -> None:
    better = points.copy()
    better[row, objective] += gain
    assert (regret(better, GRID, FRONT) <= regret(points, GRID, FRONT) + 1e-12).all()


@given(answers(7), st.randoms(use_true_random=False))
def test_the_fronts_order_duplicates_and_dominated_points_change_no_regret(front: Any, random: Any) -> None:
    points = np.zeros((5, 2))
    order = random.sample(range(7), 7)
    more = np.concatenate([front[order], front[:2], front[:1] - 0.5])
    np.testing.assert_allclose(regret(points, GRID, more), regret(points, GRID, front))


@given(answers())
def test_nothing_on_the_front_has_negative_regret(points: Any) -> None:
    assert (regret(points, GRID, points) >= -1e-12).all()


def test_goals_are_the_nearest_of_equally_good_points() -> None:
    front = [[1.0, 0.0], [0.0, 1.0]]
    even = [[0.5, 0.5], [0.5, 0.5]]
    assert goals([[0.9, 0.0], [0.0, 0.9]], even, front).tolist() == front


@pytest.mark.parametrize(
    ("got", "missed", "aside"),
    [
        ([1.0, 0.0], 0.0, 0.0),
        ([0.5, 0.0], 0.5, 0.0),  # half way
        ([1.5, 0.0], 0.5, 0.0),  # past it
        ([1.0, 1.0], 0.0, 2**-0.5),  # as far along as asked, and as far aside
        ([0.0, 2.0], 1.0, 1.0),
        ([0.0, 0.0], 1.0, 0.0),
        ([-1.0, 0.0], 2.0, 0.0),
    ],
)
def test_miscalibration_and_side_effects_of_known_movements(got: list[float], missed: float, aside: float) -> None:
    shift = np.array([0.25, -3.0])  # neither depends on where the origin lies
    moved, wanted = np.array([got]) + shift, np.array([[1.0, 0.0]]) + shift
    assert miscalibration(moved, wanted, shift) == pytest.approx([missed])
    assert side_effects(moved, wanted, shift) == pytest.approx([aside])


def test_a_goal_at_the_origin_measures_nothing() -> None:
    assert np.isnan(miscalibration([[1, 1]], [[0, 0]], [0, 0])).all()
    assert np.isnan(side_effects([[1, 1]], [[0, 0]], [0, 0])).all()


@given(answers())
def test_rank_correlation_is_somers_d_and_without_ties_kendalls_tau(points: Any) -> None:
    found = rank_correlation(points, GRID)
    for j in range(2):
        if len(set(points[:, j].tolist())) > 1:  # scipy is undefined for a constant
            assert found[j] == pytest.approx(somersd(GRID[:, j], points[:, j]).statistic, abs=1e-12)
        else:
            assert found[j] == 0
        if len(set(points[:, j].tolist())) == len(points):
            assert found[j] == pytest.approx(kendalltau(GRID[:, j], points[:, j]).statistic, abs=1e-12)


def test_a_monotone_answer_to_tied_weights_has_rank_correlation_one() -> None:
    grid = simplex_lattice(3, 4)
    assert rank_correlation(np.sqrt(grid), grid).tolist() == [1, 1, 1]
    assert rank_correlation(-grid, grid).tolist() == [-1, -1, -1]
    assert np.isnan(rank_correlation([[1, 2]], [[0.5, 0.5]])).all()


@given(answers(), st.permutations(range(5)))
def test_the_order_of_requests_changes_nothing(points: Any, order: list[int]) -> None:
    for measure in (
        lambda p, w: regret(p, w, FRONT)[np.argsort(order) if p is not points else slice(None)],
        lambda p, w: rank_correlation(p, w),
    ):
        np.testing.assert_allclose(measure(points[order], GRID[order]), measure(points, GRID), atol=1e-12)


def test_corners_ask_for_one_objective() -> None:
    assert corners(simplex_lattice(3, 2)).sum() == 3 and corners(GRID).tolist() == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: regret([[1, 2]], [[1, 0], [0, 1]], FRONT), "weights must have the returns' shape"),
        (lambda: miscalibration([[1, 2]], [[1, 0, 0]], [0, 0]), "wanted must have the returns' shape"),
        (lambda: side_effects([[1, 2]], [[1, 0]], [0]), "origin must have shape"),
        (lambda: regret([[np.nan, 2]], [[1, 0]], FRONT), "points must be finite"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(call: Any, named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        call()
