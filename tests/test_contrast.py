"""Every objective with contrast pairs tells the pairs apart that it was not tuned on, and is hard to fool."""

from __future__ import annotations

import doctest
import hashlib
import inspect
import json
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from morl_envs import objectives
from morl_envs.errors import InvalidParameter
from morl_envs.objectives import contrast
from morl_envs.spec import Prompt

NAMES = contrast.names()
COUNSEL = ("empathy", "fluency", "harmlessness", "helpfulness", "humour", "reflection")
NEUTRAL = {"positivity": 0.5}  # what a text earns that says nothing either way
SHORT = {"the prompt copied"}  # tricks that are as brief as they look
EXAMPLE = re.compile(r'(?:To|Client:) "(?P<prompt>[^"]+)"|"(?P<text>[^"]+)"(?: scores)? (?P<score>[01]\.\d+)')


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_pairs_and_length_is_no_cue(name: str) -> None:
    pairs = contrast.pairs(name)
    assert len(pairs) >= 60
    assert len(contrast.tuning(name)) + len(contrast.held_out(name)) == len(pairs)
    assert not {pair.better for pair in contrast.tuning(name)} & {pair.better for pair in contrast.held_out(name)}
    texts = [text for pair in pairs for text in (pair.better, pair.worse)]
    assert len(set(texts)) == len(texts)
    better, worse = (np.array([len(getattr(p, side).split()) for p in pairs]) for side in ("better", "worse"))
    assert name == "brevity" or 0.75 < better.mean() / worse.mean() < 1.33


@pytest.mark.parametrize("name", NAMES)
def test_held_out_pairs_are_told_apart(name: str) -> None:
    assert contrast.auc(objectives.get(name), contrast.held_out(name)) >= 0.9


def cheap_tricks(pair: contrast.Pair) -> dict[str, str]:
    typical = max(re.findall(r"\w+", pair.better), key=len)
    return {
        "one word of the prompt fifty times": f"{re.findall(r'[A-Za-z]{4,}', pair.prompt.text)[-1]} " * 50,
        "the prompt copied": pair.prompt.text,
        "nothing": "",
        "white space": " \n ",
        "marks": "... !!! ???",
        "a happy word fifty times": "wonderful " * 50,
        "a typical word fifty times": f"{typical} " * 50,
        "two thousand characters": (f"{pair.better} " * 200)[:2000],
    }


@pytest.mark.parametrize("name", NAMES)
def test_cheap_tricks_score_low(name: str) -> None:
    objective = objectives.get(name)
    pairs = contrast.pairs(name)
    typical = np.median(contrast.scores(objective, pairs)[0])
    for trick in cheap_tricks(pairs[0]).keys() - (SHORT if name == "brevity" else set()):
        fooled = objective.score([p.prompt for p in pairs], [cheap_tricks(p)[trick] for p in pairs])
        assert fooled.mean() <= max(0.4 * typical, NEUTRAL.get(name, 0.0) + 0.02), (trick, fooled.mean(), typical)


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_pure_bounded_and_independent_of_the_batch(name: str) -> None:
    objective = objectives.get(name)
    pairs = contrast.pairs(name)
    prompts, texts = [p.prompt for p in pairs], [p.better for p in pairs]
    whole = objectives.checked_scores(objective, prompts, texts)
    alone = [objectives.checked_scores(objective, [p], [t])[0] for p, t in zip(prompts, texts, strict=True)]
    np.testing.assert_array_equal(whole, alone)
    np.testing.assert_array_equal(whole, objective.score(prompts, texts))
    assert objective.score([], []).shape == (0,)


@pytest.mark.parametrize("name", COUNSEL)
def test_numbers_in_the_docstring_are_true(name: str) -> None:
    objective = objectives.get(name)
    prompt = Prompt("")
    examples = list(EXAMPLE.finditer(" ".join((inspect.getdoc(objective) or "").split())))
    assert sum(found["text"] is not None for found in examples) >= 2
    for found in examples:
        if found["prompt"]:
            prompt = Prompt(found["prompt"])
        else:
            score = objective.score([prompt], [found["text"]])[0]
            assert score == pytest.approx(float(found["score"]), abs=0.005), found["text"]


def test_auc_and_accuracy_count_as_they_say() -> None:
    class Words:
        name, version, low, high = "words", "1", 0.0, 9.0

        def score(self, prompts: object, completions: list[str]) -> np.ndarray:
            return np.array([len(text.split()) for text in completions], dtype=np.float32)

    pairs = [contrast.Pair(Prompt(""), better, worse) for better, worse in (("a b c", "a b"), ("a", "a"))]
    # better 3, 1; worse 2, 1: 3 > 2, 3 > 1, 1 < 2, 1 = 1
    assert contrast.auc(Words(), pairs) == pytest.approx(2.5 / 4)
    assert contrast.accuracy(Words(), pairs) == pytest.approx(1.5 / 2)
    with pytest.raises(InvalidParameter, match="pairs must not be empty"):
        contrast.auc(Words(), [])
    with pytest.raises(InvalidParameter, match="did you mean 'humour'"):
        contrast.pairs("humor")


def test_learned_weights_are_those_of_the_log() -> None:
    folder = Path(objectives.__file__).parent / "data"
    logs = [path for path in folder.rglob("*.json") if "weights_sha256" in path.read_text()]
    assert logs
    for path in logs:
        weights = path.with_suffix(".safetensors").read_bytes()
        assert hashlib.sha256(weights).hexdigest() == json.loads(path.read_text())["weights_sha256"]


@pytest.mark.parametrize("module", ["lexicon", "words", "speech"])
def test_doctests(module: str) -> None:
    assert doctest.testmod(import_module(f"morl_envs.objectives.{module}")).failed == 0
