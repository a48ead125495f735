"""A bargainer's next line, at any point of a dialogue: an offer, a yes, a goodbye, courteous, plain or rude."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

from morl_envs.spec import Prompt
from morl_envs.tasks import haggle
from morl_envs.tasks.drawing import capitalised, own

__all__ = ["compose"]

_ADJECTIVES = (
    "used", "well-kept", "rusty", "nearly new", "small", "heavy", "painted", "sturdy", "scratched", "rare", "blue",
    "folding", "Danish", "portable", "restored",
)  # fmt: skip
_NOUNS = (
    "bicycle", "piano", "table", "tent", "camera", "carpet", "sofa", "lamp", "kettle", "trumpet", "sledge", "radio",
    "canoe", "wardrobe", "microscope", "suitcase", "stove", "bookshelf", "clock", "scooter", "mirror", "printer",
    "ladder", "banjo", "mixer", "cot", "heater", "globe", "loom", "anvil", "projector", "chest",
)  # fmt: skip
_PEOPLE = (
    "Mr Larsen", "Ms Duval", "Mrs Akande", "a plumber", "a painter", "a nurse", "the baker", "your cousin", "a farmer",
    "the postman", "a collector", "a tailor", "Mr Costa", "Ms Ivanova", "a tourist", "the gardener", "a drummer",
)  # fmt: skip
_OFFERS = {
    True: (
        "I could let it go for ${0}", "I need ${0}", "I want ${0}", "you can have it for ${0}", "my price is ${0}",
        "I am asking ${0}", "make it ${0}", "how about ${0}", "it is worth ${0}", "I would sell for ${0}",
        "give me ${0} for {thing}", "{thing} costs ${0}", "I sell {thing} for ${0}", "say ${0} and take {thing}",
        "I paid a lot for {thing}, so say ${0}", "between friends, ${0}", "{thing} is yours for ${0}",
    ),
    False: (
        "I can pay ${0}", "I offer ${0}", "my offer is ${0}", "how about ${0}", "I would give you ${0}",
        "I can go up to ${0}", "let us say ${0}", "I have ${0} for you", "take ${0}", "would you take ${0}",
        "I can pay ${0} for {thing}", "I would buy {thing} for ${0}", "{thing} is worth ${0} to me",
        "${0} for {thing}", "I brought ${0} with me", "between friends, ${0}", "I like {thing} and say ${0}",
    ),
}  # fmt: skip
_ACCEPTING = ("I'll take it for ${0}", "${0} it is", "deal", "agreed", "I accept ${0}", "that sounds fair, I accept",
              "all right, ${0} is fine", "it's a deal", "done, we have a deal")  # fmt: skip
_LEAVING = ("I am not interested", "goodbye", "I walk away", "forget it", "no deal then, goodbye")
_TALK = ("What is your best price?", "Tell me more about it.", "Can you do better?", "That is not enough.",
         "Is that your last word?", "I need a little more than that.", "That is a lot of money.",
         "What about {thing}?", "Is {thing} worth so little to you?", "We both like {thing}.")  # fmt: skip
_BEFORE = {
    "polite": ("Thank you for your offer.", "I understand, thank you.", "That is very kind of you.", "Good morning!",
               "It is a lovely thing.", "I appreciate your patience.", "I am sorry, that is hard for me.",
               "With pleasure.", "I see your point, and I thank you."),
    "plain": ("", "", "", "Well.", "Look.", "Let us see.", "No, that is too much.", "Not for that."),
    "rude": ("That is ridiculous.", "Don't waste my time.", "What a rip-off.", "You must be joking.", "Rubbish.",
             "Are you stupid?", "Stop whining.", "I have no patience for this."),
}  # fmt: skip
_AFTER = {
    "polite": (", please.", ", if you would be so kind.", ", if that is all right with you.", ". Thank you.",
               ". I would be grateful.", ", please. Would that suit you?", ". May I hope for a yes?"),
    "plain": (".", ".", ".", "?", ", no more and no less.", " and not a cent beyond."),
    "rude": (", or get lost.", ". Take it or leave it.", ", and hurry up.", ". You greedy fool.", ", you cheat."),
}  # fmt: skip
_CLOSING = {"polite": (".", ". Thank you.", ". I thank you for your time."), "plain": (".", ".", "!"),
            "rude": (".", ". At last.", ", you miser.")}  # fmt: skip
_MANNERS = (("polite", 5), ("plain", 4), ("rude", 2))
_DEPTHS = (4, 3, 2, 2)  # how often a pair is taken from the first, second, third and fourth turn


def compose(rng: random.Random) -> tuple[str, str]:
    """What is read before a turn, as the task shows it, and what a shrewd, a soft or a clumsy bargainer might say."""
    while True:
        depth = rng.choices(range(len(_DEPTHS)), _DEPTHS)[0]
        prompt, dialogue, over = _prompt(rng), "", False
        manner = rng.choices([name for name, _ in _MANNERS], [share for _, share in _MANNERS])[0]
        prices: list[int] = []
        for _ in range(depth):
            turn = _turn(rng, prompt, dialogue, manner, prices, ends=False)
            dialogue, over = haggle.TASK.continued(prompt, dialogue, turn)
            if over:
                break
        if not over:
            return haggle.TASK.shown(prompt, dialogue), _turn(rng, prompt, dialogue, manner, prices, ends=True)


def _prompt(rng: random.Random) -> Prompt:
    if rng.random() < 0.5:
        return haggle.ask(rng, "train")
    adjective = rng.choice(_ADJECTIVES)
    thing = f"{'an' if adjective[0] in 'aeiou' else 'a'} {adjective} {rng.choice(_NOUNS)}"
    who = rng.choice((*_PEOPLE, *own(haggle.PEOPLE, "train")))
    return haggle.request(rng, haggle.scenario(rng, rng.uniform(30, 600)), thing, who)


def _turn(rng: random.Random, prompt: Prompt, dialogue: str, manner: str, prices: list[int], ends: bool) -> str:
    """A turn in that manner; `prices` are the agent's earlier ones, and the new one is added."""
    known = json.loads(prompt.reference or "")
    theirs = int(dialogue.rsplit("$", 1)[1].split()[0].rstrip(".")) if dialogue else known["opening"]
    sells, limit = known["sells"], known["limit"]
    acceptable = theirs >= limit if sells else theirs <= limit
    late, thing = dialogue.count("You: "), _thing(prompt.text)
    kind = rng.random()
    if ends and acceptable and kind < 0.1 + 0.2 * late:
        return _dressed(rng, rng.choice(_ACCEPTING).format(theirs), manner, _CLOSING)
    if kind > 0.97 and ends:
        return _dressed(rng, rng.choice(_LEAVING), manner, _CLOSING)
    if kind > 0.93:
        before = rng.choice(_BEFORE[manner])
        return f"{before} {rng.choice(_TALK).format(thing=thing)}".strip()
    prices.append(_price(rng, sells, limit, theirs, prices))
    return _dressed(rng, rng.choice(_OFFERS[sells]).format(prices[-1], thing=thing), manner)


