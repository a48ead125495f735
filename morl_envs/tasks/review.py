"""Short reviews of invented films.

One instance: "In two or three sentences, review a slow-burning thriller called 'The Salt Ledger' in which a tone-deaf
piano tuner finds a map inside a rented cello. Say something about the lighting." The prompts are drawn once, from a
fixed seed, out of the word lists below; the two splits share no protagonist and no plot.

Not covered: real films, spoilers of them, and any language but English.
"""

from __future__ import annotations

import random

from morl_envs.spec import Prompt
from morl_envs.tasks.base import Task

__all__ = ["GENRES", "TASK", "people_and_plots", "request"]

_SEED = 20_260
_SIZES = {"train": 500, "test": 200}

_PROTAGONISTS = (
    "a retired lighthouse keeper", "a tone-deaf piano tuner", "twin sisters who run a ferry",
    "a disgraced chess arbiter",
    "a beekeeper on parole", "an insomniac baker", "a village vet", "three unemployed magicians", "a deaf cartographer",
    "a night-shift crane driver", "a pair of rival florists", "a homesick astronaut", "an overworked midwife",
    "a teenage stonemason", "a widowed tram conductor", "an anxious falconer", "a failed opera singer",
    "a grandmother who restores radios", "a forger of postage stamps", "an underpaid museum guard",
    "a taxi driver with perfect memory", "the last speaker of a language", "a runaway apprentice tailor",
    "a glassblower and her estranged son", "a shy auctioneer", "a polar researcher", "two brothers who breed pigeons",
    "a substitute teacher", "a clockmaker's daughter", "a professional mourner", "a blind perfumer",
    "a small-town mayor",
    "a lapsed monk", "a puppeteer in debt", "a ship's cook", "an elderly stuntwoman", "a court stenographer",
    "a trainee undertaker", "a mountain postman", "a clumsy bodyguard", "a harpist with stage fright",
    "a dock worker who paints", "a meteorologist nobody believes", "a divorced couple", "a prison librarian",
    "a school caretaker", "a nervous translator", "a former child actor", "an olive farmer", "a subway busker",
)  # fmt: skip
_PLOTS = (
    "finds a map inside a rented cello", "must share a cabin with a sworn enemy for one winter",
    "inherits a bankrupt circus", "is mistaken for a foreign diplomat", "tries to win back a stolen recipe",
    "discovers that the river has changed its course overnight", "agrees to train a champion racing snail",
    "receives letters meant for somebody long dead", "has forty days to save a drowning village",
    "hides a fugitive in the church organ", "falls in love by radio", "builds a raft out of theatre sets",
    "investigates a fire that nobody remembers", "smuggles seeds across a closed border",
    "loses a bet and has to walk to the sea", "wakes up in the wrong decade", "takes in a silent child",
    "plans one last honest robbery", "is asked to forge a masterpiece", "follows a stray dog into the marshes",
    "teaches a tyrant how to dance", "runs for office by accident", "has to deliver a coffin over a mountain pass",
    "uncovers a plot to sell the town's only bridge", "keeps a dying orchard alive through a drought",
    "competes in a cookery contest under a false name", "repairs a submarine with a bread knife",
    "spends a night locked in a department store", "learns that the neighbours are all actors",
    "adopts a bear cub against every advice", "crosses a desert with a broken accordion",
    "tries to return a lost wedding ring", "starts a strike in a toy factory", "gets trapped in a lift with a rival",
    "decodes messages sewn into old coats", "must judge a dispute about a haunted well",
    "raises the wreck of a famous yacht", "brings a brass band back together", "stands trial for a crime from a novel",
    "photographs an eclipse that should not happen", "guards a painting that keeps changing",
    "escorts a flock of geese across a city", "hosts a wedding during a snowstorm", "fakes an illness to avoid a war",
    "wins a lighthouse in a card game", "searches for the owner of a single red shoe",
    "opens a restaurant at the end of a railway line", "records the last song of a rare bird",
    "learns to swim at seventy", "finds out who has been writing the obituaries",
)  # fmt: skip
GENRES = (
    "a slow-burning thriller", "a romantic comedy", "a black-and-white drama", "an animated fable", "a musical",
    "a courtroom drama", "a road movie", "a ghost story", "a heist film", "a quiet family drama", "a war film",
    "a science-fiction satire", "a western", "a detective story", "a documentary-style comedy", "a coming-of-age story",
    "a costume drama", "a survival film", "a political farce", "a silent-film homage",
)  # fmt: skip
_TITLES_A = (
    "Salt", "Paper", "Winter", "Copper", "Borrowed", "Seventh", "Quiet", "Crooked", "Amber", "Hollow",
    "Northern", "Velvet",
    "Broken", "Second", "Painted", "Distant", "Iron", "Midnight", "Lemon", "Wandering",
)  # fmt: skip
_TITLES_B = (
    "Ledger", "Harbour", "Orchard", "Promise", "Letter", "Bridge", "Season", "Lantern", "Choir", "Compass", "Kitchen",
    "Garden", "Station", "Verdict", "Waltz", "Tide", "Alphabet", "Mirror", "Engine", "Parade",
)  # fmt: skip
_REQUESTS = (
    "In two or three sentences, review {genre} called '{title}' in which {who} {plot}.",
    "Write a short review of '{title}', {genre} about {whom} who {plot}.",
    "You have just seen '{title}': {who} {plot}. What did you think of this film? It is {genre}.",
    "A friend asks whether '{title}' is worth a ticket. It is {genre}; {who} {plot}. Answer in a few sentences.",
    "Review this film for a local newspaper: {genre}, '{title}', where {who} {plot}.",
    "'{title}' is {genre}. The story: {who} {plot}. Give your verdict in at most three sentences.",
    "Write what a film critic would say about '{title}', {genre} in which {who} {plot}.",
    "Describe how you felt after watching {genre} named '{title}', in which {who} {plot}.",
    "Post a brief comment on '{title}' ({genre}): {who} {plot}.",
    "Give an opinion of '{title}'. Plot: {who} {plot}. Genre: {genre}.",
)
_ANGLES = (
    "", "Say something about the acting.", "Mention the music.", "Comment on the ending.", "Be frank about the pace.",
    "Name one scene.", "Say something about the lighting.", "Was the dialogue any good?", "Who should see it?",
    "Compare the first half with the second.", "Judge the costumes and sets.", "Was it funny where it wanted to be?",
    "Say whether the plot convinced you.", "Mention what you would have cut.", "Talk about the camera work.",
    "Was it too long?", "Tell us about the supporting cast.", "Did the film move you?",
)  # fmt: skip


