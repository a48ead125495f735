"""The prompts of every task: enough, distinct, varied, frozen, and right where they can be checked."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest

from morl_envs import objectives, registry
from morl_envs.errors import InvalidParameter
from morl_envs.spec import Prompt
from morl_envs.tasks import SPLITS

ASKING = [t for t, row in registry.TASKS.items() if registry.uses_lm(row.id(row.controls[0]))]
"""Tasks with something to ask; `dial` only numbers its episodes."""

HASHES = {
    ("review", "train"): "30b4a86a425d72a342890f352debc56ff4ad2829cf68a5f1155b4273565d8e78",
    ("review", "test"): "192688baf9db965cf0beaf7f579ba919435b27d0b35d350031d4f58080dba6a5",
    ("arithmetic", "train"): "4f9f28749863d27f9e6e0d93cadcadb0d4c855dd9fa6c75535a5d70246b1e555",
    ("arithmetic", "test"): "0d8b28b177a8cb35f0b1901345de1331f6aff63fb7eec14d1af792c734d3ea19",
}
"""A change of prompts is a change of the task: the version of its ids goes up with it."""

NEAR = 0.5
"""Jaccard similarity of word 5-grams above which two prompts are near-duplicates: half of what they say, they say in
the same words. Requests made from one frame with other people, things and events stay below it."""


def both(task: str) -> tuple[Prompt, ...]:
    return tuple(prompt for split in SPLITS for prompt in registry.task(task).prompts(split))


def ngrams(text: str, n: int) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(*(words[i:] for i in range(n)), strict=False))


def similarity(a: Iterable[object], b: Iterable[object]) -> float:
    """Jaccard: shared over all.

    >>> similarity("abc", "bcd")
    0.5
    """
    first, second = set(a), set(b)
    return len(first & second) / max(1, len(first | second))


@pytest.mark.parametrize("task", ASKING)
def test_there_are_enough_prompts_and_each_is_one_of_a_kind(task: str) -> None:
    train, test = (registry.task(task).prompts(split) for split in SPLITS)
    assert len(train) >= 300 and len(test) >= 100
    assert len(test) >= registry.row(task).protocol.n_prompts
    prompts = [*train, *test]
    assert len({prompt.id for prompt in prompts}) == len({prompt.text for prompt in prompts}) == len(prompts)
    normalised = {" ".join(re.findall(r"[^\W_]+|[-+*/]", prompt.text.lower())) for prompt in prompts}
    assert len(normalised) == len(prompts)
    for split, some in (("train", train), ("test", test)):
        for prompt in some:
            assert re.fullmatch(rf"{task}/{split}/\d{{4}}", prompt.id)
            assert prompt.text == prompt.text.strip() and 10 <= len(prompt.text) <= 1500


@pytest.mark.parametrize("task", [t for t in ASKING if both(t)[0].reference is None])
def test_no_test_prompt_is_a_train_prompt_in_other_words(task: str) -> None:
    train = [(prompt, ngrams(prompt.text, 5)) for prompt in registry.task(task).prompts("train")]
    for prompt in registry.task(task).prompts("test"):
        grams = ngrams(prompt.text, 5)
        nearest, held = max(((similarity(grams, other), p) for p, other in train), key=lambda found: found[0])
        assert nearest <= NEAR, f"{nearest:.2f}: {prompt.text!r} and {held.text!r}"


def test_near_duplicates_would_be_found() -> None:
    asked = registry.task("review").prompts("train")[0].text
    *start, last = asked.split()
    assert similarity(ngrams(asked, 5), ngrams(" ".join([*start, "please", last]), 5)) > NEAR
    assert similarity(ngrams(asked, 5), ngrams(asked.upper().replace(".", "!"), 5)) == 1.0


@pytest.mark.parametrize("task", [t for t in ASKING if both(t)[0].reference is not None])
def test_no_two_prompts_with_a_reference_ask_for_the_same(task: str) -> None:
    """Names, things and wording may differ: the numbers and the result must too."""
    keys = [(prompt.reference, *sorted(re.findall(r"\d+", prompt.text))) for prompt in both(task)]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("task", ASKING)
def test_prompts_are_varied(task: str) -> None:
    """Distinct-2: distinct pairs of neighbouring words over all pairs. One kind of sum throughout is at 0.01."""
    pairs = [pair for p in both(task) for words in [p.text.lower().split()] for pair in pairwise(words)]
    distinct = len(set(pairs)) / len(pairs)
    print(f"{task}: distinct-2 of {len(both(task))} prompts is {distinct:.3f}")
    assert distinct > 0.06


@pytest.mark.parametrize(("task", "split"), HASHES)
def test_prompts_are_frozen(task: str, split: str) -> None:
    assert registry.task(task).content_hash(split) == HASHES[task, split]


@pytest.mark.parametrize("task", registry.TASKS)
def test_a_hash_depends_on_every_prompt(task: str) -> None:
    train, test = (registry.task(task).content_hash(split) for split in SPLITS)
    assert train != test and re.fullmatch("[0-9a-f]{64}", train)
    assert registry.task(task).content_hash("train") == train


@pytest.mark.parametrize("task", registry.TASKS)
def test_loading_is_repeatable_and_leaves_global_generators_alone(task: str) -> None:
    found = registry.task(task)
    before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[union-attr]
    for split in SPLITS:
        assert found.load_prompts(split) == found.prompts(split)
        assert found.prompts(split) is found.prompts(split)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # type: ignore[union-attr]


@pytest.mark.parametrize("task", registry.TASKS)
def test_an_unknown_split_is_refused(task: str) -> None:
    for call in (registry.task(task).prompts, registry.task(task).content_hash):
        with pytest.raises(InvalidParameter, match=r"split must be one of 'test', 'train', got 'tests'; did you mean"):
            call("tests")


@pytest.mark.parametrize("task", registry.TASKS)
def test_a_task_says_what_it_is(task: str) -> None:
    found, row = registry.task(task), registry.row(task)
    assert found.name == row.task and found.summary and found.max_new_tokens >= 1
    assert len(found.objectives) == len(set(found.objectives)) == len(row.protocol.ref_point)
    if task in ASKING:
        for name, low, high in zip(found.objectives, row.protocol.nadir, row.protocol.ideal, strict=True):
            objective = objectives.get(name)
            assert objective.low <= low < high <= objective.high


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(InvalidParameter, match=r"task must be one of .*did you mean 'review'"):
        registry.task("revue")


def worked_out(text: str) -> int:
    """The answer of an arithmetic prompt, from its text alone."""
    question = text.removesuffix(" End with 'Answer: ' and the number.")
    assert question != text
    if found := re.fullmatch(r"What is (\d+(?: [+-] \d+)+)\?", question):
        signed = re.findall(r"(?:^|([+-]) )(\d+)", found[1])
        return sum(-int(number) if sign == "-" else int(number) for sign, number in signed)
    for pattern, result in (
        (r"Calculate (\d+) times (\d+)\.", lambda a, b: a * b),
        (r"(\d+) bags hold (\d+) (\w+) each\. How many \3 are there in all\?", lambda a, b: a * b),
        (
            r"(?P<who>\w+) has (\d+) (\w+) and buys (\d+) more\. How many \3 does (?P=who) have now\?",
            lambda a, b: a + b,
        ),
        (r"There were (\d+) (\w+) in the box\. \w+ took out (\d+)\. How many \2 are left\?", lambda a, b: a - b),
    ):
        if found := re.fullmatch(pattern, question):
            return result(*(int(part) for part in found.groups() if part.isdigit()))
    raise AssertionError(f"nobody can work out {text!r}")


def test_every_reference_is_right() -> None:
    prompts = both("arithmetic")
    assert [prompt.reference for prompt in prompts] == [str(worked_out(prompt.text)) for prompt in prompts]
    assert len({prompt.reference for prompt in prompts}) > 100  # no constant answer is often right


def test_splits_of_review_share_no_film() -> None:
    from morl_envs.tasks.review import people_and_plots

    (train_people, train_plots), (people, plots) = (people_and_plots(split) for split in SPLITS)
    assert not {*train_people, *train_plots} & {*people, *plots}
    for prompt in registry.task("review").prompts("test"):
        assert any(plot in prompt.text for plot in plots) and not any(plot in prompt.text for plot in train_plots)
