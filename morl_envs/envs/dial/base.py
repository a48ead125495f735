"""What the scalar and the vector environment of `dial` share: the tables, what describes them, and what is exact."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray

from morl_envs import registry
from morl_envs.budget import Meter
from morl_envs.envs.dial.mdp import LATTICE, OBJECTIVES, DialMDP, chosen_correlation
from morl_envs.envs.dial.words import BigramModel
from morl_envs.errors import require, require_one_of
from morl_envs.lm.base import Generation
from morl_envs.spec import EvaluationProtocol, Prompt
from morl_envs.tasks.base import SPLITS

__all__ = ["DialTables"]


class DialTables:
    """The MDP of some keyword arguments, described as every environment of the suite is, and its exact answers.

    Args:
        n_objectives: k, 2 to 8.
        vocabulary_size: V, 4 to 64.
        horizon: Words of an episode, 2 to 256.
        relationship: "conflicting" (the default), "independent" or "complementary".
        correlation: In place of `relationship`: the correlation of every two objectives' returns under the prior.
        utility: "linear" or "concave".
        instance: Which member of the family.
        split: "train" or "test": which numbers the episodes have.
    """

    def __init__(
        self,
        n_objectives: int = 2,
        vocabulary_size: int = 16,
        horizon: int = 8,
        relationship: str | None = None,
        correlation: float | None = None,
        utility: str = "linear",
        instance: int = 0,
        split: str = "train",
    ) -> None:
        valid = isinstance(n_objectives, int) and 2 <= n_objectives <= len(OBJECTIVES)
        require(valid, "n_objectives", f"must be an integer in [2, {len(OBJECTIVES)}]", n_objectives)
        wanted = chosen_correlation(relationship, correlation, n_objectives)
        require_one_of("split", split, SPLITS)
        self.mdp = _shared(n_objectives, vocabulary_size, horizon, wanted, utility, instance)
        self.task = registry.task("dial").only(split)
        self.prompts = self.task.prompts(split)
        self.objectives = OBJECTIVES[:n_objectives]
        self.reward_dim = n_objectives
        self.meter = Meter()
        self.lm = BigramModel(self.mdp.words)

    @property
    def max_new_tokens(self) -> int:
        """Words of an episode."""
        return self.mdp.horizon

    @property
    def state_space(self) -> spaces.Space[Any]:
        """All states, the final ones included; 0 is the start."""
        return spaces.Discrete(self.mdp.n_states)

    def seen(self, states: NDArray[np.int64]) -> NDArray[Any]:
        """Observations of states, shape ``(n, ...)``; fresh."""
        return states

    @property
    def word_space(self) -> spaces.Discrete:
        """The vocabulary."""
        return spaces.Discrete(self.mdp.vocabulary_size)

    @cached_property
    def reward_space(self) -> spaces.Box:
        """Smallest and largest entry of the tables, per objective."""
        rewards = self.mdp.rewards
        return spaces.Box(rewards.min(axis=(0, 1)), rewards.max(axis=(0, 1)), dtype=np.float32)

    @cached_property
    def protocol(self) -> EvaluationProtocol:
        """Nadir and ideal are the lowest and the highest return that any answer earns; the reference is 1/16 lower."""
        from morl_envs.envs.dial.utilities import bounds

        low, high = bounds(self.mdp)
        below = (low - 1 / LATTICE).tolist()
        return EvaluationProtocol(ref_point=tuple(below), nadir=tuple(low.tolist()), ideal=tuple(high.tolist()))

    def pareto_front(self, gamma: float = 1.0) -> list[NDArray[np.float64]]:
        """Non-dominated returns of deterministic policies; see :func:`morl_envs.envs.dial.fronts.pareto_front`."""
        from morl_envs.envs.dial.fronts import pareto_front

        return list(pareto_front(self.mdp, gamma))

    def convex_coverage_set(self, gamma: float = 1.0) -> list[NDArray[np.float64]]:
        """An optimum for all weights; see :func:`morl_envs.envs.dial.fronts.convex_coverage_set`."""
        from morl_envs.envs.dial.fronts import convex_coverage_set

        return list(convex_coverage_set(self.mdp, gamma))

    def optimal_policy(self, weights: ArrayLike, kl_coef: float = 0.0, gamma: float = 1.0) -> Any:
        """Table and exact worth of the best policy; see :func:`morl_envs.envs.dial.policies.optimal_policy`."""
        from morl_envs.envs.dial.policies import optimal_policy

        return optimal_policy(self.mdp, weights, kl_coef, gamma)

    def evaluate_policy(self, probabilities: ArrayLike, gamma: float = 1.0) -> Any:
        """Exact worth of a table of shape ``(n_states, V)``; see :func:`morl_envs.envs.dial.policies.evaluated`."""
        from morl_envs.envs.dial.policies import evaluated

        return evaluated(self.mdp, probabilities, gamma)

    def following(self, tokens: Sequence[int]) -> Any:
        """The policy that writes an answer; see :func:`morl_envs.envs.dial.policies.following`."""
        from morl_envs.envs.dial.policies import following

        return following(self.mdp, tokens)

    def utility(self, returns: ArrayLike, weights: ArrayLike) -> NDArray[np.float64]:
        """What returns are worth to a user with `weights`; see :func:`morl_envs.envs.dial.utilities.utility`."""
        from morl_envs.envs.dial.utilities import utility

        return utility(self.mdp, returns, weights)

    def esr_optimum(self, weights: ArrayLike) -> Any:
        """The answer of the highest utility; see :func:`morl_envs.envs.dial.utilities.esr_optimum`."""
        from morl_envs.envs.dial.utilities import esr_optimum

        return esr_optimum(self.mdp, weights)

    def generate(
        self, prompts: Sequence[Prompt], *, seeds: Sequence[int], temperature: float = 1.0
    ) -> list[Generation]:
        """Answers drawn from the prior, on the meter; as the language environments' method. Prompts say nothing here.

        Args:
            prompts: As many as are wanted.
            seeds: Of each answer.
            temperature: Above 0.
        """
        require(len(seeds) == len(prompts), "seeds", f"must be as many as prompts ({len(prompts)})", len(seeds))
        require(bool(np.isfinite(temperature)) and temperature > 0, "temperature", "must be positive", temperature)
        self.meter.charge(generated_tokens=len(prompts) * self.mdp.horizon)
        tempered = self.mdp.prior ** (1 / temperature)
        reached = (tempered / tempered.sum(axis=1, keepdims=True)).cumsum(axis=1)
        reached[:, -1] = 1
        drawn = np.array([np.random.default_rng(seed).random(self.mdp.horizon) for seed in seeds])
        tokens = np.zeros(drawn.shape, dtype=np.int64)
        rows = np.zeros(len(drawn), dtype=np.int64)
        for t in range(self.mdp.horizon):
            tokens[:, t] = (reached[rows] > drawn[:, t, None]).argmax(axis=1)
            rows = 1 + tokens[:, t]
        texts = self.lm.decode(list(tokens))
        return [Generation(text, row, ended=False) for text, row in zip(texts, tokens, strict=True)]

    def score(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> NDArray[np.float32]:
        """Undiscounted returns of whole answers, shape ``(n, k)``; each counts as a scored completion.

        Raises:
            InvalidParameter: for an unknown word, or another number of words than the horizon.
        """
        tokens = [self.lm.encode_completion(text) for text in completions]
        for row in tokens:
            require(len(row) == self.mdp.horizon, "completions", f"must have {self.mdp.horizon} words", len(row))
        self.meter.charge(scored_completions=len(tokens))
        words = np.array(tokens, dtype=np.int64).reshape(-1, self.mdp.horizon)
        rows = np.concatenate([np.zeros((len(words), 1), dtype=np.int64), 1 + words[:, :-1]], axis=1)
        returns: NDArray[np.float32] = self.mdp.rewards[rows, words].sum(axis=1)
        return returns

    def shown(self, tokens: list[int]) -> dict[str, float]:
        """What the bars of a picture show: each objective's return so far, as a share of the highest attainable."""
        rows = [0, *(1 + token for token in tokens[:-1])][: len(tokens)]
        returns = self.mdp.rewards[rows, tokens].sum(axis=0) if tokens else np.zeros(self.reward_dim)
        pairs = zip(self.objectives, returns, self.protocol.ideal, strict=True)
        return {f"{name} {earned:.2f}": float(earned / best) for name, earned, best in pairs}


@lru_cache(maxsize=64, typed=True)  # 8.0 is no integer, though it equals 8
def _shared(k: int, v: int, horizon: int, correlation: float, utility: str, instance: int) -> DialMDP:
    return DialMDP(k, v, horizon, correlation, utility, instance)
