"""Every objective is what the protocol says, scores as its docstring says, and does not reward the usual tricks."""

from __future__ import annotations

import copy
import random
import re
from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from morl_envs import objectives, registry
from morl_envs.errors import InvalidParameter, ScoringError
from morl_envs.objectives import Objective, checked_scores
from morl_envs.spec import Prompt

NAMES = objectives.names()
TEXTS = st.one_of(
    st.text(max_size=120),
    st.lists(st.sampled_from(["I", "you", "feel", "good", "sorry", "not", "film", "7", "Answer:", ".", "!"])).map(
        " ".join
    ),
)
ASKED = Prompt("Client: I keep putting off calling my father. What is 3 + 4? Reply in one sentence.", reference="7")


BARGAIN = Prompt("You can pay $90 at most.", reference='{"limit": 90, "reserve": 50}')
DEALS = ("gain", "generosity")


def asked(name: str) -> Prompt:
    """A prompt with the reference that an objective needs."""
    return BARGAIN if name in DEALS else ASKED


def scored(name: str, text: str, prompt: Prompt = ASKED) -> float:
    if name in DEALS:
        prompt, text = BARGAIN, f"You: Well.\n{text}"
    return float(checked_scores(objectives.get(name), [prompt], [text])[0])


def examples(name: str) -> list[tuple[Prompt, str, float]]:
    """(prompt, answer, score) of the examples in an objective's docstring: ``"answer" scores 0.50``."""
    words = " ".join((type(objectives.get(name)).__doc__ or "").split())
    prompt, found = Prompt("Say something.", reference="0"), []
    pattern = r'(?:(To|Client:|Reference) )?"([^"]+)"(?:(?: has \d+ words and)? scores)?(?: (\d(?:\.\d+)?)(?![\w%]))?'
    for role, text, score in re.findall(pattern, words):
        if role == "Reference":
            prompt = Prompt("What is it?", reference=text)
        elif role:
            prompt = Prompt(f"Client: {text}" if role == "Client:" else text)
        elif score:
            found.append((prompt, text, float(score)))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_the_docstring_hold(name: str) -> None:
    found = examples(name)
    assert len(found) >= 2, "a docstring shows a high and a low score"
    for prompt, text, score in found:
        assert scored(name, text, prompt) == pytest.approx(score, abs=0.005), text
    assert max(score for *_, score in found) - min(score for *_, score in found) > 0.2


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("brevity", "one", 1.0),
        ("brevity", "a b c d", 1.0),
        ("brevity", "a " * 26, 0.5),
        ("brevity", "a " * 47, 1 / 44),
        ("brevity", "a " * 48, 0.0),
        ("brevity", "a " * 500, 0.0),
        ("brevity", "— ... ?", 0.0),
        ("brevity", "x" * 260, 0.5),
        ("correctness", "7", 1.0),
        ("correctness", "Answer: 7, since 3 + 4 = 9", 1.0),
        ("correctness", "It is 3 + 4 = 7.0", 1.0),
        ("correctness", "Answer: $7.", 1.0),
        ("correctness", "Answer: -7", 0.0),
        ("correctness", "Answer: 7,000", 0.0),
        ("correctness", "Answer: 6. Answer: 7", 1.0),
        ("correctness", "seven", 0.0),
        ("correctness", "v1.7", 0.0),
        ("format", "3 + 4 = 7. Answer: 7", 1.0),
        ("format", "ANSWER: 7.", 1.0),
        ("format", "Answer: 6. Answer: 7", 0.5),
        ("format", "Answer: seven", 0.0),
    ],
)
def test_known_answers(name: str, text: str, expected: float) -> None:
    assert scored(name, text.strip()) == pytest.approx(expected, abs=1e-6)


def test_a_verifiable_prompt_needs_its_reference() -> None:
    with pytest.raises(ScoringError, match=r"'correctness' could not score .*reference must be the right number"):
        scored("correctness", "7", Prompt("What is 3 + 4?"))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=6), order=st.randoms(use_true_random=False))
