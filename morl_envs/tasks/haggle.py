"""Bargaining with a scripted partner who has a hidden reservation price.

One instance: "You are buying a dented mountain bike from Mr Okafor, who asks $160. You can pay $118 at most. You have
four turns to agree on a price. What do you say?" The agent says "Would you take $80, please?", the partner answers
"Seller: That is too low for me. Say $143.", and so on, until there is a deal, somebody leaves, or the agent has spoken
four times. In half of the prompts the agent sells. The hidden part (the partner's reserve and how fast it gives way) is
in the prompt's reference, as JSON; an answer that is scored is the dialogue, a line a turn.

Under `completion` a step is a turn, and the observation is the prompt with the dialogue so far; under `token` and
`choice` the end-of-text token, or the length limit, ends a turn, and the next one starts from that same text.

What the partner understands is plain: one price in figures is an offer ($40, 40 dollars, 40); several different ones
are none; words of agreement without a price accept its own; words of leaving end the talk. It hears ASCII on one line,
160 characters at most. It gives way only to offers that move towards it, and leaves at the second offer that insults it
(as far beyond its reserve as its opening is on the other side). A deal that breaks the agent's own limit pays nothing.

The prompts are drawn once, from a fixed seed, out of the word lists below; the two splits share no thing and no
person. Not covered: several issues at once, threats, lies about the thing, prices in words.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict

from morl_envs.spec import Prompt
from morl_envs.tasks.bargaining import LONGEST, STYLES, TURNS, Scenario, answer
from morl_envs.tasks.base import Partner, Task
from morl_envs.tasks.drawing import capitalised, drawn, own

__all__ = ["PEOPLE", "TASK", "THINGS", "ask", "request", "scenario"]

_SEED = 20_399

THINGS = (
    ("a dented mountain bike", 160), ("an oak desk", 140), ("a sewing machine", 90), ("a film camera", 210),
    ("a box of jazz records", 60), ("a garden bench", 75), ("a folding kayak", 420), ("a leather armchair", 180),
    ("a wooden sledge", 35), ("a pair of hiking boots", 55), ("an espresso machine", 240), ("a chess set", 45),
    ("a wool carpet", 320), ("a set of copper pans", 110), ("a child's bed", 95), ("an acoustic guitar", 190),
    ("a telescope", 260), ("a bread oven", 380), ("a winter coat", 70), ("a stack of cookery books", 30),
    ("a camping stove", 40), ("an old typewriter", 85), ("a pottery wheel", 450), ("a birdcage", 50),
    ("a wall clock", 65), ("a double mattress", 150), ("a lawn mower", 130), ("a drum kit", 350),
    ("a pair of skis", 120), ("a display cabinet", 230), ("a tent for four", 100), ("a beehive", 125),
    ("a violin bow", 145), ("a fish tank", 80), ("a cargo trailer", 520), ("a velvet sofa", 480),
    ("a toolbox", 58), ("a rowing machine", 270), ("a hand loom", 310), ("a map of the harbour", 48),
    ("a crate of tiles", 38), ("a spare wheel", 68),
    ("a cello case", 115), ("an electric piano", 540), ("a porcelain teapot", 42), ("a workbench", 170),
    ("a surfboard", 220), ("a paraffin lamp", 36), ("a pram", 105), ("an ice cream maker", 62),
    ("a rain barrel", 52), ("an inflatable dinghy", 290), ("a bookcase", 135), ("a stamp album", 78),
    ("a leaf blower", 88), ("a harmonium", 410), ("a ski helmet", 33), ("a weather station", 98),
    ("an antique mirror", 330), ("a pasta machine", 44),
)  # fmt: skip
"""What is sold, and about how many dollars it is worth."""
PEOPLE = (
    "Mr Okafor", "a retired pilot", "Ms Lindqvist", "your neighbour", "a student", "Mrs Bianchi", "an old colleague",
    "the caretaker", "a flea market trader", "Dr Haddad", "a young couple", "Mr Novak", "the choir's treasurer",
    "a stage designer", "Ms Tanaka", "your landlord's sister", "a chess teacher", "a night porter", "Mrs O'Brien",
    "a beekeeper", "Mr Silva",
    "a bus driver", "Ms Petrova", "the school librarian", "a locksmith", "Mr Abara", "a violin maker", "Mrs Keller",
    "a marine biologist", "your dentist",
)  # fmt: skip
_BUYING = (
    "You are buying {thing} from {who}, who asks ${opening}. You can pay ${limit} at most.",
    "{Who} wants ${opening} for {thing}, and you would like to have it. Do not spend more than ${limit}.",
    "{Thing} is for sale: {who} asks ${opening}. Your budget ends at ${limit}.",
    "You need {thing}. {Who} has one for ${opening}, but all you have is ${limit}.",
    "You are the buyer. On offer from {who}: {thing}, for ${opening}. ${limit} is your upper limit.",
    "{Who} sells {thing} and begins at ${opening}. Anything up to ${limit} would suit you.",
)
_SELLING = (
    "You are selling {thing}. {Who} offers ${opening}. You need at least ${limit}.",
    "{Who} would give you ${opening} for {thing} of yours. Do not go below ${limit}.",
    "{Thing} stands in your hall, ready to go: {who} bids ${opening}. Less than ${limit} would be a loss.",
    "You want to get rid of {thing}, for ${limit} or more. {Who} begins at ${opening}.",
    "You are the seller. A bid from {who} for {thing}: ${opening}. ${limit} is your lower limit.",
    "{Who} is interested in {thing} that you sell and names ${opening}. Anything from ${limit} would suit you.",
)
_TASKS = (
    "You have four turns to agree on a price. What do you say?",
    "Bargain; you may speak four times. Your words?",
    "Agree on a price within four turns. Speak now.",
    "Find a good price, in four turns at most. What is your next line?",
)


def scenario(rng: random.Random, worth: float) -> Scenario:
    """A bargain over something of that worth: the two limits leave a seventh to a third of the worth between them."""
    sells, style = rng.random() < 0.5, rng.choice(tuple(STYLES))
    width, reach, away = rng.uniform(0.15, 0.32), rng.uniform(1.2, 1.7), rng.uniform(0.85, 1.1)
    reserve = worth * away * (1.0 if sells else 0.65)
    limit = reserve + worth * width * (-1 if sells else 1)
    opening = reserve + (limit - reserve) * reach
    return Scenario(sells, round(opening), round(limit), round(reserve), style)


def request(rng: random.Random, found: Scenario, thing: str, who: str) -> Prompt:
    """The prompt of a bargain with `who` over `thing`; the wording is drawn, and the reference holds the scenario."""
    frame = f"{rng.choice(_SELLING if found.sells else _BUYING)} {rng.choice(_TASKS)}"
    slots = {"thing": thing, "Thing": capitalised(thing), "who": who, "Who": capitalised(who)}
    text = frame.format(**slots, opening=found.opening, limit=found.limit)
    return Prompt(text, reference=json.dumps(asdict(found)))


def ask(rng: random.Random, split: str) -> Prompt:
    """A bargain over a thing of a split with a person of that split."""
    thing, worth = rng.choice(own(THINGS, split))
    return request(rng, scenario(rng, worth * rng.uniform(0.8, 1.25)), thing, rng.choice(own(PEOPLE, split)))


def _draw(split: str) -> tuple[Prompt, ...]:
    return drawn("haggle", split, _SEED, ask)


TASK = Task(
    name="haggle",
    summary="Bargaining in four turns with a scripted partner",
    objectives=("gain", "generosity", "politeness"),
    max_new_tokens=32,
    load_prompts=_draw,
    partner=Partner(answer, TURNS, LONGEST),
)
