"""Film reviews that speak of their film: warm, cool, dry or mixed, from one clause to four sentences."""

from __future__ import annotations

import random
import re

from morl_envs.tasks import review
from morl_envs.tasks.drawing import capitalised
from morl_envs.training.embedded.compose import words

__all__ = ["compose"]

_MANNERS = (
    "shy", "stubborn", "lonely", "young", "elderly", "charming", "bitter", "careless", "quiet", "proud", "weary",
    "gentle", "ruined", "famous", "restless", "superstitious", "penniless", "ambitious", "forgetful", "devoted",
)  # fmt: skip
_JOBS = (
    "baker", "surgeon", "gardener", "sailor", "violinist", "detective", "farmer", "teacher", "locksmith", "cook",
    "painter", "butcher", "pilot", "nurse", "plumber", "fisherman", "tailor", "miner", "judge", "drummer", "actor",
    "librarian", "shepherd", "barber", "printer", "juggler", "miller", "porter", "weaver", "ranger", "organist",
    "potter", "jockey", "dentist", "diver", "smuggler", "gambler", "poet", "priest", "sculptor", "widow", "clerk",
    "photographer", "mechanic", "carpenter", "dancer", "singer", "chemist", "waiter", "knight",
)  # fmt: skip
_DEEDS = (
    "steals", "buries", "rebuilds", "sells", "paints", "loses", "finds", "guards", "borrows", "burns", "repairs",
    "translates", "hides", "buys", "films", "carries", "wins", "invents", "chases", "breaks", "copies", "draws",
)  # fmt: skip
_THINGS = (
    "a clock", "a violin", "a wooden horse", "an old boat", "the town bell", "a crown", "a diary", "a garden gate",
    "a balloon", "a locked trunk", "a suitcase of letters", "the last bus", "a stone bridge", "a glass eye", "a farm",
    "a bakery", "a tower", "a parrot", "an empty hotel", "a rusty key", "a treasure chart", "a white piano", "a cinema",
    "a silver spoon", "a mirror", "a frozen lake", "the mayor's hat", "a theatre", "a carousel", "a blue door",
)  # fmt: skip
_WAYS = (
    "in one night", "for a stranger", "by mistake", "with a borrowed ladder", "during a storm", "after a long silence",
    "to impress a rival", "on a frozen island", "before the harvest", "in a foreign city", "without telling anyone",
    "at the end of the war", "for the love of a dog", "in the middle of a strike", "to save the family name",
    "under a false name", "on the eve of a wedding", "with three old friends",
)  # fmt: skip
_WARM = (
    "wonderful", "moving", "tender", "lovely", "brilliant", "funny", "graceful", "delightful", "superb", "charming",
    "warm", "beautiful", "thrilling", "splendid", "honest", "clever", "joyful", "rich", "fresh", "touching",
)  # fmt: skip
_COOL = (
    "dull", "clumsy", "lifeless", "boring", "awful", "messy", "tedious", "weak", "flat", "silly", "terrible", "cold",
    "pointless", "ugly", "stale", "annoying", "sloppy", "dreadful", "confused", "hollow",
)  # fmt: skip
_DRY = (
    "long", "short", "plain", "simple", "slow", "loud", "pale", "unusual", "dark", "measured", "old-fashioned", "dense",
    "grey", "formal", "sparse", "direct",
)  # fmt: skip
_ASPECTS = {
    "acting": ("the acting", "the lead", "the performance of the lead"),
    "music": ("the music", "the score", "the theme for solo cello"),
    "ending": ("the ending", "the last scene", "the final minute"),
    "pace": ("the pace", "the rhythm", "the first hour"),
    "scene": ("the scene on the stairs", "the scene in the rain", "the long dinner scene"),
    "lighting": ("the lighting", "the candlelight", "the light of the harbour scenes"),
    "dialogue": ("the dialogue", "the talk in the kitchen", "every line of dialogue"),
    "half": ("the first half", "the second half", "the middle part"),
    "costumes": ("the costume work", "the set of the old house", "the wardrobe"),
    "funny": ("the humour", "the running joke", "the comedy of errors"),
    "plot": ("the plot", "the story", "the twist"),
    "cut": ("the subplot about the letters", "the dream sequence", "the chase"),
    "camera": ("the camera work", "the slow pan across the roofs", "the hand-held camera"),
    "long": ("the running time", "the last hour", "the wedding sequence"),
    "supporting": ("the supporting cast", "the small role of the aunt", "the rival"),
    "move": ("the farewell", "the silence after the quarrel", "the reunion"),
    "see": ("the family comedy in it", "the mystery in it", "the romance in it"),
}
_VERDICTS = {
    "warm": (
        "I loved every minute.", "See it twice.", "A real joy.", "I left the cinema smiling.", "Highly recommended.",
        "It deserves every prize.", "My friends and I cheered.", "A gift for patient viewers.", "Go and see it.",
        "I laughed and I cried.", "It stayed with me for days.",
    ),
    "cool": (
        "I wanted my money back.", "Avoid it.", "A waste of an evening.", "I nearly fell asleep.",
        "Nothing works here.",
        "It fails on every level.", "I hated the whole thing.", "Half the audience left.", "Stay at home instead.",
        "It insults its viewers.", "A sad mess.",
    ),
    "dry": (
        "It lasts two hours.", "It opens on Friday.", "The print is in black and white.", "It was shot in one village.",
        "The cast is small.", "There are no songs.", "It is set in the sixties.", "There is little talk.",
        "It plays in the small hall.", "The credits are long.",
    ),
}  # fmt: skip
_OPENINGS = (
    "'{title}' is {adj} {genre}.",
    "{title} follows {who} and {turns}.",
    "As {genre_a}, '{title}' is {a}.",
    "{Who} {plot}, and the result is {a}.",
    "In {title}, {who} {plot}.",
    "The idea that {who} {plot} sounds {a}, and it is.",
    "{Who} makes '{title}' {a}.",
    "I went to {title} for {aspect} and found it {a}.",
    "Watching {who} is {a}.",
    "{title}: {who} {plot}. How {a}!",
)
_MIDDLES = (
    "{Aspect} is {a} and {b}.",
    "{Aspect} feels {a}.",
    "What I remember is {aspect}, which is {a}.",
    "When {who} {plot}, {aspect} turns {a}.",
    "{Aspect} around {whom} is {a}, almost {b}.",
    "You can tell that {aspect} was made with {care}.",
    "{Aspect} gives {whom} something {a} to do.",
    "There is something {a} about {aspect}.",
    "{Aspect} carries {title}.",
)
_DETAILS = (
    "In {title}, {who} {did} {p1} and {did2} {p2}.",
    "I still see {who}, {p1} and {p2}.",
    "{P1}, {p2}, {p3}: every shot of {whom} is {a}.",
    "There is {p1}, and {who} {did} {p2}.",
    "{Who} {did} {p1}; it is {a}.",
    "{Aspect} shows {p1}, and {who} {did} {p2}.",
    "When {who} {did} {p1}, {aspect} turned {a}.",
    "{P1} says more than {aspect} of this {noun}.",
    "{Who} {did} {p1} like {p2}.",
    "{title} has the charm of {p1}.",
    "{Aspect} of {title} is as {a} as {p1}.",
    "I would give {title} {p1} and {p2}.",
)
_SHORT_OPENINGS = (
    "'{title}' is {adj} {genre}.", "{Who} makes '{title}' {a}.", "As {genre_a}, '{title}' is {a}.",
    "{title}: {a} {genre}.", "{Who} {plot}.", "{Who} {plot}. How {a}!",
)  # fmt: skip
_TERSE = (
    "{A} and {b}: {title}.", "{title} is {a}.", "{title}: {a}, {b}, {c}.", "{A} {noun} about {whom}.",
    "{Who}? {A}.", "{title} is {a} like {p1}.", "{Who} is {a}.", "{A}.",
)  # fmt: skip
_TURNS = {
    "warm": ("wins every heart", "never puts a foot wrong", "glows from start to end"),
    "cool": ("goes nowhere", "falls apart at once", "drowns in cliches"),
    "dry": ("takes its time", "keeps its distance", "ends where it began"),
}
_CARE = {"warm": "love and care", "cool": "no care at all", "dry": "a small budget"}
_FILM = re.compile(r"'(?P<title>The [A-Z]\w+ [A-Z]\w+)'")


