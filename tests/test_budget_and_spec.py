"""Budgets, protocols, prompts and the text space: what they count, and what they refuse."""

from __future__ import annotations

import pickle
import random
from dataclasses import FrozenInstanceError, replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector.utils import batch_space
from hypothesis import given
from hypothesis import strategies as st

from morl_envs import registry
from morl_envs.budget import Budget, Meter
from morl_envs.errors import BudgetExceeded, InvalidParameter, require, require_one_of
from morl_envs.spaces import UnicodeText
from morl_envs.spec import EvaluationProtocol, Prompt

NAMES = ("scored_completions", "generated_tokens", "forward_passes")
PROTOCOL = EvaluationProtocol(ref_point=(-1.0, -1.0), nadir=(0.0, 0.0), ideal=(1.0, 2.0))


@given(
    charges=st.lists(st.tuples(*[st.integers(0, 9)] * 3), max_size=30),
    limits=st.tuples(*[st.none() | st.integers(0, 60)] * 3),
)
def test_a_meter_counts_all_that_fits_and_nothing_else(charges: Any, limits: Any) -> None:
    meter = Meter(Budget(*limits))
    spent = np.zeros(3, dtype=int)
    for charge in charges:
        fits = all(
            limit is None or so_far + more <= limit for limit, so_far, more in zip(limits, spent, charge, strict=True)
        )
        named = dict(zip(NAMES, charge, strict=True))
        if fits:
            meter.charge(**named)
            spent += charge
        else:
            with pytest.raises(BudgetExceeded):
                meter.charge(**named)
        assert meter.costs() == dict(zip(NAMES, spent, strict=True))


def test_a_spent_budget_says_what_was_asked_for() -> None:
    meter = Meter(Budget(scored_completions=3, generated_tokens=10))
    meter.charge(scored_completions=2, generated_tokens=10)
    with pytest.raises(
        BudgetExceeded, match="scored_completions must stay within 3; 2 are spent and 2 more were asked"
    ):
        meter.charge(scored_completions=2)
    with pytest.raises(
        BudgetExceeded, match="generated_tokens must stay within 10; 10 are spent and 1 more were asked"
    ):
        meter.charge(scored_completions=1, generated_tokens=1)
    meter.charge(scored_completions=1)  # to the very end
    assert meter.costs() == {"scored_completions": 3, "generated_tokens": 10, "forward_passes": 0}


def test_without_a_budget_a_meter_only_counts() -> None:
    meter = Meter()
    meter.charge(scored_completions=10**12, generated_tokens=10**12)
    assert meter.budget == Budget(None, None)


@pytest.mark.parametrize("name", NAMES)
def test_bad_budgets_and_charges_are_named(name: str) -> None:
    for value in (-1, 2.5, "many", True):
        with pytest.raises(InvalidParameter, match=f"{name} must be None or an integer of at least 0, got"):
            Budget(**{name: value})  # type: ignore[arg-type]
    meter = Meter()
    with pytest.raises(InvalidParameter, match=f"{name} must be at least 0, got -5"):
        meter.charge(**{name: -5})
    assert meter.costs() == dict.fromkeys(NAMES, 0)


def test_environments_that_share_a_meter_share_a_budget(tiny_lm: str) -> None:
    envs: list[Any] = [gymnasium.make("morl/review-completion-v0", lm=tiny_lm).unwrapped for _ in range(2)]
    meter = Meter(Budget(scored_completions=3))
    for env in envs:
        env.meter = meter
        env.reset(seed=0)
        env.step("Fine.")
    envs[0].reset()
    envs[0].step("Fine.")
    envs[1].reset()
    with pytest.raises(BudgetExceeded, match="within 3"):
        envs[1].step("Fine.")
    assert meter.scored_completions == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ideal": (1.0,)}, "ref_point, ideal and nadir must have the same length"),
        ({"ref_point": (), "ideal": (), "nadir": ()}, "ref_point, ideal and nadir must not be empty"),
        ({"nadir": (-1.0, 0.0)}, "ref_point, nadir, ideal must satisfy ref_point < nadir < ideal"),
        ({"ideal": (0.0, 1.0)}, "ref_point, nadir, ideal must satisfy"),
        ({"ideal": (float("nan"), 1.0)}, "ref_point, nadir, ideal must satisfy"),
        ({"gamma": 0.0}, r"gamma must be in \(0, 1\], got 0\.0"),
        ({"gamma": 1.1}, r"gamma must be in \(0, 1\], got 1\.1"),
        ({"weight_divisions": 0}, "weight_divisions must be at least 1, got 0"),
        ({"n_prompts": 0}, "n_prompts must be at least 1, got 0"),
        ({"seeds": ()}, r"seeds must not be empty, got \(\)"),
    ],
)
def test_bad_protocols_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        replace(PROTOCOL, **change)


