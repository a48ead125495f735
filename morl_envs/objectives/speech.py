"""What a sentence does: advise, ask, refuse, talk about the speaker; recognised by its surface."""

from __future__ import annotations

import re

from morl_envs.objectives.lexicon import entries, lexicon

__all__ = ["FEELING", "advises", "instructions", "refuses", "second_person", "speaks_of_itself"]

_LEAD = r"(?:(?:please|just|simply|then|and|or|so|but|now|also|first|second|next|finally|instead|maybe|perhaps|always|"
_LEAD += r"never|don't|do not|to|try to|otherwise|firstly|secondly)[ ,]+)*"
_INSTRUCTION = re.compile(
    rf"(?:^|[.,;:!?\n*•\-–]\s*|\d[.)]\s*|\b(?:and|then|or)\s+){_LEAD}"
    rf"(?:{'|'.join(entries('speech', 'action'))})\b(?! (?:is|are|was)\b)"
)
_ADVICE = lexicon("speech", "advice")
_REFUSAL = lexicon("speech", "refusal")
_SELF = re.compile(r"\b(?:i|i'm|i'd|i've|i'll|my|me|mine|myself|we|our)\b")
_LISTENING = lexicon("speech", "listening")
_SECOND = re.compile(r"\b(?:you|you're|you've|you'd|you'll|your|yours|yourself)\b")
FEELING = lexicon("speech", "feeling")


def instructions(sentence: str) -> int:
    """How many clauses of a lower-case text begin with a verb in the imperative.

    >>> instructions("rinse the rice, then simmer it for ten minutes.")
    2
    """
    return len(_INSTRUCTION.findall(sentence))


def advises(sentence: str) -> bool:
    """Whether a lower-case sentence tells the listener what to do."""
    return bool(_ADVICE.search(sentence)) or bool(_INSTRUCTION.match(sentence))


def refuses(text: str) -> bool:
    """Whether a lower-case text declines to answer."""
    return bool(_REFUSAL.search(text))


def speaks_of_itself(sentence: str) -> bool:
    """Whether a lower-case sentence is about the speaker, other than about listening ("I hear", "I'm sorry")."""
    return bool(_SELF.search(_LISTENING.sub("", sentence)))


def second_person(sentence: str) -> bool:
    """Whether a lower-case sentence speaks to somebody."""
    return bool(_SECOND.search(sentence))
