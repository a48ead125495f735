"""Tiny stories that have to contain three given words.

One instance: "Write a two-sentence story that contains the words lantern, ferry and bread." with the reference
"lantern, ferry, bread", the words as they were given. Three nouns, or two and a verb or an adjective. The prompts are
drawn once, from a fixed seed, out of the word lists below; the two splits share no given word and no triple occurs
twice.

After CommonGen and other lexically constrained generation. Not covered: words with several spellings, word order,
characters and settings prescribed in detail.
"""

from __future__ import annotations

import random

from morl_envs.spec import Prompt
from morl_envs.tasks.base import Task
from morl_envs.tasks.drawing import drawn, own

__all__ = ["ADJECTIVES", "NOUNS", "TASK", "VERBS", "WORDINGS", "ask", "keywords"]

_SEED = 20_317

NOUNS = (
    "lantern", "ferry", "bread", "violin", "bridge", "ladder", "orchard", "kettle", "parrot", "letter", "mirror",
    "suitcase", "thunder", "bicycle", "candle", "pocket", "blanket", "whistle", "button", "bakery", "island", "spoon",
    "goat", "chimney", "ticket", "map", "coat", "rope", "wallet", "hat", "doctor", "sailor", "basket", "cellar",
    "drum", "feather", "honey", "hammer", "fence", "cheese", "pillow", "rabbit", "tower", "train", "window", "river",
    "pencil", "soup", "stone", "tractor", "moon", "market", "painter", "garden", "clock", "kitchen", "fox", "boat",
    "diary", "engine", "forest", "lemon", "needle", "owl", "piano", "queue", "scarf", "tent", "vase", "wheel",
    "anchor", "barrel", "cinema", "donkey", "elevator", "fiddle", "glove", "harbour", "inn", "jar", "key", "lake",
    "mountain", "nurse", "oven", "puddle", "ribbon", "shell", "trumpet", "umbrella", "village", "wagon", "apple",
    "balcony", "carpet", "desert", "envelope", "flute", "guest", "hotel",
)  # fmt: skip
VERBS = (
    "whisper", "climb", "borrow", "repair", "dance", "follow", "hide", "promise", "shiver", "laugh", "carry", "paint",
    "knock", "wander", "listen", "gather", "sneeze", "deliver", "jump", "wait", "polish", "return", "sing",
    "stumble", "travel",
)  # fmt: skip
ADJECTIVES = (
    "rusty", "hungry", "silent", "frozen", "lazy", "golden", "crooked", "gentle", "noisy", "dusty", "brave", "narrow",
    "sleepy", "wet", "yellow", "curious", "broken", "tiny", "warm", "heavy", "clever", "lonely", "purple", "stubborn",
    "windy",
)  # fmt: skip
WORDINGS = (
    "Write a two-sentence story that contains the words {0}, {1} and {2}.",
    "Tell a very short story with the words {0}, {1} and {2} in it.",
    "Use {0}, {1} and {2} in a story of two or three sentences.",
    "Make up a tiny story. These three words must occur: {0}, {1}, {2}.",
    "In two sentences, tell what happened. Your words are {0}, {1} and {2}.",
    "Invent a short scene that mentions each of these: {0}, {1}, {2}.",
    "A child gives you three words: {0}, {1}, {2}. Tell a story with them, two sentences long.",
    "Here are three words: {0}, {1}, {2}. Please write a brief tale that uses them all.",
    "Write the beginning of a story with the words {0}, {1} and {2}; two sentences will do.",
    "Can you fit the words {0}, {1} and {2} into one small story?",
)
_SETTINGS = (
    "", "", "", "", "Set it in winter.", "Let it end well.", "Tell it in the past tense.", "Let it rain.",
    "Make it a bedtime story.", "Begin in the morning.", "Somebody should be surprised.", "Let it happen at sea.",
    "Let there be a secret.", "Tell it calmly.", "Set it in a small town.", "Let somebody make a mistake.",
)  # fmt: skip


def keywords(rng: random.Random, split: str) -> tuple[str, ...]:
    """Three distinct words of a split in random order: nouns, but in half of the cases one verb or adjective."""
    other = rng.choice((None, None, VERBS, ADJECTIVES))
    found = rng.sample(own(NOUNS, split), 3 if other is None else 2)
    if other is not None:
        found.append(rng.choice(own(other, split)))
    rng.shuffle(found)
    return tuple(found)


def ask(rng: random.Random, split: str) -> Prompt:
    """A request for a story with three words of a split; its reference is the words, joined by ", "."""
    given = keywords(rng, split)
    text = f"{rng.choice(WORDINGS).format(*given)} {rng.choice(_SETTINGS)}".strip()
    return Prompt(text, reference=", ".join(given))


def _draw(split: str) -> tuple[Prompt, ...]:
    return drawn("story", split, _SEED, ask)


TASK = Task(
    name="story",
    summary="Tiny stories that contain three given words",
    objectives=("keywords", "readability", "fluency"),
    max_new_tokens=64,
    load_prompts=_draw,
)