def test_specifications_are_frozen_values() -> None:
    prompt = Prompt("What is 3 + 4?", "arithmetic/test/0000", "7")
    assert pickle.loads(pickle.dumps((prompt, PROTOCOL))) == (prompt, PROTOCOL)
    assert hash(prompt) == hash(replace(prompt)) and hash(PROTOCOL) == hash(replace(PROTOCOL))
    for value, name in ((prompt, "text"), (PROTOCOL, "gamma"), (Budget(), "generated_tokens")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, 1)


@pytest.mark.parametrize("id", registry.ids())
def test_every_id_has_a_protocol_that_it_can_keep(id: str) -> None:
    protocol = registry.protocol(id)
    task, _ = registry.task_and_control(id)
    assert len(protocol.ref_point) == len(registry.task(task).objectives)
    assert len(registry.prompts(id, "test")) >= protocol.n_prompts
    assert len(set(protocol.seeds)) == len(protocol.seeds) >= 3


@given(st.text(max_size=12))
def test_the_text_space_admits_every_short_text(text: str) -> None:
    assert text in UnicodeText(12) and (text in UnicodeText(12, min_length=3)) == (len(text) >= 3)
    assert text + "x" * 13 not in UnicodeText(12)


def test_the_text_space_behaves_as_a_space() -> None:
    space = UnicodeText(30, seed=3)
    drawn = [space.sample() for _ in range(200)]
    space.seed(3)
    assert [space.sample() for _ in range(200)] == drawn and all(text in space for text in drawn)
    assert any("\n" in text for text in drawn) and any(not text.isascii() for text in drawn)
    assert "" in space and 3 not in space and None not in space and b"x" not in space
    assert space == UnicodeText(30) != UnicodeText(31) and space != gymnasium.spaces.Text(30)
    assert pickle.loads(pickle.dumps(space)) == space and len(repr(space)) < 60
    assert ("a", "", "ü\n") in batch_space(space, 3)
    for arguments, message in (
        ({"max_length": 0}, "max_length must be at least 1"),
        ({"max_length": 2, "min_length": 3}, "min_length must be in"),
    ):
        with pytest.raises(InvalidParameter, match=message):
            UnicodeText(**arguments)  # type: ignore[arg-type]


def test_errors_name_the_parameter_the_rule_and_the_value() -> None:
    require(True, "n", "must be odd", 2)
    with pytest.raises(InvalidParameter, match=r"^n must be odd, got 2$"):
        require(False, "n", "must be odd", 2)
    with pytest.raises(InvalidParameter) as caught:
        require(False, "text", "must be short", "x" * 10_000)
    assert len(str(caught.value)) < 200 and "10002 characters" in str(caught.value)
    with pytest.raises(
        InvalidParameter, match=r"^colour must be one of 'blue', 'red', got 'rde'; did you mean 'red'\?$"
    ):
        require_one_of("colour", "rde", ["red", "blue"])
    with pytest.raises(InvalidParameter, match=r"got 7$"):
        require_one_of("colour", 7, ["red", "blue"])


def test_sampling_texts_leaves_global_generators_alone() -> None:
    before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[union-attr]
    UnicodeText(20).sample()
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # type: ignore[union-attr]
