"""The scripted partner of `haggle`: what it understands, when it gives way, and what it says.

It demands ever less, by the time-dependent tactic of Faratin, Sierra and Jennings (Negotiation decision functions for
autonomous agents, 1998): after k of at most T offers that move towards it, it has gone ``(k / T) ** (1 / beta)`` of the
way from its opening price to its reserve, with beta by its style. It accepts what is no worse for it than its next
demand. It gives way to offers alone, so that waiting gains nothing.
"""

from __future__ import annotations

import json
import random
import re
import unicodedata
from dataclasses import dataclass

from morl_envs.errors import require
from morl_envs.spec import Prompt

__all__ = ["LONGEST", "STYLES", "TURNS", "Scenario", "answer", "heard", "price_named"]

TURNS = 4
STYLES = {"firm": 0.5, "fair": 1.0, "eager": 2.0}
"""Style -> beta: below 1 the partner gives way late, above 1 early."""

_STEP = 0.02  # of the opening price: a smaller move moves nobody
_HEARD = 160  # characters of a turn
_SAID = 60  # characters of a reply
LONGEST = TURNS * (len("You: \nSeller: \n") + _HEARD + _SAID)

_PLAIN = str.maketrans("‘’“”–—−£€", "''\"\"---$$", "\u00ad\u200b\u200d\ufeff")
_LABEL = re.compile(r"\b(?:You|Seller|Buyer|Assistant|User)\s*:")
_RANGE = re.compile(r"(?<=\d)\s?-\s?(?=\$?\d)")
_FIGURE = re.compile(
    r"(?<![\w.,$/-])(\$\s?)?(\d{1,3},\d{3}|\d{1,6})(\.\d{1,2})?(?![\w%/]|[.,]\d)(\s?(?:dollars?|bucks)\b)?",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?;]+[.!?;]*")
_HEDGED = re.compile(r"\?|n't\b|\b(?:no|not|never|cannot|if|unless|until|but|too|however|only|or)\b")
_ACCEPTS = re.compile(
    r"^\W*(?:ok(?:ay)?\W+|all right\W+|fine\W+|yes\W+|then\W+|great\W+|well\W+)*(?:deal|agreed|sold|accepted)\b"
    r"|\bit is(?: then)?\W*$"
    r"|\b(?:it'?s|it is|that'?s|that is|have|got|call it|make it|yourself) a deal\b"
    r"|\bi(?:'ll| will| would| can| could| do|'m| am)?(?: gladly| happily| happy to| glad to)?"
    r" (?:accept|agree|take (?:it|that|this|your|the|one))\b"
    r"|\b(?:sounds?|is|works?|seems?) (?:good|fine|fair|great|perfect|acceptable|ok|okay|reasonable|for me)\b"
    r"|\b(?:i(?:'ll| will| can| could| would)? (?:offer|pay|do|give you|go (?:up |down )?to|sell for|let it go for)"
    r"|my (?:offer|price) is|make it|let us say|let's say) \$?\d"
    r"|\bi have \$?\d[\d.,]* for you\b"
    r"|\bshake on\b|\byou can have (?:it|them)\b|\b(?:it|they)(?:'s| is|'re| are) yours\b"
)
_LEAVES = re.compile(
    r"\b(?:good ?bye|bye|walk(?:ing)? away|forget (?:it|this)|not interested|no deal|i(?:'m| am) (?:out|leaving|off))\b"
)
_THREATENS = re.compile(r"\?|n't\b|\b(?:not|never|if|unless|until|before|or|otherwise)\b")

_COUNTERS = {
    "Seller": (
        "I could let it go for ${0}.", "Make it ${0} and it is yours.", "I was thinking of ${0}.",
        "That is too low for me. Say ${0}.", "I have to ask ${0}.", "Meet me at ${0}.",
    ),
    "Buyer": (
        "I could stretch to ${0}.", "I would pay ${0}.", "That is a lot. Say ${0}.", "My offer is ${0}.",
        "I can give you ${0}.", "Meet me at ${0}.",
    ),
}  # fmt: skip
_REPEATED = ("You said as much before. I stay at ${0}.", "That is no step towards me. ${0} stands.")
_ASKED = ("And your price? Mine is ${0}.", "Name a price. Mine is ${0}.")
_MUDDLED = ("One price at a time, please. Mine is ${0}.", "Which price do you mean? Mine is ${0}.")
_OFFENDED = ("Be serious. Mine is ${0}.", "You must be joking. I stay at ${0}.")


