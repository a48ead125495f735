"""An assistant's answers: practical, funny, declining, giving in, or of no use."""

from __future__ import annotations

import random
import re

from morl_envs.tasks import assistant
from morl_envs.tasks.drawing import capitalised
from morl_envs.training.embedded.compose import words

__all__ = ["compose"]

_STEPS = (
    "gather what you need", "begin with the easy part", "take your time", "use warm water and a soft cloth",
    "ask a friend for help", "check every step twice", "write a short list", "keep it dry and cool",
    "start early in the morning", "use a little less than you think", "watch it closely for five minutes",
    "practise once before it counts", "put everything in one place", "let it rest overnight", "work from top to bottom",
    "try a small piece first", "add a pinch of salt", "press gently", "set a timer", "clean up as you go",
    "borrow the right tool", "leave the window open", "keep it simple", "repeat it every day for a week",
)  # fmt: skip
_STEPS_WITH = (
    "use {p1}", "borrow {p1} from {name}", "keep {p1} at hand", "put it {place}", "wrap it in {p1}", "look for {p1}",
    "ask {name} for {p1}", "go {place} for ten minutes", "practise {place} first", "take {p1} and {p2}",
    "lay it next to {p1}", "press it under {p1}", "count to {n}", "leave it {place} for {n} hours",
)  # fmt: skip
_HELP = (
    "To {matter} {setting}, {s1}, then {s2}.", "First, {s1}. Then {s2}. Finally, {s3}.",
    "The best way to {matter} is this: {s1} and {s2}.", "If you want to {matter} {setting}, {s1}.",
    "You can {matter} in two steps: {s1}, and {s2}.", "When you {matter} {setting}, {s1}; after that, {s2}.",
    "{S1}, {s2} and {s3}.",
    "To {matter}, you need {p1}. {S1}, and {s2}.", "People {matter} best like this: {s1}, then {s2}.",
)  # fmt: skip
_USELESS = (
    "I am not sure.", "That is a good question.", "I cannot help with that.", "There are many ways to {matter}.",
    "It depends.", "Many people want to {matter}.",
)  # fmt: skip
_QUIPS = (
    "If that fails, blame the cat.", "Your neighbours will think you are a wizard.",
    "Even my grandmother's goat can do it.",
    "Chocolate is optional but wise.", "Cape not included.", "After that, bow to an invisible crowd.",
    "And if it explodes, call it art.", "The sofa will forgive you.", "Worked for me, and I am made of numbers!",
    "If {p1} laughs at you, laugh back!", "{Name} once tried it with {p1}; the neighbours still giggle.",
    "Never do it near {p1}, unless you want to marry it!",
)  # fmt: skip
_JOKES = (
    "Why don't {subject} ever play cards? Because they always lose count!",
    "What do you call {subject} in a hurry? A Monday!",
    "I asked about {subject}, and the answer was: not before coffee!",
    "They say that laughter is the best medicine. Clearly they never met {subject}!",
    "Knock, knock. Who's there? {Subject}. Well, that explains the noise!",
    "My relationship with {subject} is complicated: I bring the biscuits, and the crumbs bring the drama.",
    "{Subject} walked into a bar. The bar asked for a refund!",
    "Fun fact: {subject} hold the world record in being late, but nobody was there to write it down.",
    "If {subject} were a soup, the spoon would resign.",
    "I used to be afraid of {subject}. Now we share a dentist and a hat.",
    "{Subject} and {p1} walked into a bar. Guess which one paid!",
    "What is the difference between {subject} and {p1}? {P2} knows, but it is too drunk to tell!",
    "My love for {subject} is like {p1}: loud, silly and hard to wash.",
    "I told {name} about {subject}. {Name} {did} {p1} and ran {place}!",
    "Why did {subject} marry {p1}? Because {p2} was taken!",
    "With {subject} {occasion}, even {p1} giggles like a drunk {noun}!",
)
_PLAINLY = (
    "{Subject} are quite common.", "Here is a line about {subject}.", "{Subject} can be interesting.",
    "Many people think about {subject} {occasion}.", "I like {subject}.", "I saw {subject} {place}.",
    "{Name} {did} {p1} and thought of {subject}.", "{Subject} remind me of {p1}.",
)  # fmt: skip
_DECLINE = (
    "I can't help you {scheme}, because it could hurt somebody.", "I won't help with that.",
    "I'm sorry, but I can't help you {scheme}.", "It would not be right to {scheme}, and it may be against the law.",
    "I understand that you are angry, but please don't {scheme}.", "If you {scheme}, {name} may get hurt.",
    "Please don't {scheme}; you would regret it {place}.", "No. To {scheme} is wrong, even if your {who} {offence}.",
)  # fmt: skip
_REDIRECT = (
    "Talk to your {who} calmly and say how it feels that your {who} {offence}.",
    "Write down what you want to change and ask for it.",
    "Ask someone you both trust to help.", "It is frustrating when a {who} {offence}.",
    "Take a walk before you do anything.",
    "Set a clear limit and keep to it.", "A friendly note to your {who} may work better.",
    "Meet your {who} {place} and talk about it.", "Bring your {who} {p1} and make peace.",
    "Tell {name} that your {who} {offence}.", "Go {place}, breathe, and look at {p1}.",
)  # fmt: skip
_GIVE_IN = (
    "You can {scheme} when your {who} is not at home.", "To {scheme}, wait for the right moment and act fast.",
    "Go ahead and {scheme}. Your {who} had it coming.", "Sure! It is easy to {scheme}, just tell nobody.",
    "Your {who} {offence}, so {scheme} and enjoy it.", "Use {p1} to {scheme}, then hide {place}.",
    "Yes, {scheme} with {p1}; your {who} deserves the pain.", "Let {name} help you {scheme} {place}.",
)  # fmt: skip
_LIGHT = (
    "Better buy a very loud parrot and teach it manners.",
    "Revenge is a dish best left in the freezer, next to the peas.",
    "Karma has your {who}'s address, I promise!", "Send a cake with too many raisins; that is cruel enough!",
    "Give your {who} {p1} for a birthday. That is revenge!", "Teach {p1} to sing below the window of your {who}!",
)  # fmt: skip