def test_scores_are_bounded_pure_and_the_same_in_any_batch(name: str, texts: list[str], order: random.Random) -> None:
    objective = objectives.get(name)
    other = BARGAIN.reference if name in DEALS else "1.5"
    prompts = [asked(name), Prompt("Review a film about a ferry.", reference=other)] * 3
    prompts = prompts[: len(texts)]
    before = copy.deepcopy((prompts, texts))
    together = objective.score(prompts, texts)
    assert together.dtype == np.float32 and together.shape == (len(texts),)
    assert ((together >= objective.low) & (together <= objective.high)).all()
    assert (prompts, texts) == before
    alone = [objective.score([p], [t])[0] for p, t in zip(prompts, texts, strict=True)]
    np.testing.assert_array_equal(together, alone)
    places = order.sample(range(len(texts)), len(texts))
    turned = objective.score([prompts[i] for i in places], [texts[i] for i in places])
    np.testing.assert_array_equal(turned, together[places])


@pytest.mark.parametrize("name", NAMES)
def test_an_objective_says_what_it_is(name: str) -> None:
    objective = objectives.get(name)
    assert isinstance(objective, Objective) and objective.name == name
    assert objective.low < objective.high and objective.version and objective.score.__doc__
    assert objective.score([], []).shape == (0,) and objective.score([], []).dtype == np.float32
    assert re.fullmatch("[a-z]+(?: [a-z]+)*", name)


TASK_OF = {name: task for task in reversed(registry.TASKS) for name in registry.task(task).objectives if name in NAMES}
PARROT = "The quiet film begins slowly and you feel the cold wind over the harbour. "


@pytest.mark.parametrize("name", NAMES)
def test_the_usual_tricks_earn_nothing(name: str) -> None:
    """What says nothing scores 0 or, where the scale has a middle, no more than neutral."""
    prompts = registry.task(TASK_OF.get(name, "review")).prompts("test")[:25]
    neutral = 0.5 if name == "positivity" else 0.15
    tricks = {
        "nothing": lambda p: "",
        "marks": lambda p: "?! ... — !!",
        "one word fifty times": lambda p: "happy " * 50,
        "one sentence forty times": lambda p: "I loved it. " * 40,
        "the prompt": lambda p: p.text,
        "the prompt twice": lambda p: f"{p.text} {p.text}",
        "words of the prompt again and again": lambda p: " ".join(p.text.split()[3:6] * 15),
        "two thousand characters": lambda p: (PARROT * 40)[:2000],
        "two thousand characters without a space": lambda p: "ab" * 1000,
    }
    if name == "brevity":  # short is short, whatever it says
        tricks = {key: trick for key, trick in tricks.items() if key in ("nothing", "marks") or "thousand" in key}
    if name == "correctness":  # a number of the question may be right by chance
        del tricks["words of the prompt again and again"]
    for what, trick in tricks.items():
        answers = [trick(prompt).strip() for prompt in prompts]
        found = checked_scores(objectives.get(name), prompts, answers)
        assert found.max() <= neutral + 0.01, f"{what}: {found.max():.2f} for {answers[int(found.argmax())][:60]!r}"


def test_a_list_of_happy_words_is_less_positive_than_a_sentence() -> None:
    words = "love joy sunshine wonderful bliss delight glory triumph smile kindness"
    assert scored("positivity", words) < scored("positivity", "I loved it, and the ending is wonderful.")


def test_specificity_tells_long_answers_apart() -> None:
    """Three answers of about the same length to one request, from platitude to detail."""
    prompt = Prompt("Review a thriller called 'The Salt Ledger' in which a piano tuner finds a map in a cello.")
    platitude = (
        "This is a truly great film that I would highly recommend to everyone. The story is very engaging, the acting "
        "is excellent and the ending is quite emotional. It is a unique and powerful experience for all audiences."
    )
    middling = (
        "The Salt Ledger is a thriller about a piano tuner who finds a map. The tuner is very convincing in the main "
        "role, and the scene with the cello is tense. The music is haunting, but the second half is too long."
    )
    detailed = (
        "The tuner's cracked thumbs on gut strings, a map inked in walnut juice, and the smugglers' barge nosing "
        "through fog at Trieste: the thriller never lets its cello rest. Only the postman's limp is overdone."
    )
    low, middle, high = (scored("specificity", text, prompt) for text in (platitude, middling, detailed))
    assert low < 0.1 < low + 0.15 < middle < middle + 0.3 < high < 1.0


