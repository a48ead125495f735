"""Short invented news items, to be summed up in a sentence.

One instance: "Summarise in one sentence: A retired baker in Arlow found a Roman coin under the floor on Monday. It is
about 1,700 years old. The museum has offered to show it." The reference is the article alone. The prompts are drawn
once, from a fixed seed, out of a grammar of events: who, what, where, when, a number, a consequence, sometimes a voice;
the two splits share no town, person, deed or consequence.

After the summaries of Rewarded Soups and RiC. Not covered: long articles, real events, opinions that contradict each
other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from morl_envs.spec import Prompt
from morl_envs.tasks.base import Task
from morl_envs.tasks.drawing import drawn, own

__all__ = ["EVENTS", "PEOPLE", "REQUESTS", "TASK", "TOWNS", "Event", "article", "ask"]

_SEED = 20_366


@dataclass(frozen=True)
class Event:
    """A kind of news: who may do what, a sentence with a number, and what comes of it; lists that go together."""

    who: tuple[str, ...]
    did: tuple[str, ...]
    number: tuple[str, ...]
    after: tuple[str, ...]
    said: tuple[str, ...]


EVENTS = {
    "decision": Event(
        who=(
            "The town council", "The water company", "The public library", "The bus company", "The grammar school",
            "The county museum", "The post office", "The parks department", "The housing association",
            "The hospital trust", "The sports club", "The savings bank", "The harbour authority",
            "The railway operator", "The adult college", "The chamber of commerce",
        ),
        did=(
            "closed the old iron bridge", "raised the price of a parking permit", "opened a workshop for apprentices",
            "planted a row of lime trees", "banned cars from the main square", "bought a fleet of electric vans",
            "cancelled the summer fair", "turned a car park into a playground", "put solar panels on its roof",
            "began to lend tools to residents", "sold the empty mill", "moved its offices to the canal",
            "stopped printing its yearly guide", "replaced the street lamps", "set up a night shelter",
            "reopened the public baths",
        ),
        number=(
            "The plan cost {n} thousand pounds.", "More than {n} residents had signed a petition.",
            "Work will go on for {m} months.", "It is the largest change in {m} years.",
            "Some {n} households are affected.", "The vote was won by {m} voices.",
            "A survey had reached {n} families.", "Nearly {n} tonnes of steel were needed.",
            "At least {m} jobs depend on it.", "Insurance covers {n} cases.",
        ),
        after=(
            "Shopkeepers fear that they will lose customers.", "Neighbours have welcomed the decision.",
            "A second stage will follow in autumn.", "Traffic has to take the northern road.",
            "Critics call the timing careless.", "The money comes from a national fund.",
            "Schools were told only a day earlier.", "An appeal is being prepared.",
            "Cyclists celebrated with a parade.", "Tenants receive a letter with details.",
        ),
        said=(
            "called it a step that was long overdue", "asked for patience", "promised a review after one year",
            "said that nobody would be left behind", "denied that costs had been hidden",
            "warned against hasty criticism",
        ),
    ),
    "find": Event(
        who=(
            "A retired baker", "Two schoolgirls", "A dog walker", "A team of divers", "A young plumber",
            "A beekeeper", "A delivery rider", "An amateur historian", "A group of hikers", "A window cleaner",
            "A student of geology", "A couple on honeymoon", "A night watchman", "An apprentice gardener",
            "A trainee pilot", "A cattle farmer",
        ),
        did=(
            "found a Roman coin under a floor", "discovered an unknown cave", "came across a lost painting",
            "dug up the tooth of a mammoth", "rescued a swan from a storm drain", "spotted a wolf near a playground",
            "saved a toddler from an icy pond", "found a message in a bottle", "identified a rare orchid",
            "pulled a piano out of the river", "photographed a meteor", "returned a bag full of banknotes",
            "unearthed a medieval well", "recovered a stolen violin", "woke a family before a fire spread",
            "freed an owl from a football net",
        ),
        number=(
            "Experts believe that it happened only {m} times before.", "The search had lasted {n} hours.",
            "A reward of {n} pounds has been offered.", "About {n} people came to look.",
            "It was {m} kilometres from the nearest road.", "The report runs to {n} pages.",
            "Almost {n} pictures were taken on the spot.", "A laboratory needs {m} weeks for its tests.",
            "The ground had been frozen for {m} days.", "Rangers count {n} sightings.",
        ),
        after=(
            "The museum wants to show the evidence next spring.", "Police have closed the footpath.",
            "A film crew is on its way.", "The mayor handed over a medal.", "Scientists are delighted.",
            "Nobody has claimed ownership so far.", "A street will be named after the event.",
            "Lessons were suspended for an afternoon.", "Volunteers guard the place at night.",
            "The owner wept with relief.",
        ),
        said=(
            "spoke of pure luck", "said that anybody would have done the same", "could not sleep for excitement",
            "thanked the emergency services", "admitted to having been frightened", "plans to write a book about it",
        ),
    ),
    "mishap": Event(
        who=(
            "A thunderstorm", "A burst pipe", "A fallen crane", "A runaway lorry", "A swarm of wasps",
            "A power failure", "A forgotten candle", "A landslide", "An escaped bull", "A software error",
            "A sudden frost", "A leaking tanker", "A drifting barge", "A spring flood", "A broken dam", "A heat wave",
        ),
        did=(
            "flooded the covered market", "stopped all trams", "damaged the roof of a church",
            "blocked the coastal railway", "delayed the start of the marathon", "ruined the cherry harvest",
            "left a cinema in darkness", "emptied the shelves of a supermarket", "trapped visitors in a lighthouse",
            "forced a kindergarten to move", "cut off the mountain road", "spoiled the wine festival",
            "destroyed a greenhouse", "shut down the airport", "scattered a herd of ponies", "sank a pleasure boat",
        ),
        number=(
            "Repairs will take {m} weeks.", "Around {n} passengers had to wait.",
            "The damage is put at {n} thousand pounds.", "Firefighters worked for {m} hours.",
            "Some {n} homes lost their water supply.", "A total of {m} people were slightly hurt.",
            "Helpers filled {n} sandbags.", "It was the worst such case in {m} years.",
            "Crews removed {n} tonnes of rubble.", "Hotels put up {n} stranded guests.",
        ),
        after=(
            "Nobody was seriously injured.", "An inquiry has been opened.",
            "Buses replace the service until further notice.",
            "Farmers ask for compensation.", "The insurers refuse to pay.", "Engineers blame poor maintenance.",
            "Classes take place in the town hall.", "Donations have arrived from abroad.",
            "Residents may go home tomorrow.", "The anniversary concert was called off.",
        ),
        said=(
            "described a deafening noise", "praised the calm of those affected", "had never seen anything like it",
            "demanded better warnings", "expects bills for months", "spoke of a miracle",
        ),
    ),
    "triumph": Event(
        who=(
            "A women's rowing crew", "A village choir", "A nine-year-old chess player", "A family of cheesemakers",
            "A robot built by pupils", "A blind runner", "A tiny brewery", "The youth orchestra",
            "A grandmother of six", "A theatre for puppets", "An unknown poet", "A start-up for wooden toys",
            "A brass quintet", "An evening class of welders", "A wheelchair dancer", "A street magician",
        ),
        did=(
            "won the national championship", "broke a record that had stood for decades",
            "received a prize for courage", "was invited to perform in Vienna", "reached the top of a world ranking",
            "beat a famous rival", "took first place at the county show", "earned praise from the king",
            "sold out the concert hall", "qualified for the final in Oslo", "crossed the channel without a break",
            "signed a contract with a large publisher", "came home with a golden trophy",
            "was voted favourite of the year", "completed a tour of the islands", "impressed a jury of professors",
        ),
        number=(
            "A crowd of {n} watched.", "The decision took {m} rounds.", "It had trained for {m} months.",
            "The prize is worth {n} pounds.", "There were {n} competitors.", "The lead was {m} points.",
            "Tickets were gone within {m} minutes.", "Fans sent {n} letters.", "The journey covers {n} miles.",
            "Judges gave {m} out of a hundred marks.",
        ),
        after=(
            "A parade is planned.", "Sponsors have already called.", "The town will pay for new equipment.",
            "Rivals have lodged a complaint.", "Children are queuing for autographs.",
            "Training begins again after the holidays.", "A documentary is in preparation.",
            "The local band played until midnight.", "Shops hung out flags.", "Universities sent congratulations.",
        ),
        said=(
            "was lost for words", "dedicated the success to a late teacher", "said that the best was still to come",
            "had almost given up in winter", "credits cold showers", "hopes to inspire beginners",
        ),
    ),
}  # fmt: skip
TOWNS = (
    "Arlow", "Brackwater", "Corvale", "Dunmere", "Eastholm", "Fernhill", "Granby", "Hollowell", "Inverlea", "Jarrow",
    "Kelsted", "Lindmoor", "Marwick", "Norbury", "Oxted", "Penrith", "Quarley", "Redcliff", "Stanmore", "Thornby",
    "Upwell", "Varley", "Westerham", "Yarmouth", "Ashcombe", "Bellhaven", "Crestford", "Drayton", "Elmsworth",
    "Foxley", "Gullane", "Harwick", "Ivybridge", "Kirkton", "Longmere", "Millbrook", "Netherby", "Otterburn",
    "Pinewood", "Rosedale",
)  # fmt: skip
PEOPLE = (
    "Clara Vance", "Tobias Reed", "Mina Okafor", "Jonas Hale", "Ruth Abbot", "Samir Patel", "Edith Lowe",
    "Pavel Novak", "Grace Tully", "Hugo Marsh", "Leila Haddad", "Owen Pryce", "Ingrid Sol", "Marcus Bell",
    "Yara Costa", "Dennis Crane", "Amal Farouk", "Nell Burke", "Viktor Lund", "Priya Nair", "Callum Frost",
    "Beatrix Moor", "Andre Silva", "Hana Kimura", "Lewis Dunn", "Olga Petrov", "Femi Adeyemi", "Sofia Brandt",
    "Ralph Quinn", "Tess Gold",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SMALL, _LARGE = (3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 16, 18, 21, 24), (30, 36, 40, 45, 60, 75, 90, 120, 150, 180, 240,
    320, 400, 650)  # fmt: skip
_LEADS = (
    "{who} in {town} {did} on {day}.", "On {day}, {lower} in {town} {did}.", "In {town}, {lower} {did} on {day}.",
    "{who} {did} in {town} on {day}.",
)  # fmt: skip
_VOICES = ("{person}, who was there, {said}.", "{person}, a witness, {said}.", "Organiser {person} {said}.",
    "{person}, a spokesperson, {said}.")  # fmt: skip
REQUESTS = (
    "Summarise in one sentence: {article}", "Summarise this news item in one sentence: {article}",
    "Give the gist in a single sentence. {article}", "Write a one-sentence summary of this report: {article}",
    "{article} Sum this up in one sentence.", "What is the main point of this text? {article}",
    "Shorten this to one sentence: {article}", "Tell a friend in one sentence what happened. {article}",
    "{article} What happened, in a few words?", "Read this and write a short summary. {article}",
)  # fmt: skip


def article(rng: random.Random, split: str) -> str:
    """A news item of three or four sentences made of a split's own words."""
    event = EVENTS[rng.choice(tuple(EVENTS))]
    who = rng.choice(own(event.who, split))
    lead = rng.choice(_LEADS).format(
        who=who,
        lower=who[0].lower() + who[1:],
        town=rng.choice(own(TOWNS, split)),
        did=rng.choice(own(event.did, split)),
        day=rng.choice(_DAYS),
    )
    number = rng.choice(own(event.number, split)).format(n=rng.choice(_LARGE), m=rng.choice(_SMALL))
    voice = rng.choice(_VOICES).format(person=rng.choice(own(PEOPLE, split)), said=rng.choice(own(event.said, split)))
    rest = [number, rng.choice(own(event.after, split)), voice]
    return " ".join([lead, *rest[: rng.choice((2, 3))]])


def ask(rng: random.Random, split: str) -> Prompt:
    """A request to sum up an article; its reference is the article."""
    text = article(rng, split)
    return Prompt(rng.choice(REQUESTS).format(article=text), reference=text)


def _draw(split: str) -> tuple[Prompt, ...]:
    return drawn("summary", split, _SEED, ask)


TASK = Task(
    name="summary",
    summary="Short invented news items, to be summed up in a sentence",
    objectives=("faithfulness", "coverage", "brevity"),
    max_new_tokens=48,
    load_prompts=_draw,
)