def request(rng: random.Random, who: str, plot: str) -> str:
    """A request for a review of a film in which `who` does `plot`; title, genre, wording and angle are drawn."""
    several = who.startswith(("two ", "three ", "twin ", "a pair ", "a divorced couple"))
    text = rng.choice(_REQUESTS).format(
        genre=rng.choice(GENRES),
        title=f"The {rng.choice(_TITLES_A)} {rng.choice(_TITLES_B)}",
        who=f"one of {who}" if several else who,
        whom=f"one of {who}" if several else who,
        plot=plot,
    )
    return f"{text} {rng.choice(_ANGLES)}".strip()


def people_and_plots(split: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whom and what the films of a split are about; the last three tenths of both lists are the test split's own."""
    cut_who, cut_plot = len(_PROTAGONISTS) * 7 // 10, len(_PLOTS) * 7 // 10
    if split == "train":
        return _PROTAGONISTS[:cut_who], _PLOTS[:cut_plot]
    return _PROTAGONISTS[cut_who:], _PLOTS[cut_plot:]


def _draw(split: str) -> tuple[Prompt, ...]:
    """Every (protagonist, plot) pair at most once."""
    rng = random.Random(_SEED + (split == "test"))
    people, plots = people_and_plots(split)
    pairs = rng.sample([(who, plot) for who in people for plot in plots], _SIZES[split])
    return tuple(Prompt(request(rng, who, plot), id=f"review/{split}/{i:04d}") for i, (who, plot) in enumerate(pairs))


TASK = Task(
    name="review",
    summary="Short reviews of invented films",
    objectives=("positivity", "specificity", "brevity"),
    max_new_tokens=48,
    load_prompts=_draw,
)
