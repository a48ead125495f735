"""What an objective is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from morl_envs.errors import ScoringError
from morl_envs.spec import Prompt

__all__ = ["Objective", "checked_scores"]


@runtime_checkable
class Objective(Protocol):
    """A noun that grows with goodness, scored on whole answers.

    Attributes:
        name: Lower case, one word.
        version: Raised whenever a score can change.
        low: Smallest score that can occur.
        high: Largest score that can occur.
    """

    name: str
    version: str
    low: float
    high: float

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per completion, shape ``(n,)``, float32, each in ``[low, high]``; pure and batched.

        Raises:
            ScoringError: if a completion cannot be scored; failure is never a number.
        """
        ...


def checked_scores(objective: Objective, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
    """Scores of `objective`, after checking that they are what the protocol promises.

    Raises:
        ScoringError: from the scorer's own error, or naming the objective and what is wrong with its scores.
    """
    try:
        scores = np.asarray(objective.score(prompts, completions), dtype=np.float32)
    except Exception as error:
        raise ScoringError(
            f"objective {objective.name!r} could not score {len(completions)} completion(s): {error}"
        ) from error
    if scores.shape != (len(completions),):
        raise ScoringError(
            f"objective {objective.name!r} must return shape ({len(completions)},), got shape {scores.shape}"
        )
    outside = ~((scores >= objective.low) & (scores <= objective.high))  # also true for NaN
    if outside.any():
        i = int(np.flatnonzero(outside)[0])
        raise ScoringError(
            f"objective {objective.name!r} must score in [{objective.low}, {objective.high}], "
            f"got {scores[i]} for {completions[i][:80]!r}"
        )
    return scores