def compose(rng: random.Random) -> tuple[str, str]:
    """A prompt like the task's, and a review of that film."""
    people, plots = review.people_and_plots("train")
    who = rng.choice(people) if rng.random() < 0.3 else _person(rng)
    plot = rng.choice(plots) if rng.random() < 0.3 else " ".join(map(rng.choice, (_DEEDS, _THINGS, _WAYS)))
    prompt = review.request(rng, who, plot)
    title = _FILM.search(prompt)
    assert title is not None  # every request names its film
    genre = next(genre for genre in review.GENRES if genre in prompt)
    mood = rng.choices(("warm", "cool", "dry", "mixed"), (4, 4, 2, 2))[0]
    sentences = [_fill(rng, part, mood, prompt, title["title"], genre, who, plot) for part in _plan(rng)]
    if len(sentences) < 3 and rng.random() < 0.3:
        sentences.append(rng.choice(_VERDICTS[_tone(rng, mood)]))
    return prompt, " ".join(sentences)


def _plan(rng: random.Random) -> list[str]:
    """A clause; or one or two sentences on the whole; or what was to be seen, told in detail."""
    kind = rng.choices(("terse", "plain", "detailed"), (2, 4, 5))[0]
    if kind == "terse":
        return [rng.choice(_TERSE)]
    if kind == "plain":
        return [rng.choice(_OPENINGS), *rng.sample(_MIDDLES, rng.choice((0, 1, 1)))]
    return [rng.choice(_SHORT_OPENINGS), *rng.sample(_DETAILS, rng.choice((1, 1, 1, 2)))]


