"""What an agent may spend, and the meter that every environment charges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from morl_envs.errors import BudgetExceeded, require

__all__ = ["Budget", "Meter"]


@dataclass(frozen=True)
class Budget:
    """Upper bounds on what an agent may spend; None is no bound.

    Args:
        scored_completions: Completions that the objectives may score.
        generated_tokens: Tokens that a language model may generate.
        forward_passes: See :class:`Meter`.
    """

    scored_completions: int | None = None
    generated_tokens: int | None = None
    forward_passes: int | None = None

    def __post_init__(self) -> None:
        for name in ("scored_completions", "generated_tokens", "forward_passes"):
            value = getattr(self, name)
            natural = type(value) is int and value >= 0
            require(value is None or natural, name, "must be None or an integer of at least 0", value)


class Meter:
    """Counts what is spent; a charge that would pass the budget raises and is not counted.

    One meter may be shared by several environments, so that an agent pays the same way however it works.

    Attributes:
        scored_completions: Answers that objectives scored.
        generated_tokens: Tokens that a language model drew, or that an agent wrote one by one.
        forward_passes: How often a model computed what follows one text: once for each token that it draws, and once
            for each decision that looked at it, whatever the batch. Agents charge the models that they bring.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self.scored_completions = 0
        self.generated_tokens = 0
        self.forward_passes = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Itself: whoever steps a copy of an environment pays as well."""
        return self

    def charge(self, *, scored_completions: int = 0, generated_tokens: int = 0, forward_passes: int = 0) -> None:
        """Add to the counts.

        Raises:
            BudgetExceeded: naming the count, the budget and what was asked; nothing is counted then.
            InvalidParameter: for a negative amount.
        """
        asked = {
            "scored_completions": scored_completions,
            "generated_tokens": generated_tokens,
            "forward_passes": forward_passes,
        }
        for name, amount in asked.items():
            require(amount >= 0, name, "must be at least 0", amount)
            limit, spent = getattr(self.budget, name), getattr(self, name)
            if limit is not None and spent + amount > limit:
                raise BudgetExceeded(
                    f"{name} must stay within {limit}; {spent} are spent and {amount} more were asked for"
                )
        self.scored_completions += scored_completions
        self.generated_tokens += generated_tokens
        self.forward_passes += forward_passes

    def costs(self) -> dict[str, int]:
        """The counts so far, by name."""
        return {
            "scored_completions": self.scored_completions,
            "generated_tokens": self.generated_tokens,
            "forward_passes": self.forward_passes,
        }
