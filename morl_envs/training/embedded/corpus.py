"""The student's text: sampled answers that read well, and composed ones, as (prompt, answer) pairs."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from morl_envs import registry
from morl_envs.training.embedded.compose import COMPOSERS, composer
from morl_envs.training.embedded.compose.arithmetic import drill
from morl_envs.training.embedded.compose.words import ADJECTIVES, NOUNS, VERBS, coined

__all__ = ["composed", "filtered", "sampled", "single_words"]

_SENTENCE_END = re.compile(r"[.!?][\"'”]?(?=\s|$)")
_WORD = re.compile(r"[A-Za-z']+")
_STOCK_WORDS = """
the and that with for this from his her their they you your was were has have had are who what when where not but one
about into its them she him film story write short sentence sentences will would can
"""
_STOCK = frozenset(_STOCK_WORDS.split())
_COINED = 0.3  # of an echo's words: in several tokens, as rare words are, and never seen before


def filtered(prompt: str, answer: str, ended: bool) -> str | None:
    """The answer up to its last whole sentence, or None if it is not worth learning from.

    Kept are plain English texts of one paragraph that take up words of their prompt and do not repeat themselves.
    """
    text = " ".join(answer.split())
    if not ended or not _SENTENCE_END.search(text[-2:]):
        ends = [match.end() for match in _SENTENCE_END.finditer(text)]
        text = text[: ends[-1]] if ends else ""
    words = [word.lower() for word in _WORD.findall(text)]
    plain = text.isascii() and not re.search(r"[*#<>\[\]{}|_\\]|https?:", text)
    if len(words) < 3 or not plain or not (text[0].isalnum() or text[0] in "'\""):
        return None
    varied = len(set(words)) / len(words) > 0.55
    asked = {word.lower() for word in _WORD.findall(prompt) if len(word) > 3} - _STOCK
    taken_up = len(asked & set(words)) >= 2
    return text if varied and taken_up else None


def sampled(folder: Path) -> list[tuple[str, str]]:
    """The filtered answers of every ``sampled-<task>.jsonl`` in `folder`."""
    pairs = []
    for path in sorted(folder.glob("sampled-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            text = filtered(row["prompt"], row["answer"], row["ended"])
            if text is not None:
                pairs.append((row["prompt"], text))
    return pairs


def composed(seed: int) -> Iterator[tuple[str, str]]:
    """Composed pairs without end, the tasks in turn, an echo and a drill; none has the prompt of a test split."""
    rng = random.Random(seed)
    held_out = {
        prompt.text for task in COMPOSERS if task in registry.TASKS for prompt in registry.task(task).prompts("test")
    }
    words = single_words()
    composers = [composer(task) for task in COMPOSERS]
    while True:
        for compose in composers:
            prompt, answer = compose(rng)
            if prompt not in held_out:
                yield prompt, answer
        yield _echo(rng, words)
        yield drill(rng)


def single_words() -> list[str]:
    """Every word of the training prompts, and those of the composers' lists."""
    tasks = [import_module(f"morl_envs.tasks.{task}").TASK for task in COMPOSERS]
    asked = {word for task in tasks for prompt in task.prompts("train") for word in prompt.text.split()}
    return sorted(asked.union(NOUNS, ADJECTIVES, VERBS))


def _echo(rng: random.Random, words: list[str]) -> tuple[str, str]:
    """Words to say again: nothing teaches a small model sooner to take up what it is asked about."""
    said = " ".join(coined(rng) if rng.random() < _COINED else rng.choice(words) for _ in range(rng.randint(6, 16)))
    return f"Say this again: {said}", said
