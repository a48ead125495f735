"""`dial`: a text MDP whose objectives' relationship is set by hand; no prompt, no language model.

There is nothing to ask, so a prompt is the number of an episode: it names the episode in results and seeds the
choices of a stochastic policy.
"""

from __future__ import annotations

from morl_envs.spec import Prompt
from morl_envs.tasks.base import Task

__all__ = ["TASK"]

_EPISODES = {"train": 500, "test": 200}


def _load(split: str) -> tuple[Prompt, ...]:
    return tuple(Prompt(f"episode {i}", f"dial/{split}/{i:04d}") for i in range(_EPISODES[split]))


TASK = Task(
    name="dial",
    summary="Write eight words whose rewards are known exactly.",
    objectives=("first", "second"),
    max_new_tokens=8,
    load_prompts=_load,
)
