"""A task as TRL wants it: one reward function an objective, and a data set of prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from morl_envs import objectives
from morl_envs.adapters.outside import extra
from morl_envs.errors import ScoringError, require
from morl_envs.spec import Prompt
from morl_envs.tasks.base import Task

__all__ = ["dataset", "reward_funcs"]

RewardFunc = Callable[..., list[float]]


def reward_funcs(task: Task) -> list[RewardFunc]:
    """One function an objective, in the task's order, named for it; the first asked about a batch scores it for all.

    A function takes `prompts` and `completions` (texts, or conversations whose last message is the answer) and the
    columns of :func:`dataset`, and returns a score per completion. An objective that fails raises.

    Of a task that answers back (`haggle`) a completion has to hold a whole conversation: the agent's turns are its
    messages of the role "assistant", or the lines of a text that begin with "You: ". The partner answers them anew, so
    that no completion can put words into its mouth, and what follows the end does not count. A completion after which
    the partner would still wait for a turn, such as the single turn that a trainer generates by itself, raises
    :class:`morl_envs.errors.ScoringError`: part of a conversation has no score.
    """
    if not task.objectives:
        return []
    held = _Scores(task)
    return [held.column(index, name) for index, name in enumerate(task.objectives)]


def dataset(task: Task, split: str = "train") -> Any:
    """The prompts of a split as a `datasets.Dataset` of conversations; needs the extra `trl`.

    Its columns: ``prompt`` (one user message), ``prompt_id``, ``reference`` (what a verifiable answer must contain).
    """
    rows = [
        {"prompt": [{"role": "user", "content": p.text}], "prompt_id": p.id, "reference": p.reference}
        for p in task.prompts(split)
    ]
    return extra("datasets", "trl").Dataset.from_list(rows)


class _Scores:
    """The scores of the last batch, by every objective of a task."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.scorers = [objectives.get(name) for name in task.objectives]
        self.batch: Any = None
        self.scores = np.zeros((0, len(self.scorers)), dtype=np.float32)

    def column(self, index: int, name: str) -> RewardFunc:
        def score(prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> list[float]:
            found: list[float] = self.of(prompts, completions, columns)[:, index].tolist()
            return found

        score.__name__ = name  # TRL logs it as rewards/<name>
        return score

    def of(self, prompts: Sequence[Any], completions: Sequence[Any], columns: dict[str, Any]) -> Any:
        references = columns.get("reference") or [None] * len(prompts)
        ids = columns.get("prompt_id") or [""] * len(prompts)
        asked = [Prompt(_text(p), id, r) for p, id, r in zip(prompts, ids, references, strict=True)]
        n = len(completions)
        require(n == len(asked), "completions", f"must be as many as prompts ({len(asked)})", n)
        answers = [self.answer(*pair).strip() for pair in zip(asked, completions, strict=True)]
        batch = (asked, answers)
        if batch != self.batch:
            columns_ = [objectives.checked_scores(scorer, asked, answers) for scorer in self.scorers]
            self.scores, self.batch = np.stack(columns_, axis=1), batch
        return self.scores

    def answer(self, prompt: Prompt, completion: Any) -> str:
        """The whole answer: the text, or the dialogue that the agent's turns lead to."""
        if self.task.partner is None:
            return _text(completion)
        dialogue, said = "", _turns(completion)
        for turn in said:
            dialogue, over = self.task.continued(prompt, dialogue, turn)
            if over:
                return dialogue
        raise ScoringError(
            f"completions must hold whole conversations in {self.task.name!r}: after {len(said)} of at most "
            f"{self.task.turns} turns of the agent the partner still waits for one, got {completion!r:.200}"
        )


def _turns(completion: Any) -> list[str]:
    """What the agent says in a completion, turn by turn."""
    if not isinstance(completion, str):
        return [str(message["content"]) for message in completion if message["role"] == "assistant"]
    lines = completion.splitlines()
    return [line.removeprefix("You: ") for line in lines if line.startswith("You: ")] or [completion]


def _text(given: Any) -> str:
    """A text, or the last message of a conversation."""
    return given if isinstance(given, str) else str(given[-1]["content"])
