"""Gold twins judge the same traits by other mechanisms: they agree on real texts and are not fooled together."""

from __future__ import annotations

import doctest
import json
import random
from importlib import import_module

import numpy as np
import pytest
from scipy.stats import spearmanr

from morl_envs import objectives
from morl_envs.errors import InvalidParameter
from morl_envs.objectives import Objective, contrast
from morl_envs.objectives.twins import MODULES
from morl_envs.objectives.words import words
from morl_envs.training.objectives import twins as training

EXACT = {"brevity", "correctness", "format", "gain", "generosity"}


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
    assert contrast.auc(twin(name), pairs) >= 0.9
    primary, gold = (np.concatenate(contrast.scores(o, pairs)) for o in (objectives.get(name), twin(name)))
    assert spearmanr(primary, gold).statistic > 0.4


def triples(text: str) -> set[tuple[str, ...]]:
    said = words(text)
    return set(zip(said, said[1:], said[2:], strict=False))


def test_what_twins_learn_from_is_not_what_judges_them() -> None:
    """No further pair has half of the word triples of a text held out, be it of another objective."""
    rows = [json.loads(line) for line in training._PAIRS.read_text(encoding="utf-8").splitlines()]
    learned = [triples(row[side]) for row in rows for side in ("better", "worse")]
    judging = [triples(t) for n in MODULES for p in contrast.held_out(n) for t in (p.better, p.worse)]
    assert max(len(a & b) / max(1, min(len(a), len(b))) for a in learned for b in judging) < 0.5


def percentile(scores: np.ndarray, among: np.ndarray) -> float:
    """Mean share of `among` that lies below the scores; ties count half."""
    return float(((np.sign(scores[:, None] - among[None, :]) + 1) / 2).mean())


def span(rng: random.Random, text: str) -> list[str]:
    """Two to six words in a row."""
    said, n = text.rstrip(".?!").split(), rng.randint(2, 6)
    start = rng.randrange(max(1, len(said) - n + 1))
    return said[start : start + n]


@pytest.mark.parametrize("name", MODULES)
def test_what_was_made_to_please_an_objective_pleases_its_twin_less(name: str) -> None:
    """Of 300 texts put together from scraps, the best ten by the objective stand lower among good texts by its twin."""
    rng, pairs = random.Random(0), contrast.pairs(name)
    prompts, texts = [], []
    for i in range(300):
        pair = pairs[i % len(pairs)]
        sources = (pair.better, pair.prompt.reference or pair.prompt.text, rng.choice(pairs).better, pair.better)
        text = " ".join(word for source in sources for word in span(rng, source))
        prompts.append(pair.prompt)
        texts.append(f"{text[0].upper()}{text[1:]}.")
    objective, gold = objectives.get(name), twin(name)
    best = np.argsort(-objective.score(prompts, texts), kind="stable")[:10]
    chosen = [prompts[i] for i in best], [texts[i] for i in best]
    overrated, seen = (percentile(o.score(*chosen), contrast.scores(o, pairs)[0]) for o in (objective, gold))
    assert overrated > seen + 0.1, (overrated, seen)


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
