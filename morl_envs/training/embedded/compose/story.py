"""Two-sentence stories around given words, in the setting that was asked for."""

from __future__ import annotations

import random

from morl_envs.tasks import story
from morl_envs.tasks.drawing import capitalised
from morl_envs.training.embedded.compose import words

__all__ = ["compose"]

_REQUESTS = (
    *story.WORDINGS,
    "Tell a tiny story with these three words: {0}, {1}, {2}.",
    "Make up a very short story about {0}, {1} and {2}.",
    "Write two sentences of a story. It must mention: {0}, {1}, {2}.",
)
_TIMES = ("One morning", "That winter", "Late at night", "After the storm", "On Sunday", "Before sunrise", "Years ago",
          "In the end", "During the fair", "Last spring", "At noon", "One day in May", "On Christmas Eve",
          "Long ago", "When the bells rang", "On the last day")  # fmt: skip
_ASKED = {
    "Set it in winter.": ("The snow lay deep that winter.", "There was ice {place2}.", "It was the coldest winter."),
    "Let it end well.": ("All was well in the end.", "In the end {name} smiled.", "They lived happily after that."),
    "Let it rain.": ("Rain fell {place2}.", "It rained all day.", "The rain would not stop."),
    "Make it a bedtime story.": ("Then {name} fell asleep.", "Good night, said the {adj} moon.", "Sleep well, {name}."),
    "Begin in the morning.": ("It was early in the morning.", "So the morning began."),
    "Somebody should be surprised.": ("What a surprise!", "{Name} was very surprised.", "Nobody had expected that."),
    "Let it happen at sea.": ("The sea was {adj}.", "Far out at sea, a {adj} gull cried.", "The waves were high."),
    "Let there be a secret.": ("It stayed a secret.", "{Name} kept the secret.", "Nobody knew the secret of the {x}."),
    "Set it in a small town.": ("The small town talked of it.", "In a small town, everybody knows."),
    "Let somebody make a mistake.": ("It was a mistake.", "{Name} had made a mistake.", "What a {adj} mistake!"),
}  # fmt: skip
_FIRST = (
    "{Time}, {name} {did} a {a} {place}, next to a {b}.",
    "{Time}, {name} {did} the {a} and the {adj} {b} {place}.",
    "The {a} had been {place} for years when {name} came with a {b}.",
    "{Name} wanted nothing but a {adj} {a} and a {b}.",
    "{Time} the {a} was gone, and {name} saw the {b} {place}.",
    "There was a {adj} {a} {place}, and {name} kept a {b} for it.",
    "{Name} {did} the {a} and the {b}.",
    "{Time}, {name} sold a {a} to buy a {adj} {b}.",
    "Nobody {place} believed that {name} owned a {a} and a {b}.",
    "{Name} {did} a {a} with a {b} and a {x}.",
    "The {adj} {a} belonged to {name}, who {did} it with a {b}.",
    "{Name} {did} a {x}, a {a} fell over, and the {b} was {adj}.",
    "A {a} and a {b} stood {place}, where {name} {did} a {x}.",
)
_SECOND = (
    "The {c} knew why, but it never told.",
    "By evening the {c} belonged to {name2}.",
    "When the {c} broke, {name2} laughed.",
    "From then on, the {adj2} {c} was all that they talked about.",
    "A {c} was the price, and {name2} paid it with tears.",
    "Only the {c} stayed behind.",
    "It was the {c} that saved {name2}.",
    "So {name} gave the {c} away and {did2} the {x}.",
    "The wind took the {c}, and {name2} waved.",
    "Inside it lay a {adj2} {c} with a {x}.",
    "{Name2} {did2} the {c} {place2}.",
    "Then {name2} came with a {adj2} {c}.",
    "A {c}, said {name2}, is better than a {adj2} {x}.",
)
_VERB = (
    "Nobody had to {c} that night.", "Then it was time to {c}.", "All that {name} could do was {c}.",
    "We saw {name2} {c} {place2}.", "To {c} {place2} was forbidden, so they did it in secret.",
    "{Name2} began to {c} like a {adj2} {x}.", "Please {c} with me, said {name2}.", "It is {adj2} to {c} with a {x}.",
)  # fmt: skip
_ADJECTIVE = (
    "It was a {c} night.", "The road home was {c} and long.", "{Name2} felt {c} after that.",
    "The {c} {x} knew the truth.", "{Name} had never been so {c}.", "A {c} {x} was all that {name2} {did2}.",
    "How {c} it was {place2}!", "{Name2} {did2} a {c} {x} {place2}.",
)  # fmt: skip
_PARTIAL = ("{Time}, {name} {did} the {a}.", "{Name} {did} the {b} and smiled.", "The {a} was {adj}.",
            "{Name} {did} a {x} {place}.", "A {adj} {x} waited {place}.")  # fmt: skip
_LISTS = ("{A}, {b}, {c}.", "The {a}, the {b} and the {c}.", "I like {a}, {b} and {c}.")


def compose(rng: random.Random) -> tuple[str, str]:
    """A prompt like the task's, and a story that uses all, some or merely a list of its words."""
    prompt, given = _prompt(rng)
    # three nouns, or two and a verb or an adjective, which get a sentence of their own
    bank: tuple[str, ...] = _SECOND
    verbs, adjectives = {*story.VERBS, *words.VERBS}, {*story.ADJECTIVES, *words.ADJECTIVES}
    other = next((word for word in given if word in verbs or word in adjectives), None)
    if other is not None:
        bank = _VERB if other in verbs else _ADJECTIVE
    nouns = rng.sample([word for word in given if word != other], 3 if other is None else 2)
    slots = _slots(rng, dict(zip("abc", [*nouns, *([other] if other else [])], strict=True)))
    whole = f"{rng.choice(_FIRST)} {rng.choice(bank)}"
    asked = next((ends for setting, ends in _ASKED.items() if prompt.endswith(setting)), ())
    if asked and rng.random() < 0.6:
        whole = f"{whole} {rng.choice(asked)}" if rng.random() < 0.5 else f"{rng.choice(asked)} {whole}"
    text = rng.choices((whole, rng.choice(_PARTIAL), rng.choice(_LISTS)), (16, 3, 1))[0]
    return prompt, words.with_articles(text.format(**slots))


def _prompt(rng: random.Random) -> tuple[str, list[str]]:
    if rng.random() < 0.4:
        asked = story.ask(rng, "train")
        return asked.text, str(asked.reference).split(", ")
    other = rng.choice((None, None, words.VERBS, words.ADJECTIVES))
    given = rng.sample(words.NOUNS, 3 if other is None else 2)
    if other is not None:
        given.append(rng.choice([word for word in other if word not in given]))
    rng.shuffle(given)
    setting = rng.choice((*_ASKED, *[""] * 5))
    return f"{rng.choice(_REQUESTS).format(*given)} {setting}".strip(), given


def _slots(rng: random.Random, given: dict[str, str]) -> dict[str, str]:
    name, name2 = rng.sample(words.NAMES, 2)
    return {
        **given,
        "A": given["a"].capitalize(),
        "name": name,
        "Name": capitalised(name),
        "name2": name2,
        "Name2": capitalised(name2),
        "Time": rng.choice(_TIMES),
        "place": words.place(rng),
        "place2": words.place(rng),
        "did": rng.choice(words.DID),
        "did2": rng.choice(words.DID),
        "adj": rng.choice(words.ADJECTIVES),
        "adj2": rng.choice(words.ADJECTIVES),
        "x": rng.choice(words.NOUNS),
    }
