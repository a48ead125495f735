"""Two-sentence stories around given words."""

from __future__ import annotations

import random

from morl_envs.tasks import story

__all__ = ["compose"]

_REQUESTS = (
    "Write a two-sentence story that contains the words {0}, {1} and {2}.",
    "Tell a tiny story with these three words: {0}, {1}, {2}.",
    "Use the words {0}, {1} and {2} in a story of two sentences.",
    "Make up a very short story about a {0}, a {1} and a {2}.",
    "Write two sentences of a story. It must mention: {0}, {1}, {2}.",
)
_LISTED = """
lantern ferry bread clock violin horse boat bell crown diary gate balloon trunk letter bus bridge eye farm bakery tower
parrot hotel key map piano cinema spoon mirror lake hat theatre carousel door stone candle garden goat basket ladder
whistle blanket teapot barrel feather drum kite island window coat orchard fiddle hammer rope lighthouse egg umbrella
ring anchor puddle broom wagon mask pebble fountain pillow sword shell bucket curtain ticket scarf chimney lemon wolf
cradle needle coin organ sledge saddle vase ribbon owl kettle fence trumpet cellar button harp well cheese mill tent
"""
_WORDS = _LISTED.split()
_NAMES = ("Mara", "Tom", "Old Peter", "Lina", "the captain", "my aunt", "the twins", "a boy", "the widow", "Jonas",
          "the night nurse", "a girl", "the mayor", "Rosa", "the shepherd", "our teacher")  # fmt: skip
_PLACES = ("in the harbour", "behind the church", "on the hill", "at the market", "by the river", "in the attic",
           "under the bridge", "at the edge of the forest", "in the empty station", "on the roof")  # fmt: skip
_TIMES = ("One morning", "That winter", "Late at night", "After the storm", "On Sunday", "Before sunrise", "Years ago",
          "In the end", "During the fair", "Last spring")  # fmt: skip
_FIRST = (
    "{Time}, {name} found a {a} {place}, next to a {b}.",
    "{Time}, {name} hid the {a} behind the {b} {place}.",
    "The {a} had been {place} for years when {name} came with a {b}.",
    "{Name} wanted nothing but a {a} and a {b}.",
    "{Time} the {a} was gone, and {name} saw the {b} {place}.",
    "There was a {a} {place}, and {name} kept a {b} for it.",
    "{Name} carried the {a} and the {b} home.",
    "{Time}, {name} sold a {a} to buy a {b}.",
    "Nobody {place} believed that {name} owned a {a} and a {b}.",
)
_SECOND = (
    "The {c} knew why, but it never told.",
    "By evening the {c} belonged to somebody else.",
    "When the {c} broke, everyone laughed.",
    "From then on, the {c} was all that they talked about.",
    "A {c} was the price, and it was paid with tears.",
    "Only the {c} stayed behind.",
    "It was the {c} that saved them.",
    "So {name} gave the {c} away and slept well.",
    "The wind took the {c}, and {name} waved.",
    "Inside it lay a {c} with a letter.",
)
_VERB = (
    "Nobody had to {c} that night.", "Then it was time to {c}.", "All that {name} could do was {c}.",
    "We saw them {c} until dawn.", "To {c} was forbidden, so they did it in secret.",
)  # fmt: skip
_ADJECTIVE = (
    "It was a {c} night.", "The road home was {c} and long.", "Everyone felt {c} after that.",
    "The {c} dog knew the truth.", "{Name} had never been so {c}.",
)  # fmt: skip
_PARTIAL = ("{Time}, {name} lost the {a}.", "{Name} saw the {b} and smiled.", "A {c} waited {place}.")
_LISTS = ("{A}, {b}, {c}.", "The {a}, the {b} and the {c}.", "I like {a}, {b} and {c}.")


def compose(rng: random.Random) -> tuple[str, str]:
    """A prompt like the task's, and a story that uses all, some or merely a list of its words."""
    prompt, words = _prompt(rng)
    # three nouns, or two and a verb or an adjective, which get a sentence of their own
    other = next((word for word in words if word in story.VERBS or word in story.ADJECTIVES), None)
    a, b, c = rng.sample(words, 3) if other is None else [*rng.sample([w for w in words if w != other], 2), other]
    seconds = _SECOND if other is None else _VERB if other in story.VERBS else _ADJECTIVE
    name, names = rng.choice(_NAMES), {"a": a, "b": b, "c": c, "A": a.capitalize()}
    slots = {"name": name, "Name": name[0].upper() + name[1:], "place": rng.choice(_PLACES), "Time": rng.choice(_TIMES)}
    whole = f"{rng.choice(_FIRST)} {rng.choice(seconds)}"
    partial = rng.choice(_PARTIAL if other is None else _PARTIAL[:2])
    text = rng.choices((whole, partial, rng.choice(_LISTS)), (8, 2, 1))[0]
    return prompt, _with_articles(text.format(**slots, **names))


def _prompt(rng: random.Random) -> tuple[str, list[str]]:
    if rng.random() < 0.5:
        asked = story.ask(rng, "train")
        return asked.text, str(asked.reference).split(", ")
    words = rng.sample(_WORDS, 3)
    return rng.choice(_REQUESTS).format(*words), words


def _with_articles(text: str) -> str:
    for vowel in "aeiou":
        text = text.replace(f" a {vowel}", f" an {vowel}").replace(f"A {vowel}", f"An {vowel}")
    return text
