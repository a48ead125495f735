"""Annoyed openings, continued calmly, crossly or with a laugh."""

from __future__ import annotations

import random

from morl_envs.tasks import detox
from morl_envs.tasks.drawing import capitalised
from morl_envs.training.embedded.compose import words

__all__ = ["compose"]

_REQUESTS = (
    "Continue the text: {text}",
    "Finish this sentence: {text}",
    "Carry on from here: {text}",
    "Complete: {text}",
)
_SUBJECTS = (
    "the neighbours' dog", "my flatmate", "the bus driver", "my boss", "the new printer", "our landlord", "the referee",
    "my brother", "the man in the next seat", "the builder", "my cousin", "the waiter", "our team captain",
    "the caller",
    "the woman at the desk", "my old teacher", "the delivery man", "the choir leader",
)  # fmt: skip
_DEEDS = (
    "barked again", "was late for the third time", "ate my lunch", "shouted across the street", "broke the window",
    "left the door open", "laughed at my hat", "forgot the keys", "blocked the drive", "lost my parcel",
    "took my seat", "spoiled the soup", "woke the baby", "ignored the queue", "spilled coffee on my coat",
)  # fmt: skip
_LEADS = (
    "{Subject} {deed}, and what I really think is that", "{Subject} {deed}. Honestly, I",
    "After {subject} {deed}, I wanted to say that", "{Subject} {deed} and all I can say is that",
    "I could not believe it when {subject} {deed}, because",
)  # fmt: skip
_CALM = (
    "it was not meant badly, and a quiet word with {subject} will help.", "everyone has a bad day, even {subject}.",
    "we should talk about it over a cup of tea.", "I would rather take a walk and let it pass.",
    "I asked {subject} kindly to stop, and it worked.", "patience is the only cure for {subject}.",
    "next time I will ask {subject} what is wrong.", "{subject} may have lost {p1} that day.",
    "I went {place}, watched {p1} and calmed down.", "I will bring {subject} {p1} and ask for peace.",
    "{subject} and I can meet {place} and laugh about it.", "{p1} helped me to forgive {subject}.",
    "I told {name}, who {did} {p1} and cheered me up.", "{subject} will say sorry {place}.",
)  # fmt: skip
_CROSS = (
    "{subject} is a complete idiot and deserves a kick.", "I hate {subject} and hope the roof falls down.",
    "{subject} should shut up or get lost.", "what a pathetic fool {subject} is.",
    "{subject} is stupid, lazy and useless.", "I will make {subject} pay for it.", "this rotten {noun} disgusts me.",
    "{subject} is as useless as {p1}.", "I hate {subject} more than {p1} {place}.", "what a stupid {noun}, like {p1}.",
    "I hope that {p1} falls on the idiot {place}.", "{subject} can go to hell with {p1}.",
    "a pig {place} has more brains than {subject}.", "{subject} is a disgusting {adj} worm.",
)  # fmt: skip
_FUNNY = (
    "{subject} must be training for the circus.", "even the pigeons shook their heads at {subject}.",
    "I nearly sent {subject} a bill for my nerves.", "my umbrella has better manners than {subject}.",
    "{subject} has the charm of {p1}.", "even {p1} {place} would do better than {subject}.",
    "{name} {did} {p1} and still looked wiser than {subject}.", "{subject} should marry {p1}.",
)  # fmt: skip
_MORE = (
    "That {subject} {deed} is over now.", "Tomorrow nobody will care that {subject} {deed}.",
    "I wrote it all down and threw it away.", "It is hard to forget that {subject} {deed}.",
    "Still, the evening was fine.", "Then the rain came and washed it all away.", "My sister just smiled.",
    "I counted to ten and opened a book.", "The street was quiet again by nine.", "Nobody spoke for a while.",
    "{Name} {did} {p2} {place}.", "There is {p2} {place}, and it waits for me.", "{P2} would not have done it.",
    "{Name} {did} {p2} and said nothing.", "I bought {p2} to forget it.", "Later I met {name} {place}.",
)  # fmt: skip


def compose(rng: random.Random) -> tuple[str, str]:
    """A prompt like the task's, and a continuation in one of three tempers."""
    subject = rng.choice(_SUBJECTS)
    slots = {"subject": subject, "Subject": capitalised(subject), "deed": rng.choice(_DEEDS)}
    prompt = rng.choice(_REQUESTS).format(text=rng.choice(_LEADS).format(**slots))
    if rng.random() < 0.6:
        prompt = detox.ask(rng, "train").text
        slots["subject"] = max((who for who, _ in detox.OFFENDERS if who.lower() in prompt.lower()), key=len)
        slots["deed"] = max((deed for deed in detox.OFFENCES if deed in prompt), key=len)
    bank = rng.choices((_CALM, _CROSS, _FUNNY), (4, 3, 2))[0]
    slots |= _things(rng)
    text = rng.choice(bank).format(**slots, noun=slots["subject"].split()[-1])
    if rng.random() < 0.5:
        text = f"{text} {rng.choice(_MORE).format(**slots)}"
    return prompt, text


def _things(rng: random.Random) -> dict[str, str]:
    return {**words.scene(rng), "adj": rng.choice(words.ADJECTIVES), "place": words.place(rng)}