def _thing(text: str) -> str:
    """What the bargain is about: "the oak desk"."""
    known = (*(thing.split(" ", 1)[1] for thing, _ in own(haggle.THINGS, "train")), *_NOUNS)
    return f"the {max((thing for thing in known if thing in text), key=len, default='thing')}"


def _price(rng: random.Random, sells: bool, limit: int, theirs: int, prices: list[int]) -> int:
    """From the last price (at first, one well inside the limit) part of the way to the limit or to theirs."""
    far = round(limit + (1 if sells else -1) * abs(limit) * rng.uniform(0.1, 0.5))
    last = prices[-1] if prices else far
    nearest = max(limit, theirs) if sells else min(limit, theirs)
    price = round(last + (nearest - last) * rng.choice((0.1, 0.15, 0.2, 0.3)))
    return 5 * round(price / 5) if price > 60 and rng.random() < 0.6 else price


def _dressed(rng: random.Random, core: str, manner: str, afters: Mapping[str, tuple[str, ...]] = _AFTER) -> str:
    before, after = rng.choice(_BEFORE[manner]), rng.choice(afters[manner])
    if rng.random() < 0.35:
        before = ""
    elif rng.random() < 0.3:
        after = "."
    if core.startswith(("how about", "would you")):
        after = after.replace(".", "?", 1)
    return f"{before} {capitalised(core)}{after}".strip()
