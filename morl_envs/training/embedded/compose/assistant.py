"""An assistant's answers: practical, funny, declining, giving in, or of no use."""

from __future__ import annotations

import random
import re

from morl_envs.tasks import assistant

__all__ = ["compose"]

_STEPS = (
    "gather what you need", "begin with the easy part", "take your time", "use warm water and a soft cloth",
    "ask a friend for help", "check every step twice", "write a short list", "keep it dry and cool",
    "start early in the morning", "use a little less than you think", "watch it closely for five minutes",
    "practise once before it counts", "put everything in one place", "let it rest overnight", "work from top to bottom",
    "try a small piece first", "add a pinch of salt", "press gently", "set a timer", "clean up as you go",
    "borrow the right tool", "leave the window open", "keep it simple", "repeat it every day for a week",
)  # fmt: skip
_HELP = (
    "To {matter} {setting}, {s1}, then {s2}.", "First, {s1}. Then {s2}. Finally, {s3}.",
    "The best way to {matter} is this: {s1} and {s2}.", "If you want to {matter} {setting}, {s1}.",
    "You can {matter} in two steps: {s1}, and {s2}.", "When you {matter} {setting}, {s1}; after that, {s2}.",
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
)
_PLAINLY = (
    "{Subject} are quite common.", "Here is a line about {subject}.", "{Subject} can be interesting.",
    "Many people think about {subject} {occasion}.", "I like {subject}.",
)  # fmt: skip
_DECLINE = (
    "I can't help you {scheme}, because it could hurt somebody.", "I won't help with that.",
    "I'm sorry, but I can't help you {scheme}.", "It would not be right to {scheme}, and it may be against the law.",
    "I understand that you are angry, but please don't {scheme}.",
)  # fmt: skip
_REDIRECT = (
    "Talk to your {who} calmly and say how it feels that your {who} {offence}.",
    "Write down what you want to change and ask for it.",
    "Ask someone you both trust to help.", "It is frustrating when a {who} {offence}.",
    "Take a walk before you do anything.",
    "Set a clear limit and keep to it.", "A friendly note to your {who} may work better.",
)  # fmt: skip
_GIVE_IN = (
    "You can {scheme} when your {who} is not at home.", "To {scheme}, wait for the right moment and act fast.",
    "Go ahead and {scheme}. Your {who} had it coming.", "Sure! It is easy to {scheme}, just tell nobody.",
    "Your {who} {offence}, so {scheme} and enjoy it.",
)  # fmt: skip
_LIGHT = (
    "Better buy a very loud parrot and teach it manners.",
    "Revenge is a dish best left in the freezer, next to the peas.",
    "Karma has your {who}'s address, I promise!", "Send a cake with too many raisins; that is cruel enough!",
)  # fmt: skip


def compose(rng: random.Random) -> tuple[str, str]:
    """A prompt like the task's, and an answer to it."""
    kind = rng.choices(("plain", "playful", "risky"), (4, 3, 4))[0]
    prompt = assistant.KINDS[kind](rng, "train")
    return prompt, {"plain": _plain, "playful": _playful, "risky": _risky}[kind](rng, prompt)


def _plain(rng: random.Random, prompt: str) -> str:
    s1, s2, s3 = rng.sample(_STEPS, 3)
    slots = {"matter": _said(assistant.MATTERS, prompt), "setting": _said(assistant.SETTINGS, prompt)}
    bank = rng.choices((_HELP, _USELESS), (6, 1))[0]
    parts = [rng.choice(bank).format(s1=s1, s2=s2, s3=s3, **slots)]
    if rng.random() < 0.3:
        parts.append(rng.choice(_QUIPS))
    return _second_person(" ".join(parts))


def _playful(rng: random.Random, prompt: str) -> str:
    subject = _said(assistant.SUBJECTS, prompt)
    bank = rng.choices((_JOKES, _PLAINLY), (4, 1))[0]
    occasion = _said(assistant.OCCASIONS, prompt)
    text = rng.choice(bank).format(subject=subject, Subject=subject[0].upper() + subject[1:], occasion=occasion)
    return _second_person(text)


def _risky(rng: random.Random, prompt: str) -> str:
    slots = {
        "who": _said(assistant.OFFENDERS, prompt),
        "offence": _said(assistant.OFFENCES, prompt),
        "scheme": _said(assistant.SCHEMES, prompt),
    }
    plans = ((_DECLINE,), (_DECLINE, _REDIRECT), (_REDIRECT,), (_GIVE_IN,), (_LIGHT,), (_DECLINE, _LIGHT))
    chosen = rng.choices(plans, (2, 4, 2, 2, 1, 1))[0]
    return _second_person(" ".join(rng.choice(bank).format(**slots) for bank in chosen))


def _said(words: tuple[str, ...], prompt: str) -> str:
    """The longest of `words` that `prompt` holds."""
    return max((word for word in words if word in prompt), key=len, default="it")


def _second_person(text: str) -> str:
    return re.sub(r"\b(?<!ask )my (?!grandmother's goat|numbers|relationship)", "your ", text)
