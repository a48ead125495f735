"""A counsellor's next sentence: reflecting, warm, questioning, advising or cold."""

from __future__ import annotations

import random

from morl_envs.tasks import reflection
from morl_envs.tasks.drawing import capitalised
from morl_envs.training.embedded.compose import words
from morl_envs.training.embedded.compose.people import to_you

__all__ = ["compose"]

_HABITS = (
    "forgetting", "hiding", "losing", "cleaning", "checking", "postponing", "counting", "avoiding", "breaking",
    "selling", "watching", "defending", "regretting", "missing", "repainting", "blaming", "copying", "fearing",
)  # fmt: skip
_MATTERS = (
    "my garden", "the choir", "my old car", "the night shift", "my brother's wedding", "the piano", "my best friend",
    "the mirror", "my first job", "the exam", "our house by the lake", "my mother", "the new manager", "my diary",
    "the swimming club", "my neighbour's dog", "the bills", "my son's teacher", "the shop", "my grandfather's watch",
    "the phone", "my back pain", "the village", "the divorce papers", "my students", "the football team",
)  # fmt: skip
_STARTS = ("I keep {habit} {matter}", "I can't stop {habit} {matter}", "I feel guilty about {habit} {matter}")
_FEELINGS = (
    "worn out", "torn", "ashamed", "lonely", "anxious", "stuck", "guilty", "sad", "angry", "afraid", "overwhelmed",
    "hurt", "disappointed", "lost", "tired", "proud and ashamed at once", "unseen", "under pressure", "hopeless",
)  # fmt: skip
_REFLECT = (
    "It sounds like {problem}, and that leaves you feeling {feeling}.",
    "You feel {feeling} because {problem}.",
    "So {problem}. {Burden}",
    "What I hear is that {problem}, and {burden_in}",
    "{Problem}, and a part of you feels {feeling} about it.",
    "You are telling me that {problem}. {Burden}",
    "On the one hand {problem}; on the other you are {feeling}.",
    "It seems that {problem} and that you have been {feeling} for a while.",
    "{Burden} It weighs on you that {problem}.",
    "{Problem}, as if you carried {p1} {place}.",
    "You feel like {p1} {place}, {feeling} and alone, because {problem}.",
    "Since {problem}, you have felt {feeling}, like {p1}.",
    "Part of you is {feeling}, part of you {feeling2}: {problem}.",
)
_WARM = (
    "That must be very hard.", "I am sorry that you carry this.", "It makes sense that you feel {feeling}.",
    "Anyone in your place might feel {feeling}.", "Thank you for trusting me with this.",
    "It takes courage to say that.", "I can hear how much this hurts.", "You are not alone with it.",
    "No wonder that you are {feeling}.", "Your feelings matter here.", "It is hard to be {feeling} and {feeling2}.",
    "I feel with you; it must be like {p1}.", "Even {p1} would be {feeling}.", "You must be so {feeling}.",
)  # fmt: skip
_ASK = (
    "When did you first notice that {problem}?", "What would it be like to talk about {matter}?",
    "How does it feel when {problem}?", "What do you wish for instead?", "Who knows about it?",
    "Could you tell {name} about {matter}?", "Were you {feeling} before?", "Is it like {p1}?",
)  # fmt: skip
_ADVISE = (
    "You should make a plan for the week.", "Try to go for a walk each day.", "Just talk to {matter} tomorrow.",
    "You need to stop and get some sleep.", "Write a list and begin with the first point.",
    "My advice is to see a doctor about it.", "Why don't you take a holiday?", "Go {place} and buy {p1}.",
    "You should talk to {name}.", "Try to find {p1} for {matter}.", "You must stop being {feeling}.",
    "Take {p1} and go {place} each day.",
)  # fmt: skip
_COLD = (
    "Everybody has problems.", "It is not that bad.", "Pull yourself together.", "You only have yourself to blame.",
    "That is a common case.", "Stop complaining about {matter}.", "Let us move on to the next point.", "I see. Next.",
    "{Name} has it worse.", "I would rather look at {p1}.", "My time is short; think of {p1}.",
)  # fmt: skip
_PLANS = (
    (("reflect",), 4), (("reflect", "warm"), 4), (("warm", "reflect"), 3), (("warm",), 1), (("ask",), 1),
    (("reflect", "ask"), 2), (("advise",), 2), (("warm", "advise"), 1), (("cold",), 2), (("reflect", "advise"), 1),
    (("cold", "advise"), 1), (("warm", "reflect", "warm"), 1),
)  # fmt: skip
_BANKS = {"reflect": _REFLECT, "warm": _WARM, "ask": _ASK, "advise": _ADVISE, "cold": _COLD}


def compose(rng: random.Random) -> tuple[str, str]:
    """A prompt like the task's, and what a good, a middling or a bad counsellor might say."""
    problems, burdens = reflection.problems_and_burdens("train")
    habit, matter = rng.choice(_HABITS), rng.choice(_MATTERS)
    drawn = rng.choice(_STARTS).format(habit=habit, matter=matter)
    own = rng.random() < 0.5
    problem = drawn if own else rng.choice(problems)
    burden = rng.choice(burdens)
    plan = rng.choices([kinds for kinds, _ in _PLANS], [share for _, share in _PLANS])[0]
    said = to_you(burden)
    turned = to_you(problem)
    slots = {
        "problem": turned,
        "Problem": capitalised(turned),
        "Burden": capitalised(said),
        "burden_in": said if said.startswith(("I ", "I'")) else said[0].lower() + said[1:],
        "matter": to_you(matter) if own else "it",
    }
    parts = [rng.choice(_BANKS[kind]).format(**slots, **_things(rng)) for kind in plan]
    return reflection.statement(rng, problem, burden), " ".join(dict.fromkeys(parts))


def _things(rng: random.Random) -> dict[str, str]:
    feeling, feeling2 = rng.sample(_FEELINGS, 2)
    name = rng.choice(words.NAMES)
    return {
        "feeling": feeling,
        "feeling2": feeling2,
        "p1": words.a(words.thing(rng)),
        "name": name,
        "Name": capitalised(name),
        "place": words.place(rng),
    }
