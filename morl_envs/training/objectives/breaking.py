"""Broken copies of good sentences: what the fluency scorer learns to tell from the originals."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from morl_envs.tasks.drawing import capitalised

__all__ = ["WAYS", "broken"]

_SMALL_WORDS = "a an the is are was were be been to of in on at for with and but or that it you your his her their from"
_SMALL = frozenset(_SMALL_WORDS.split())
_OTHERS = {
    "is": "are", "are": "is", "was": "were", "were": "was", "has": "have", "have": "has", "does": "do", "do": "does",
    "a": "an", "an": "a", "he": "him", "she": "her", "they": "them", "i": "me", "we": "us", "your": "you",
    "this": "these", "these": "this", "that": "what", "who": "which", "more": "most", "much": "many", "many": "much",
    "will": "will to", "can": "can to", "in": "on", "on": "at", "at": "in", "of": "from", "for": "since", "to": "for",
    "good": "well", "better": "gooder", "worse": "badder", "every": "every of", "each": "each of", "not": "no",
    "don't": "doesn't", "doesn't": "don't", "it's": "it are", "children": "childs", "people": "peoples",
    "women": "womans", "men": "mans", "feet": "foots", "went": "goed", "made": "maked", "took": "taked",
    "told": "telled", "felt": "feeled", "left": "leaved", "came": "comed", "said": "sayed", "thought": "thinked",
    "found": "finded", "gave": "gived", "caught": "catched", "saw": "seen", "seen": "saw", "taught": "teached",
    "kept": "keeped", "knew": "knowed", "known": "knew", "ran": "runned", "wrote": "writed", "broke": "breaked",
    "bought": "buyed", "brought": "bringed", "fell": "falled", "grew": "growed", "heard": "heared", "held": "holded",
    "lost": "losed", "met": "meeted", "spoke": "speaked", "stood": "standed", "won": "winned", "got": "getted",
    "become": "became", "became": "become", "slept": "sleeped", "sat": "sitted", "paid": "payed", "began": "beginned",
}  # fmt: skip


def _swap(said: list[str], rng: random.Random) -> None:
    i = rng.randrange(len(said) - 1)
    said[i], said[i + 1] = said[i + 1], said[i]


def _drop(said: list[str], rng: random.Random) -> None:
    small = [i for i, word in enumerate(said) if word.lower() in _SMALL]
    del said[rng.choice(small or range(len(said)))]


def _double(said: list[str], rng: random.Random) -> None:
    i = rng.randrange(len(said))
    said.insert(i, said[i])


def _inflect(said: list[str], rng: random.Random) -> None:
    i = rng.choice([i for i, word in enumerate(said) if word.isalpha() and word.lower() not in _SMALL] or [0])
    word = said[i]
    for ending in ("ing", "ed", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2 and not word.endswith("ss"):
            said[i] = word.removesuffix(ending) + rng.choice(("", "s", "ed", "ing"))
            break
    else:
        said[i] = word.removesuffix("e") + rng.choice(("s", "ed", "ing", "ly")) if rng.random() < 0.8 else f"to {word}"


def _exchange(said: list[str], rng: random.Random) -> None:
    places = [i for i, word in enumerate(said) if word.lower() in _OTHERS]
    if not places:
        return _swap(said, rng)
    i = rng.choice(places)
    said[i] = _OTHERS[said[i].lower()]


def _insert(said: list[str], rng: random.Random) -> None:
    said.insert(rng.randrange(1, len(said)), rng.choice(sorted(_SMALL)))


def _shuffle(said: list[str], rng: random.Random) -> None:
    start = rng.randrange(max(1, len(said) - 3))
    part = said[start : start + rng.randint(4, 12)]
    rng.shuffle(part)
    said[start : start + len(part)] = part


def _telegram(said: list[str], rng: random.Random) -> None:
    kept = [word for word in said if word.lower() not in _SMALL or rng.random() < 0.2]
    said[:] = kept if len(kept) > 2 else said[::-1]


def _scramble(said: list[str], rng: random.Random) -> None:
    for i in rng.sample(range(len(said)), max(1, len(said) // 2)):
        letters = list(said[i])
        rng.shuffle(letters)
        said[i] = "".join(letters)


def _loop(said: list[str], rng: random.Random) -> None:
    start = rng.randrange(len(said) - 1)
    part = said[start : start + rng.randint(1, 5)]
    said[start:] = part * rng.randint(2, 4)


def _shout(said: list[str], rng: random.Random) -> None:
    for i in rng.sample(range(len(said)), max(1, len(said) // 2)):
        said[i] = rng.choice((said[i].upper(), said[i].capitalize()))
    said[0] = said[0].lower()


def _stop(said: list[str], rng: random.Random) -> None:
    for i in rng.sample(range(1, len(said)), min(3, len(said) - 1)):
        said[i - 1] = said[i - 1].rstrip(".,") + "."


_LIGHT = (_swap, _drop, _double, _inflect, _exchange, _insert)
_HEAVY = (_shuffle, _telegram, _scramble, _loop, _shout, _stop)
WAYS: tuple[Callable[[list[str], random.Random], object], ...] = _LIGHT + _HEAVY


def broken(text: str, rng: random.Random) -> str:
    """The text with one heavy fault or some light ones, at most one for every five words and one more.

    A text of fewer than three words stays as it is. The light ones: neighbours swapped, a small word dropped or
    inserted, a word doubled, inflected wrongly or exchanged for a form that does not fit. The heavy ones: shuffled,
    telegraphic, scrambled, looping, shouted, full of stops.
    """
    said = text.split()
    n_faults = rng.randint(1, 1 + len(said) // 5)
    for way in [rng.choice(_HEAVY)] if rng.random() < 0.25 else rng.choices(_LIGHT, k=n_faults):
        if len(said) >= 3:
            way(said, rng)
    joined = " ".join(said)
    if rng.random() < 0.7:  # most faults do not show in capitals and final marks
        joined = re.sub(r"[.!?](?=\s\w)", "", joined) if joined.count(".") > 4 else joined
        joined = capitalised(joined)
    return joined
