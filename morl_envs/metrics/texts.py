"""Guards: has the text degenerated, or the policy strayed far from the model it started from?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike

from morl_envs.errors import require

__all__ = ["distinct_n", "kl_divergence", "mean_words"]


def distinct_n(texts: Sequence[str], n: int) -> float:
    """Share of the n-grams of `texts` (words between spaces, in lower case) that are different; NaN without any.

    Li et al. (2016), "A diversity-promoting objective function for neural conversation models". It falls as the number
    of words grows: compare it at equal numbers of texts, next to their length.

    >>> distinct_n(["a b a b", "a b"], 2)
    0.5
    """
    require(n >= 1, "n", "must be at least 1", n)
    words = [text.lower().split() for text in texts]
    grams = list(chain.from_iterable(zip(*(row[i:] for i in range(n)), strict=False) for row in words))
    return len(set(grams)) / len(grams) if grams else float("nan")


def mean_words(texts: Sequence[str]) -> float:
    """Mean number of words of `texts`; NaN without any.

    >>> mean_words(["one two", ""])
    1.0
    """
    return float(np.mean([len(text.split()) for text in texts])) if len(texts) else float("nan")


def kl_divergence(log_policy: ArrayLike, log_base: ArrayLike) -> float:
    """Estimate of the Kullback-Leibler divergence of a policy from its base model, in nats an answer.

    The mean over answers drawn from the policy of the difference between the logarithms of the probabilities that the
    policy and the base give them: unbiased, so that small divergences can come out below 0. Infinite if the base cannot
    give an answer that the policy gave.

    Args:
        log_policy: Natural logarithms, shape ``(n,)``.
        log_base: Same shape.

    >>> kl_divergence([-1.0, -2.0], [-2.0, -4.0])
    1.5
    """
    p, q = np.asarray(log_policy, dtype=np.float64), np.asarray(log_base, dtype=np.float64)
    require(p.shape == q.shape and p.size > 0, "log_base", f"must have shape {p.shape}, not empty", q.shape)
    require(bool(np.isfinite(p).all()), "log_policy", "must be finite", p.tolist())
    return float((p - q).mean())
