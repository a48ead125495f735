"""Gold twins judge the same traits by other mechanisms: they agree on real texts and are not fooled together."""

from __future__ import annotations

import doctest
from importlib import import_module

import numpy as np
import pytest
from scipy.stats import spearmanr

from morl_envs import objectives
from morl_envs.errors import InvalidParameter
from morl_envs.objectives import Objective, contrast
from morl_envs.objectives.twins import MODULES

EXACT = {"brevity", "correctness", "format"}


def twin(name: str) -> Objective:
    found = objectives.gold(name)
    assert found is not None
    return found


def test_every_objective_has_a_twin_or_is_exact() -> None:
    assert set(MODULES) | EXACT == set(objectives.names())
    assert all(objectives.gold(name) is None for name in EXACT)
    with pytest.raises(InvalidParameter, match="did you mean 'humour'"):
        objectives.gold("humor")


@pytest.mark.parametrize("name", MODULES)
def test_a_twin_is_an_objective_of_another_module(name: str) -> None:
    found = twin(name)
    assert isinstance(found, Objective) and found.name == f"gold {name}" and found is objectives.gold(name)
    assert type(found).__module__ != type(objectives.get(name)).__module__
    pairs = contrast.pairs(name)
    prompts, texts = [p.prompt for p in pairs], [p.better for p in pairs]
    whole = objectives.checked_scores(found, prompts, texts)
    alone = [objectives.checked_scores(found, [p], [t])[0] for p, t in zip(prompts, texts, strict=True)]
    np.testing.assert_array_equal(whole, alone)
    assert found.score([], []).shape == (0,)


@pytest.mark.parametrize("name", MODULES)
def test_a_twin_tells_held_out_pairs_apart_and_agrees(name: str) -> None:
    pairs = contrast.held_out(name)
    assert contrast.auc(twin(name), pairs) >= 0.85
    primary, gold = (np.concatenate(contrast.scores(o, pairs)) for o in (objectives.get(name), twin(name)))
    assert spearmanr(primary, gold).statistic > 0.4


@pytest.mark.parametrize("module", ["compression"])
def test_doctests(module: str) -> None:
    assert doctest.testmod(import_module(f"morl_envs.objectives.twins.{module}")).failed == 0


def test_registering_with_a_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objectives, "_REGISTERED", dict(objectives._REGISTERED))
    monkeypatch.setattr(objectives, "_GOLD", dict(objectives._GOLD))

    class Mine:
        version, low, high = "1", 0.0, 1.0

        def __init__(self, name: str) -> None:
            self.name = name

        def score(self, prompts: object, completions: list[str]) -> np.ndarray:
            return np.zeros(len(completions), dtype=np.float32)

    other = Mine("gold novelty")
    objectives.register(Mine("novelty"), gold=other)
    objectives.register(Mine("calm"))
    assert objectives.gold("novelty") is other and objectives.gold("calm") is None