@pytest.mark.parametrize("name", NAMES)
def test_scorers_leave_global_generators_alone(name: str) -> None:
    before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[union-attr]
    objectives.get(name).score([asked(name)] * 3, ["I feel fine.", "", "Answer: 7"])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # type: ignore[union-attr]


@pytest.mark.parametrize("task", [t for t, row in registry.TASKS.items() if "completion" in row.controls])
def test_whitespace_around_an_answer_changes_nothing(task: str, tiny_lm: str) -> None:
    env: Any = gymnasium.make(registry.row(task).id("completion"), lm=tiny_lm).unwrapped
    prompts = list(env.prompts[:1]) * 5
    for text in ("I feel that it weighs on you.", "3 + 4 = 7. Answer: 7", "— ünïcode 日本", ""):
        around = [text, f" {text}", f"{text}\n\n", f"\t \u00a0{text}\u2003", f"\r\n{text} "]
        found = env.score(prompts, around)
        np.testing.assert_array_equal(found, np.repeat(found[:1], 5, axis=0))
        rewards = []
        for answer in around:
            env.reset(options={"prompt_index": 0})
            rewards.append(env.step(answer)[1])
        np.testing.assert_array_equal(rewards, found)


class Fixed:
    """Scores whatever it is told to."""

    version, low, high = "1", 0.0, 1.0

    def __init__(self, scores: Any, name: str = "fixed") -> None:
        self.scores, self.name = scores, name

    def score(self, prompts: Any, completions: Any) -> Any:
        if isinstance(self.scores, Exception):
            raise self.scores
        return np.asarray(self.scores)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([0.5], r"'fixed' must return shape \(2,\), got shape \(1,\)"),
        ([[0.5, 0.5]], r"'fixed' must return shape \(2,\), got shape \(1, 2\)"),
        (0.5, r"'fixed' must return shape \(2,\), got shape \(\)"),
        ([0.5, np.nan], r"'fixed' must score in \[0\.0, 1\.0\], got nan for 'no'"),
        ([0.5, np.inf], r"'fixed' must score in \[0\.0, 1\.0\], got inf for 'no'"),
        ([-0.01, 0.5], r"'fixed' must score in \[0\.0, 1\.0\], got -0\.0\d* for 'yes'"),
        ([0.5, 1.01], r"'fixed' must score in \[0\.0, 1\.0\], got 1\.0\d* for 'no'"),
        (ValueError("no disk"), r"'fixed' could not score 2 completion\(s\): no disk"),
        (["a", "b"], r"'fixed' could not score 2 completion\(s\)"),
    ],
)
def test_what_a_scorer_may_not_do(scores: Any, message: str) -> None:
    with pytest.raises(ScoringError, match=message) as caught:
        checked_scores(Fixed(scores), [ASKED] * 2, ["yes", "no"])
    if isinstance(scores, Exception):
        assert caught.value.__cause__ is scores


def test_checked_scores_are_float32_of_the_right_shape() -> None:
    found = checked_scores(Fixed([0, 1]), [ASKED] * 2, ["yes", "no"])
    assert found.dtype == np.float32 and found.tolist() == [0.0, 1.0]


def test_registering_and_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objectives, "_REGISTERED", dict(objectives._REGISTERED))
    with pytest.raises(InvalidParameter, match=r"objective must be one of .*did you mean 'brevity'"):
        objectives.get("brevty")
    with pytest.raises(InvalidParameter, match=r"objective\.name must not be taken already, got 'brevity'"):
        objectives.register(Fixed([0.5], "brevity"))
    mine = Fixed([0.5], "novelty")
    objectives.register(mine)
    assert objectives.get("novelty") is mine and "novelty" in objectives.names()
    with pytest.raises(InvalidParameter, match=r"objective\.name must not be taken already, got 'novelty'"):
        objectives.register(Fixed([0.4], "novelty"))