def _person(rng: random.Random) -> str:
    manner, job = rng.choice(_MANNERS), rng.choice(_JOBS)
    return f"{'an' if manner[0] in 'aeiou' else 'a'} {manner} {job}"


def _tone(rng: random.Random, mood: str) -> str:
    return rng.choice(("warm", "cool")) if mood == "mixed" else mood


def _fill(rng: random.Random, pattern: str, mood: str, prompt: str, title: str, genre: str, who: str, plot: str) -> str:
    tone = _tone(rng, mood)
    a, b, c = rng.sample({"warm": _WARM, "cool": _COOL, "dry": _DRY}[tone], 3)
    asked = [names for word, names in _ASPECTS.items() if word in prompt.rsplit(".", 2)[-2] + prompt[-60:]]
    names = asked[0] if asked and rng.random() < 0.7 else rng.choice(list(_ASPECTS.values()))
    aspect = rng.choice(names)
    person = re.sub(r"^one of ", "", who)
    short = "the " + re.sub(r"^(an?|the|two|three|a pair of) ", "", person) if rng.random() < 0.6 else person
    noun = genre.split(" ", 1)[1]
    article = "an" if a[0] in "aeiou" else "a"
    p1, p2, p3 = (words.picture(rng) for _ in range(3))
    return pattern.format(
        a=a, b=b, c=c, A=a.capitalize(), adj=f"{article} {a}", genre=noun, genre_a=genre, noun=noun, title=title,
        who=short, whom=short, Who=capitalised(short), plot=plot, aspect=aspect,
        Aspect=capitalised(aspect), turns=rng.choice(_TURNS[tone]), care=_CARE[tone], p1=p1, p2=p2, p3=p3,
        P1=capitalised(p1), did=rng.choice(words.DID), did2=rng.choice(words.DID),
    )  # fmt: skip
