"""Many episodes of `dial` at once, by indexing tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from morl_envs.envs.dial.base import DialTables
from morl_envs.envs.infos import final_infos, reset_infos, step_infos
from morl_envs.envs.options import check_options, prompt_index
from morl_envs.envs.render import MODES, picture, words
from morl_envs.errors import require, require_one_of

__all__ = ["DialVectorEnv"]

Mask = NDArray[np.bool_]


class DialVectorEnv(DialTables, VectorEnv[Any, Any, Any]):
    """Sub-environment i, seeded s + i, does step for step what the scalar environment seeded s + i does.

    Rewards are float32 of shape ``(num_envs, k)``. Rows that the attribute `idle` (bool, shape ``(num_envs,)``) marks
    are left alone by `step`: they earn zeros, do not end and cost nothing, whatever their actions.

    Args:
        num_envs: Sub-environments.
        autoreset_mode: "NextStep", "SameStep" or "Disabled", or the enum.
        max_episode_steps: What Gymnasium passes from the id's spec; episodes end after `horizon` words, so None.
        render_mode: As for the scalar environment; `render` gives one picture or text per sub-environment.
        kwargs: As for the scalar environment.
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: str | AutoresetMode = "NextStep",
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **kwargs: Any,
    ) -> None:
        require(isinstance(num_envs, int) and num_envs >= 1, "num_envs", "must be at least 1", num_envs)
        require(max_episode_steps is None, "max_episode_steps", "must be None: use horizon", max_episode_steps)
        if render_mode is not None:
            require_one_of("render_mode", render_mode, MODES)
        if not isinstance(autoreset_mode, AutoresetMode):
            require_one_of("autoreset_mode", autoreset_mode, [mode.value for mode in AutoresetMode])
        super().__init__(**kwargs)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {"render_modes": list(MODES), "render_fps": 4, "autoreset_mode": self.autoreset_mode}
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.single_observation_space, self.single_action_space = self.state_space, self.word_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._generators = [seeding.np_random()[0] for _ in range(num_envs)]
        self._numbers = np.full(num_envs, -1)  # of the episodes; -1 before the first reset
        self._tokens = np.zeros((num_envs, self.mdp.horizon), dtype=np.int64)
        self._lengths = np.zeros(num_envs, dtype=np.int64)
        self._over = np.zeros(num_envs, dtype=bool)
        self.idle = np.zeros(num_envs, dtype=bool)

    @property
    def next_token_logits(self) -> NDArray[np.float32]:
        """The prior's log-probabilities of the next word, shape ``(num_envs, V)``."""
        return np.log(self.mdp.prior[self._table_rows()]).astype(np.float32)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Start all episodes, or those that ``options["reset_mask"]`` marks.

        Args:
            seed: An int s seeds sub-environment i with s + i; a list seeds each with its own; None keeps generators.
            options: ``reset_mask`` (bool, shape ``(num_envs,)``), ``prompt_index`` (int, same shape).
        """
        options = options or {}
        check_options(options, {"reset_mask", "prompt_index"})
        mask = self._array("options['reset_mask']", options.get("reset_mask", np.ones(self.num_envs, bool)), "b")
        require(bool(mask.any()), "options['reset_mask']", "must mark at least one sub-environment", mask)
        wanted = options.get("prompt_index")
        if wanted is not None:
            wanted = self._array("options['prompt_index']", wanted, "i")
        self._seed(seed, mask)
        self._begin(mask, wanted)
        if (self._numbers < 0).any():
            raise ResetNeeded("the first reset must start every sub-environment")
        return self.seen(self._states()), self._started(mask)

    def step(self, actions: Any) -> tuple[NDArray[Any], NDArray[np.float32], Mask, Mask, dict[str, Any]]:
        """One word per sub-environment; see Gymnasium's autoreset modes for what happens after an episode's end."""
        if (self._numbers < 0).any():
            raise ResetNeeded("reset must be called before step")
        restarting = self._over & ~self.idle
        if self.autoreset_mode is AutoresetMode.DISABLED and restarting.any():
            raise ResetNeeded(f"sub-environments {np.flatnonzero(restarting).tolist()} have ended: reset them first")
        acting = ~self._over & ~self.idle
        rewards, terminated = self._write(self._checked(actions, acting), acting)
        infos = self._earned(rewards, acting, terminated)
        if self.autoreset_mode is AutoresetMode.SAME_STEP and terminated.any():
            others = self._earned(rewards, ~terminated, np.zeros_like(terminated))
            infos = {**others, **self._final(rewards, terminated)}
            restarting = terminated
        elif self.autoreset_mode is not AutoresetMode.SAME_STEP:
            self._over |= terminated
        if restarting.any():
            self._begin(restarting, None)
            infos |= self._started(restarting)
        return self.seen(self._states()), rewards, terminated, np.zeros(self.num_envs, dtype=bool), infos

    def render(self) -> tuple[Any, ...] | None:
        """One text or picture per sub-environment."""
        if self.render_mode is None:
            return None
        written = [row[:n].tolist() for row, n in zip(self._tokens, self._lengths, strict=True)]
        prompts = ["" if number < 0 else self.prompts[number].text for number in self._numbers]
        texts, bars = self.lm.decode(written), map(self.shown, written)
        shown = list(zip(prompts, texts, bars, strict=True))
        if self.render_mode == "rgb_array":
            return tuple(picture(*row) for row in shown)
        lines = tuple(words(*row, colour=self.render_mode == "human") for row in shown)
        if self.render_mode == "ansi":
            return lines
        print("\n\n".join(lines))
        return None

    def _write(self, tokens: NDArray[np.int64], acting: Mask) -> tuple[NDArray[np.float32], Mask]:
        """Append a word in the acting rows; rewards ``(n, k)`` and ends ``(n,)``, zero in the other rows."""
        ending = acting & (self._lengths + 1 == self.mdp.horizon)
        self.meter.charge(generated_tokens=int(acting.sum()), scored_completions=int(ending.sum()))
        rewards = self.mdp.rewards[self._table_rows(), tokens]
        rewards[~acting] = 0
        self._tokens[acting, self._lengths[acting]] = tokens[acting]
        self._lengths[acting] += 1
        return rewards, ending

    def _begin(self, mask: Mask, wanted: NDArray[np.int64] | None) -> None:
        for row in np.flatnonzero(mask).tolist():
            asked = None if wanted is None else int(wanted[row])
            self._numbers[row] = prompt_index(asked, self._generators[row], len(self.prompts))
        self._lengths[mask] = 0
        self._over[mask] = False

    def _table_rows(self) -> NDArray[np.int64]:
        """Rows of the tables: 0 before the first word, 1 + w after word w."""
        last = self._tokens[np.arange(self.num_envs), np.maximum(self._lengths - 1, 0)]
        return np.where(self._lengths > 0, 1 + last, 0)

    def _states(self) -> NDArray[np.int64]:
        before = (self._lengths - 1) * self.mdp.vocabulary_size
        return np.where(self._lengths > 0, before + self._table_rows(), 0)

    def _started(self, mask: Mask) -> dict[str, Any]:
        """The infos of a reset."""
        return reset_infos([self.prompts[number] for number in self._numbers[mask].tolist()], mask)

    def _earned(self, rewards: NDArray[np.float32], mask: Mask, ended: Mask) -> dict[str, Any]:
        """The infos of a step in the rows of `mask`, of which some have `ended`."""
        texts = self.lm.decode(self._tokens[ended].tolist()) if ended.any() else []
        return step_infos(self.objectives, rewards, mask, ended, texts)

    def _final(self, rewards: NDArray[np.float32], ended: Mask) -> dict[str, Any]:
        """SAME_STEP: the last observation and info of the ended episodes."""
        seen = self.seen(self._states()[ended])
        return final_infos(list(seen), self._earned(rewards, ended, ended), ended)

    def _seed(self, seed: int | Sequence[int | None] | None, mask: Mask) -> None:
        if seed is None:
            return
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int | np.integer) else list(seed)
        require(len(seeds) == self.num_envs, "seed", f"must be an integer or a list of {self.num_envs}", seed)
        for row in np.flatnonzero(mask):
            if seeds[row] is not None:
                self._generators[row] = seeding.np_random(seeds[row])[0]

    def _array(self, name: str, values: Any, kind: str) -> NDArray[Any]:
        array = np.asarray(values)
        valid = array.shape == (self.num_envs,) and array.dtype.kind == kind
        word = {"b": "bool", "i": "int"}[kind]
        require(valid, name, f"must be a {word} array of shape ({self.num_envs},)", values)
        return array

    def _checked(self, actions: Any, acting: Mask) -> NDArray[np.int64]:
        """Actions as an array; what the rows that only restart were given is ignored."""
        array = np.asarray(actions)
        require(array.shape == (self.num_envs,), "actions", f"must be {self.num_envs}, one a sub-environment", actions)
        require(array.dtype.kind in "iu", "actions", f"must be in {self.single_action_space}", actions)
        wrong = acting & ((array < 0) | (array >= self.mdp.vocabulary_size))
        if wrong.any():
            row = int(wrong.argmax())
            require(False, f"actions[{row}]", f"must be in {self.single_action_space}", array[row])
        return np.where(acting, array, 0)
