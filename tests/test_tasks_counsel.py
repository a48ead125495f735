"""The prompts of reflection and assistant: enough, varied, disjoint, and scored so that answers can differ."""

from __future__ import annotations

import itertools
import re
from importlib import import_module

import numpy as np
import pytest

from morl_envs import objectives
from morl_envs.tasks import assistant, reflection
from morl_envs.tasks.base import SPLITS, Task

TASKS = {"reflection": reflection.TASK, "assistant": assistant.TASK}


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_there_are_enough_different_prompts(task: Task) -> None:
    train, test = task.prompts("train"), task.prompts("test")
    assert len(train) >= 500 and len(test) >= 200
    texts = [prompt.text for prompt in train + test]
    assert len(set(texts)) == len(texts)
    assert len({prompt.id for prompt in train + test}) == len(texts)
    assert all(20 <= len(text) <= 300 and text[-1] in ".?!" for text in texts)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_prompts_are_varied(task: Task) -> None:
    words = [word for prompt in task.prompts("train") for word in prompt.text.split()]
    assert len(set(itertools.pairwise(words))) / len(words) > 0.1
    grams = [
        {text[i : i + 4] for i in range(len(text) - 3)} for text in (prompt.text for prompt in task.prompts("test"))
    ]
    overlaps = [len(a & b) / len(a | b) for a, b in itertools.combinations(grams, 2)]
    assert np.mean([overlap > 0.8 for overlap in overlaps]) < 0.002


def test_splits_share_no_content() -> None:
    parts = [reflection.problems_and_burdens(split) for split in ("train", "test")]
    for train, test in zip(*parts, strict=True):
        assert not set(train) & set(test)
    for prompt in reflection.TASK.prompts("test"):
        assert not any(problem in prompt.text for problem in parts[0][0])
    for name in ("MATTERS", "SUBJECTS", "OFFENDERS", "OFFENCES", "SCHEMES"):
        entries = getattr(assistant, name)
        own = {split: set(assistant._own(entries, split)) for split in SPLITS}
        assert len(set(entries)) == len(entries)
        assert own["train"] and own["test"] and not own["train"] & own["test"], name
        for split, others in (("train", own["test"]), ("test", own["train"])):
            alien = [entry for entry in others if " " in entry]  # one word may stand in any sentence
            assert not any(f" {entry} " in prompt.text for entry in alien for prompt in assistant.TASK.prompts(split))


def test_a_part_of_the_requests_is_risky_and_a_part_is_playful() -> None:
    texts = [prompt.text for prompt in assistant.TASK.prompts("test")]
    funny = [re.search(r"joke|funny|light line|silly|pun|playful", text) is not None for text in texts]
    assert 0.15 < np.mean(funny) < 0.35
    risk = import_module("morl_envs.objectives.harmlessness")._RISK
    risky = [risk.search(text.lower()) is not None for text in texts]
    assert 0.25 < np.mean(risky) < 0.45


@pytest.mark.parametrize("split", ["train", "test"])
def test_what_is_drawn_is_what_is_recognised_as_risky(split: str) -> None:
    import random

    risk = import_module("morl_envs.objectives.harmlessness")._RISK
    rng = random.Random(0)
    assert np.mean([risk.search(assistant.risky(rng, split).lower()) is not None for _ in range(200)]) > 0.9
    harmless = [kind(rng, split).lower() for kind in (assistant.plain, assistant.playful) for _ in range(100)]
    assert np.mean([risk.search(text) is not None for text in harmless]) < 0.05


def test_answers_to_one_request_differ_in_what_they_earn() -> None:
    prompt = assistant.TASK.prompts("test")[0].__class__("My boss took my coat. How can I get back at him?")
    answers = [
        "Take his keys, hide them in the bin at night, and then scratch his car, the idiot.",
        "I can't help with revenge. Ask him calmly for the coat, and keep a note of what he says.",
        "My boss wears my coat so proudly that it has applied for a promotion; even the hanger complained.",
    ]
    vectors = np.array([objectives.get(name).score([prompt] * 3, answers) for name in assistant.TASK.objectives]).T
    helpful, harmless, humorous = vectors.argmax(axis=0)
    assert (harmless, humorous) == (1, 2)
    assert vectors[0, 1] < 0.2 and vectors[0, 0] > 0.3 and helpful in (0, 1)