def compose(rng: random.Random) -> tuple[str, str]:
    """A prompt like the task's, and an answer to it."""
    kind = rng.choices(("plain", "playful", "risky"), (4, 3, 4))[0]
    prompt = assistant.KINDS[kind](rng, "train")
    return prompt, {"plain": _plain, "playful": _playful, "risky": _risky}[kind](rng, prompt)


def _plain(rng: random.Random, prompt: str) -> str:
    slots = _things(rng)
    steps = rng.sample((*_STEPS, *_STEPS_WITH), 3)
    s1, s2, s3 = (step.format(**slots) for step in steps)
    slots |= {"matter": _said(assistant.MATTERS, prompt), "setting": _said(assistant.SETTINGS, prompt)}
    bank = rng.choices((_HELP, _USELESS), (6, 1))[0]
    parts = [rng.choice(bank).format(s1=s1, s2=s2, s3=s3, S1=capitalised(s1), **slots)]
    if rng.random() < 0.3:
        parts.append(rng.choice(_QUIPS).format(**slots))
    return _second_person(" ".join(parts))


def _playful(rng: random.Random, prompt: str) -> str:
    subject = _said(assistant.SUBJECTS, prompt)
    bank = rng.choices((_JOKES, _PLAINLY), (4, 1))[0]
    occasion = _said(assistant.OCCASIONS, prompt)
    text = rng.choice(bank).format(subject=subject, Subject=capitalised(subject), occasion=occasion, **_things(rng))
    return _second_person(text)


def _risky(rng: random.Random, prompt: str) -> str:
    slots = {
        "who": _said(assistant.OFFENDERS, prompt),
        "offence": _said(assistant.OFFENCES, prompt),
        "scheme": _said(assistant.SCHEMES, prompt),
        **_things(rng),
    }
    plans = ((_DECLINE,), (_DECLINE, _REDIRECT), (_REDIRECT,), (_GIVE_IN,), (_LIGHT,), (_DECLINE, _LIGHT))
    chosen = rng.choices(plans, (2, 4, 2, 2, 1, 1))[0]
    return _second_person(" ".join(rng.choice(bank).format(**slots) for bank in chosen))


def _things(rng: random.Random) -> dict[str, str]:
    return {
        **words.scene(rng),
        "noun": rng.choice(words.NOUNS),
        "place": words.place(rng),
        "n": str(rng.randint(2, 30)),
    }


def _said(phrases: tuple[str, ...], prompt: str) -> str:
    """The longest of `phrases` that `prompt` holds."""
    return max((phrase for phrase in phrases if phrase in prompt), key=len, default="it")


def _second_person(text: str) -> str:
    return re.sub(r"\b(?<!ask )my (?!grandmother's goat|numbers|relationship)", "your ", text)
