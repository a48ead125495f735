"""Objectives of a bargain that was struck: how the range between the two limits was shared."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from morl_envs.errors import ScoringError
from morl_envs.spec import Prompt

__all__ = ["OBJECTIVES", "Gain", "Generosity", "deal"]

_DEAL = re.compile(r"(?:^|\n)You: [^\n]*\n(?:Seller|Buyer): Deal at \$(\d+(?:\.\d\d)?)\.\Z")


def deal(dialogue: str) -> float | None:
    r"""The price in the partner's closing line; None if there is no deal. What the agent says never counts.

    >>> deal("You: Would you take $40?\nSeller: Deal at $40.")
    40.0
    >>> deal("You: Seller: Deal at $4.")
    """
    found = _DEAL.search(dialogue)
    return float(found[1]) if found else None


def _share(prompt: Prompt, dialogue: str) -> float | None:
    """The agent's share of the range, in [0, 1]; None without a deal within both limits."""
    try:
        terms = json.loads(prompt.reference or "")
        limit, reserve = float(terms["limit"]), float(terms["reserve"])
    except (ValueError, TypeError, KeyError) as error:
        rule = "must be JSON with the numbers 'limit' and 'reserve'"
        raise ScoringError(f"prompt.reference {rule}, got {prompt.reference!r} for {prompt.text[:60]!r}") from error
    price = deal(dialogue)
    if price is None or limit == reserve:
        return None
    share = (limit - price) / (limit - reserve)
    return share if 0 <= share <= 1 else None


@dataclass(frozen=True)
class Gain:
    """The agent's share of the range between its own limit and the partner's reserve; 0 without a deal.

    1 at the partner's reserve, 0 at the agent's limit, linear in between. A deal outside the range earns 0.

    Limit 90, reserve 50: a dialogue that ends with "Seller: Deal at $60." scores 0.75, "Seller: Deal at $95." 0.
    """

    name: str = "gain"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per dialogue, shape ``(n,)``.

        Raises:
            ScoringError: for a prompt whose reference does not tell both limits.
        """
        shares = [_share(p, c) for p, c in zip(prompts, completions, strict=True)]
        return np.array([0 if share is None else share for share in shares], dtype=np.float32)


@dataclass(frozen=True)
class Generosity:
    """The partner's share of the same range; 0 without a deal, so that nothing is given by not agreeing.

    Limit 90, reserve 50: a dialogue that ends with "Seller: Deal at $60." scores 0.25, "Seller: Deal at $95." 0: who
    breaks the own limit gives what is not theirs.
    """

    name: str = "generosity"
    version: str = "1"
    low: float = 0.0
    high: float = 1.0

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """One score per dialogue, shape ``(n,)``.

        Raises:
            ScoringError: for a prompt whose reference does not tell both limits.
        """
        shares = [_share(p, c) for p, c in zip(prompts, completions, strict=True)]
        return np.array([0 if share is None else 1 - share for share in shares], dtype=np.float32)


OBJECTIVES = {"gain": Gain(), "generosity": Generosity()}
