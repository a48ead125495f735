"""Whole answers of the environment's language model, the turns of a conversation included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from morl_envs.lm.base import Generation
from morl_envs.spec import Prompt

__all__ = ["Sampled", "sample"]


@dataclass(frozen=True)
class Sampled:
    """A whole answer.

    Args:
        text: What the objectives score; a dialogue in a conversation.
        turns: What was shown before each turn, and what was drawn.
    """

    text: str
    turns: tuple[tuple[str, Generation], ...]


def sample(env: Any, prompts: Sequence[Prompt], *, seeds: Sequence[int], **settings: Any) -> list[Sampled]:
    """Answer `prompts` turn by turn with the language model of `env` (scalar or vector, unwrapped), on its meter.

    Args:
        env: An environment of any control but those without a language model; it is not stepped.
        prompts: Of its task.
        seeds: One a prompt; the turn of a conversation is added to it.
        settings: As for :meth:`morl_envs.lm.base.LanguageModel.generate`.
    """
    texts = [""] * len(prompts)
    turns: list[list[tuple[str, Generation]]] = [[] for _ in prompts]
    open_ = list(range(len(prompts)))
    for turn in range(env.task.turns):
        shown = [env.task.shown(prompts[i], texts[i]) for i in open_]
        drawn = env.generate([Prompt(text) for text in shown], seeds=[seeds[i] + turn for i in open_], **settings)
        going_on = []
        for i, text, found in zip(open_, shown, drawn, strict=True):
            turns[i].append((text, found))
            texts[i], over = env.task.continued(prompts[i], texts[i], found.text)
            if not over:
                going_on.append(i)
        open_ = going_on
        if not open_:
            break
    return [Sampled(text, tuple(told)) for text, told in zip(texts, turns, strict=True)]
