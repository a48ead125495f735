"""`dial` as a Gymnasium environment with a vector reward."""

from __future__ import annotations

from collections.abc import Iterator
from operator import index
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from morl_envs.envs.dial.base import DialTables
from morl_envs.envs.options import check_options, prompt_index
from morl_envs.envs.render import MODES, picture, words
from morl_envs.errors import require, require_one_of

__all__ = ["DialEnv", "StateNumber"]


class StateNumber(int):
    """The number of a state, which is also the sequence of itself.

    Tabular code indexes its tables by ``tuple(observation)`` (MORL-Baselines' Q-learning) or by
    ``numpy.ravel_multi_index(observation, shape)`` (its Pareto Q-learning); both refuse a plain int.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[int]:
        yield int(self)

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> int:
        return (int(self),)[index]


class DialEnv(DialTables, gymnasium.Env[Any, Any]):
    """A text MDP with exact ground truth and no language model.

    ## Description
    The agent writes a text of `horizon` words from a small vocabulary. Each word earns a reward vector that depends on
    the word and on the one before it; the tables are drawn once per `instance`. How the objectives relate is set by
    hand: `correlation` is the correlation of every two objectives' returns under the prior, a bigram model that leans
    on the order adjective, noun, verb, adverb, and from which KL-regularised policies may not stray for free.

    Everything is known exactly: ``env.unwrapped.pareto_front(gamma)``, ``convex_coverage_set(gamma)``,
    ``optimal_policy(weights, kl_coef)``, ``evaluate_policy(probabilities)``, ``utility(returns, weights)`` and
    ``esr_optimum(weights)``. ``next_token_logits`` are the prior's log-probabilities.

    ## Observation Space
    `Discrete(1 + horizon * vocabulary_size)`: 0 at the start, ``1 + (t - 1) * vocabulary_size + w`` after `t` words of
    which the last is `w`. It is a Markov state, so that tabular methods plug in; `morl/dial-choice-v0` shows it as a
    vector.

    ## Action Space
    `Discrete(vocabulary_size)`: the next word.

    ## Reward Space
    `Box(k)`: multiples of 1/16 between 0 and 1, one per objective, all to be maximised, at every step; the bounds are
    the tables' own.

    ## Starting State
    Always 0: no word yet. Episodes differ in their number only, drawn by the environment's generator or named by
    ``options={"prompt_index": i}``; transitions and rewards are deterministic.

    ## Episode Termination
    After `horizon` words, by termination. Episodes are never truncated.

    ## Arguments
    * `n_objectives` (2 to 8, default 2), `vocabulary_size` (4 to 64, default 16), `horizon` (2 to 256, default 8).
    * `relationship`: "conflicting" (default), "independent", "complementary"; or `correlation`, a number. All pairs of
      k objectives share it, which is possible from -1/(k-1) to 1; other values are refused. "conflicting" is 0.8 of
      the lower end, "complementary" 0.8. The measured correlation differs by rounding to sixteenths, by less
      than 0.05 at the default sizes; ``env.unwrapped.mdp.measured_correlation`` has it exactly.
    * `utility`: "linear", or "concave", where words belong to objectives, to change owner costs every objective, and
      an episode is worth a geometric mean of its returns (ESR). Where two objectives conflict, no policy that is
      optimal for some linear weights, stochastic or not, reaches 0.85 of the best utility for equal weights.
    * `instance` (default 0): which member of the family. `split`: "train" or "test", the numbering of episodes.
    * `render_mode`: "ansi", "human", "rgb_array".

    ## Worked Example
    With the default arguments the words 0 to 7 in a row read "old fox sings softly small river waits slowly". "old"
    earns (0.6875, 0.25), "fox" after it (0.75, 0.0625), the whole text (4.6875, 3.0625). The best text for weights
    (0.5, 0.5) is "sleeps sings sleeps sings sleeps sings sleeps sleeps", which earns (3.9375, 6.125); the Pareto front
    has 46 points, the convex coverage set 10; the measured correlation is -0.8003.

    ## Version History
    * v0: first release.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": list(MODES), "render_fps": 4}  # type: ignore[misc]

    def __init__(self, render_mode: str | None = None, **kwargs: Any) -> None:
        if render_mode is not None:
            require_one_of("render_mode", render_mode, MODES)
        super().__init__(**kwargs)
        self.render_mode = render_mode
        self.observation_space = self.state_space
        self.action_space = self.word_space
        self._size, self._horizon = self.mdp.vocabulary_size, self.mdp.horizon
        self._rewards = self.mdp.rewards
        # plain lists of plain floats: a step looks its info up and copies it
        names = self.objectives
        self._named = [[dict(zip(names, cell, strict=True)) for cell in row] for row in self._rewards.tolist()]
        self._tokens: list[int] = []
        self._row = 0
        self._running = False
        self._prompt = ""

    def observed(self, state: int) -> Any:
        """The observation of one state."""
        return StateNumber(state)

    @property
    def next_token_logits(self) -> NDArray[np.float32]:
        """The prior's log-probabilities of the next word, shape ``(V,)``."""
        return np.asarray(np.log(self.mdp.prior[self._row]), dtype=np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode; draw its number, or take the one that ``options["prompt_index"]`` names."""
        super().reset(seed=seed)
        if options:
            check_options(options, {"prompt_index"})
        number = prompt_index((options or {}).get("prompt_index"), self.np_random, len(self.prompts))
        prompt = self.prompts[number]
        self._tokens, self._row, self._running, self._prompt = [], 0, True, prompt.text
        if self.render_mode == "human":
            self.render()
        return self.observed(0), {"prompt": prompt.text, "prompt_id": prompt.id}

    def step(self, action: int) -> tuple[Any, NDArray[np.float32], bool, bool, dict[str, Any]]:
        """Write one word; the reward is a fresh float32 array of shape ``(k,)``."""
        if not self._running:
            raise ResetNeeded("reset must be called before step, and after an episode has ended")
        try:
            word = index(action)
        except TypeError:
            word = -1
        if not 0 <= word < self._size:
            require(False, "action", f"must be in {self.action_space}", action)
        tokens, row = self._tokens, self._row
        terminated = len(tokens) + 1 == self._horizon
        self.meter.charge(generated_tokens=1, scored_completions=int(terminated))
        observation = 1 + len(tokens) * self._size + word
        tokens.append(word)
        self._row = 1 + word
        info: dict[str, Any] = {"reward_components": self._named[row][word].copy()}
        if terminated:
            self._running = False
            info["completion"] = self.lm.decode([tokens])[0]
        if self.render_mode == "human":
            self.render()
        return self.observed(observation), self._rewards[row, word].copy(), terminated, False, info

    def render(self) -> Any:
        """The words so far and a bar per objective; see `render_mode`."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs a render_mode: make the environment with one of " + ", ".join(MODES))
            return None
        shown = (self._prompt, self.lm.decode([self._tokens])[0], self.shown(self._tokens))
        if self.render_mode == "rgb_array":
            return picture(*shown)
        text = words(*shown, colour=self.render_mode == "human")
        if self.render_mode == "ansi":
            return text
        print(text)
        return None