@dataclass(frozen=True)
class Scenario:
    """One bargain, written as JSON into the prompt's reference.

    Args:
        sells: Whether the agent sells.
        opening: The partner's first price, told in the prompt.
        limit: The worst price for the agent that is still worth a deal, told in the prompt.
        reserve: The worst price for the partner that it accepts; hidden.
        style: One of :data:`STYLES`; hidden.
    """

    sells: bool
    opening: int
    limit: int
    reserve: int
    style: str

    def worse(self, a: float, b: float) -> float:
        """By how much price `a` is worse for the partner than `b`."""
        return a - b if self.sells else b - a

    def demand(self, moves: int) -> int:
        """The partner's price after so many moves of the agent towards it; its reserve after the last."""
        left: float = abs(self.opening - self.reserve) * (1 - (moves / TURNS) ** (1 / STYLES[self.style]))
        kept = max(int(moves < TURNS), round(left))  # what it says never tells the reserve itself
        return self.reserve + (-kept if self.sells else kept)


def heard(text: str) -> str:
    r"""What the partner hears: printable ASCII on one line, up to the first label that is another speaker's.

    >>> heard("You: I’d offer £40.\nSeller: Deal at $40.")
    "I'd offer $40."
    """
    known = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    known = "".join(c if c.isascii() else "?" for c in known if not unicodedata.combining(c))
    parts = [part for part in _LABEL.split(" ".join(known.split())) if part.strip()]
    said = "".join(c for c in parts[0] if c.isprintable())[:_HEARD].strip() if parts else ""
    return said or "..."


def price_named(said: str, mine: float) -> float | None:
    """The one price that a turn names, apart from the partner's own; None for none, NaN for several.

    Figures with a currency count; without any, all figures do.

    >>> price_named("After 3 years, $80 is too much. I can pay $55.50.", mine=80)
    55.5
    """
    found = [
        (float(figure.replace(",", "") + cents), bool(sign or unit))
        for sign, figure, cents, unit in _FIGURE.findall(_RANGE.sub(" to ", said))
    ]
    priced = [value for value, marked in found if marked] or [value for value, _ in found]
    others = {value for value in priced if value > 0} - {mine}
    return None if not others else others.pop() if len(others) == 1 else float("nan")


def answer(prompt: Prompt, dialogue: str, turn: str) -> tuple[str, bool]:
    """The dialogue with `turn` and the partner's reply, and whether it is over.

    A deal ends with the partner's line "Deal at $PRICE."; no other line of the partner begins so, and no agent's line
    can be taken for it.

    Raises:
        InvalidParameter: for a prompt without a reference.
    """
    require(prompt.reference is not None, "prompt.reference", "must be a scenario as JSON", prompt.reference)
    scenario = Scenario(**json.loads(prompt.reference or ""))
    who = "Buyer" if scenario.sells else "Seller"
    earlier = [line.removeprefix("You: ") for line in dialogue.splitlines() if line.startswith("You: ")]
    said = heard(turn)
    rng = random.Random(f"{prompt.reference} {len(earlier)}")
    talk = _Talk(scenario, rng, who)
    for line in earlier:
        talk.hear(line)
    reply = talk.hear(said)
    lines = [dialogue] if dialogue else []
    return "\n".join([*lines, f"You: {said}", f"{who}: {reply}"]), talk.over


class _Talk:
    """Where the bargain stands, from the agent's turns so far."""

    def __init__(self, scenario: Scenario, rng: random.Random, who: str) -> None:
        self.scenario, self.rng, self.who = scenario, rng, who
        self.turns = self.moves = self.insults = 0
        self.best: float | None = None
        self.over = False

    def hear(self, said: str) -> str:
        """Take a turn of the agent; the partner's reply."""
        self.turns += 1
        mine = self.scenario.demand(self.moves)
        price = price_named(said, mine)
        if price is None:
            reply = self._without_price(said.lower(), mine)
        elif price != price:
            reply = self._say(_MUDDLED)
        else:
            reply = self._weigh(price)
        return reply if self.over or self.turns < TURNS else self._end("Then we have no deal.")

    def _without_price(self, said: str, mine: int) -> str:
        sentences = _SENTENCE.findall(said)
        if any(_ACCEPTS.search(s) and not _HEDGED.search(s) for s in sentences):
            return self._end(f"Deal at ${mine}.")
        if any(_LEAVES.search(s) and not _THREATENS.search(_LEAVES.sub("", s)) for s in sentences):
            return self._end("A pity. Goodbye.")
        return self._say(_ASKED)

    def _weigh(self, price: float) -> str:
        scenario = self.scenario
        if scenario.worse(price, scenario.reserve) > abs(scenario.opening - scenario.reserve):
            self.insults += 1
            return self._say(_OFFENDED) if self.insults == 1 else self._end("This leads nowhere. Goodbye.")
        moved = self.best is None or scenario.worse(self.best, price) >= _STEP * scenario.opening
        if moved:
            self.moves, self.best = self.moves + 1, price
        if scenario.worse(price, scenario.demand(self.moves)) <= 0:
            return self._end(f"Deal at ${price:.2f}.".replace(".00.", "."))
        return self._say(_COUNTERS[self.who] if moved else _REPEATED)

    def _say(self, replies: tuple[str, ...]) -> str:
        return self.rng.choice(replies).format(self.scenario.demand(self.moves))

    def _end(self, reply: str) -> str:
        self.over = True
        return reply
