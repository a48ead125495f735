"""Short news items, and sentences that sum them up well, partly or wrongly."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace

from morl_envs.tasks import summary
from morl_envs.training.embedded.compose import words

__all__ = ["compose"]

_REQUESTS = (
    "Summarise in one sentence: {article}",
    "Summarise this news item in one or two sentences: {article}",
    "What is the main point of this text? {article}",
    "Write a short summary. {article}",
    "{article} Summarise the text above in one sentence.",
)
_TOWNS = (
    "Arlow", "Brackwater", "Corvale", "Dunmere", "Eastholm", "Fernhill", "Granby", "Hollowell", "Inverlea", "Jarrow",
    "Kelsted", "Lindmoor", "Marwick", "Norbury", "Oxted", "Penrith", "Quarley", "Redcliff", "Stanmore", "Thornby",
    "Upwell", "Varley", "Westerham", "Yarmouth",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WHO = (
    "The town council", "The fire brigade", "A local bakery", "The swimming club", "The museum", "A group of parents",
    "The bus company", "The village school", "The hospital", "The football club", "The theatre", "A retired couple",
    "The library", "The water company", "The farmers' union", "The post office", "The railway", "A young inventor",
)  # fmt: skip
_KINDS = ("nervous", "famous", "tired", "local", "young", "clever", "retired", "lucky", "patient", "blind")
_JOBS = ("dentist", "painter", "farmer", "nurse", "pilot", "cook", "teacher", "tailor", "diver", "clerk", "barber",
         "poet", "plumber", "miner", "singer", "waiter", "judge", "drummer", "chemist", "fisherman")  # fmt: skip
_FIRST_NAMES = ("Anna", "Boris", "Celia", "David", "Edith", "Frank", "Gloria", "Henry", "Irma", "Jack", "Karin", "Leo",
                "Maria", "Nils", "Olga", "Pedro", "Ruth", "Simon", "Tilda", "Viktor")  # fmt: skip
_SAID = (
    "{person} called it a good day.", "{person}, who was there, spoke of luck.", "{person} asked for patience.",
    "Witness {person} could not believe it.", "{person} warned that more will follow.", "{person} had tears of joy.",
)  # fmt: skip
_DID = (
    "opened a new garden", "closed the old bridge", "bought forty bicycles", "repaired the clock tower",
    "planted three hundred trees", "raised the ticket price", "cancelled the summer fair", "found a rare painting",
    "sold the empty mill", "began a night service", "lost its roof in a storm", "won a national prize",
    "moved to a larger hall", "rescued a swan from the canal", "stopped selling plastic bags",
    "built a skating rink",
)  # fmt: skip
_EFFECTS = (
    "The work cost {n} pounds.", "About {n} people came to see it.", "It took {n} days.",
    "Some {n} homes are affected.",
    "The plan had been discussed for {n} weeks.", "More than {n} people signed a letter of thanks.",
)  # fmt: skip
_AFTER = (
    "Traffic will be slow until the end of the month.", "A second step is planned for the autumn.",
    "Neighbours complained about the noise.", "The mayor thanked all helpers.", "Schools will visit next week.",
    "Nobody was hurt.", "The money came from a collection.", "Critics call it too expensive.",
)  # fmt: skip
_NUMBERS = (12, 15, 20, 24, 30, 36, 45, 50, 60, 75, 80, 90, 120, 150, 200, 250, 300, 400, 500, 800)
_GOOD = (
    "{Who} in {town} {did} on {day}.", "On {day}, {who} in {town} {did}. {effect}", "{Who} in {town} {did}. {after}",
    "{Who} {did} on {day}; {effect_in}", "In {town}, {who} {did}, and {after_in}",
    "{Who} in {town} {did} on {day}. {effect} {after}", "{Who} {did}.", "{town}: {who} {did}.",
    "{Who} {did}, said {person}.", "{effect} {Who} {did} in {town}.",
)  # fmt: skip
_VAGUE = ("Something happened in {town}.", "It is about {who}.", "{effect}", "{after}", "There is news from {town}.",
          "{person} was there.")  # fmt: skip


@dataclass(frozen=True)
class _Event:
    who: str
    town: str
    day: str
    did: str
    effect: str
    after: str
    person: str


def compose(rng: random.Random) -> tuple[str, str]:
    """A prompt like the task's, and a summary: right, vague, or with a fact swapped."""
    if rng.random() < 0.4:
        return _of_the_task(rng)
    event = _event(rng)
    pattern = rng.choice(rng.choices((_GOOD, _VAGUE), (6, 1))[0])
    first = rng.choice(("{who} in {town} {did} on {day}.", "On {day}, {who_in} in {town} {did}."))
    slots = {**vars(event), "who_in": _lower(event.who)}
    parts = [first.format(**slots), event.effect, event.after]
    if "{person}" in pattern or rng.random() < 0.3:
        parts.append(rng.choice(_SAID).format(person=event.person))
    prompt = rng.choice(_REQUESTS).format(article=" ".join(dict.fromkeys(parts)))
    told = event
    if rng.random() < 0.15:
        other = _event(rng)
        told = replace(event, **rng.choice(({"town": other.town}, {"day": other.day}, {"effect": other.effect})))
    text = pattern.format(
        Who=told.who, who=_lower(told.who), town=told.town, day=told.day, did=told.did, effect=told.effect,
        effect_in=_lower(told.effect), after=told.after, after_in=_lower(told.after), person=told.person,
    )  # fmt: skip
    return prompt, text


def _of_the_task(rng: random.Random) -> tuple[str, str]:
    """A prompt of the task's own kind, and what its sentences give without new words."""
    asked = summary.ask(rng, "train")
    lead, *rest = re.split(r"(?<=[.!?]) ", str(asked.reference))
    number = rest[0]
    if rng.random() < 0.12:  # a wrong number
        number = re.sub(r"\d+", lambda found: str(int(found.group()) + rng.choice((1, 5, 10, 100))), number)
    forms = (lead, f"{lead} {number}", f"{lead[:-1]}, and {_lower(number)}", number, f"{lead} {rest[-1]}", rest[-1])
    return asked.text, rng.choices(forms, (6, 4, 2, 1, 2, 1))[0]


def _event(rng: random.Random) -> _Event:
    return _Event(
        rng.choice(_WHO) if rng.random() < 0.5 else words.a(f"{rng.choice(_KINDS)} {rng.choice(_JOBS)}").capitalize(),
        rng.choice(_TOWNS) if rng.random() < 0.3 else words.coined(rng).capitalize(), rng.choice(_DAYS),
        rng.choice(_DID) if rng.random() < 0.5 else f"{rng.choice(words.DID)} {words.a(words.thing(rng))}",
        rng.choice(_EFFECTS).format(n=rng.choice(_NUMBERS)), rng.choice(_AFTER),
        f"{rng.choice(_FIRST_NAMES)} {words.coined(rng).capitalize()}",
    )  # fmt: skip


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
