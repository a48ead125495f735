"""Many episodes over one model, as a Gymnasium vector environment with vector rewards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Discrete
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from morl_envs.budget import Meter
from morl_envs.envs.episodes import Episodes
from morl_envs.envs.infos import final_infos, reset_infos, step_infos
from morl_envs.envs.options import check_options, prompt_index
from morl_envs.envs.render import MODES, picture, words
from morl_envs.envs.scalar import spaces_iterate
from morl_envs.errors import require, require_one_of
from morl_envs.lm.base import Generation, LanguageModel
from morl_envs.spec import Prompt

__all__ = ["TextVectorEnv"]


class TextVectorEnv(VectorEnv[Any, Any, Any]):
    """Sub-environment i, seeded s + i, does step for step what the scalar environment seeded s + i does.

    Rewards are float32 of shape ``(num_envs, k)``. Rows that the attribute `idle` (bool, shape ``(num_envs,)``) marks
    are left alone by `step`: they earn zeros, do not end and cost nothing, whatever their actions.

    Args:
        num_envs: Sub-environments.
        autoreset_mode: "NextStep", "SameStep" or "Disabled", or the enum.
        max_episode_steps: What Gymnasium passes from the id's spec; the length limit is the task's, so None.
        render_mode: As for the scalar environment; `render` gives one picture or text per sub-environment.
        kwargs: As for the scalar environment of the same control.
    """

    episodes: ClassVar[type[Episodes]]
    prompt_repeats = 1

    def __init__(
        self,
        num_envs: int = 1,
        *,
        task: str,
        autoreset_mode: str | AutoresetMode = "NextStep",
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **kwargs: Any,
    ) -> None:
        require(isinstance(num_envs, int) and num_envs >= 1, "num_envs", "must be at least 1", num_envs)
        require(max_episode_steps is None, "max_episode_steps", "must be None: use max_new_tokens", max_episode_steps)
        if render_mode is not None:
            require_one_of("render_mode", render_mode, MODES)
        if not isinstance(autoreset_mode, AutoresetMode):
            require_one_of("autoreset_mode", autoreset_mode, [mode.value for mode in AutoresetMode])
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {"render_modes": list(MODES), "render_fps": 4, "autoreset_mode": self.autoreset_mode}
        self.num_envs = num_envs
        self.render_mode = render_mode
        self._rows = self.episodes(num_envs, task, **kwargs)
        self.single_observation_space = self._rows.single_observation_space
        self.single_action_space = self._rows.single_action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.reward_space = self._rows.reward_space
        self.reward_dim = len(self._rows.objectives)
        self.objectives = self._rows.objectives
        self.task = self._rows.task
        self.protocol = self._rows.protocol
        self._generators = [seeding.np_random()[0] for _ in range(num_envs)]
        self._every = np.arange(num_envs)
        self._numbers = np.full(num_envs, -1)  # of the episodes' prompts; -1 before the first reset
        self._over = np.zeros(num_envs, dtype=bool)
        self.idle = np.zeros(num_envs, dtype=bool)

    @property
    def meter(self) -> Meter:
        """What has been spent here; assign one to share it or to set a budget."""
        return self._rows.meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self._rows.meter = meter

    @property
    def lm(self) -> LanguageModel:
        """The language model, shared by the process."""
        return self._rows.lm

    @property
    def max_new_tokens(self) -> int:
        """Length limit of an answer."""
        return self._rows.max_new_tokens

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The prompts of this environment's split."""
        return self._rows.prompts

    @property
    def next_token_logits(self) -> NDArray[np.float32]:
        """The model's logits for the next token, shape ``(num_envs, vocabulary)``; runs the model only when asked."""
        logits: NDArray[np.float32] = self._rows.next_token_logits  # type: ignore[attr-defined]
        return logits

    def sample_next_tokens(self, u: ArrayLike, temperature: float = 1.0, **settings: Any) -> NDArray[np.int64]:
        """The model's own next tokens, shape ``(num_envs,)``; see :meth:`WrittenEpisodes.sample_next_tokens`."""
        tokens: NDArray[np.int64] = self._rows.sample_next_tokens(u, temperature, **settings)  # type: ignore[attr-defined]
        return tokens

    def score(self, prompts: list[Prompt], completions: list[str]) -> NDArray[np.float32]:
        """Reward vectors of answers, shape ``(n, k)``; see :meth:`Episodes.score`."""
        return self._rows.score(prompts, completions)

    def score_turns(self, rows: Sequence[int], turns: Sequence[str]) -> NDArray[np.float32]:
        """What sub-environments would earn if these turns were their last; see :meth:`Episodes.score_turns`."""
        return self._rows.score_turns(rows, turns)

    def generate(self, prompts: list[Prompt], **settings: Any) -> list[Generation]:
        """Answers of the language model, on the meter; see :meth:`Episodes.generate`."""
        return self._rows.generate(prompts, **settings)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start all episodes, or those that ``options["reset_mask"]`` marks.

        Args:
            seed: An int s seeds sub-environment i with s + i; a list seeds each with its own; None keeps generators.
            options: ``reset_mask`` (bool, shape ``(num_envs,)``), ``prompt_index`` (int, same shape).
        """
        check_options(options, {"reset_mask", "prompt_index"})
        options = options or {}
        mask = self._array("options['reset_mask']", options.get("reset_mask", np.ones(self.num_envs, bool)), bool)
        require(bool(mask.any()), "options['reset_mask']", "must mark at least one sub-environment", mask)
        rows = np.flatnonzero(mask)
        if (~mask & (self._numbers < 0)).any():
            raise ResetNeeded("the first reset must start every sub-environment")
        self._seed(seed, rows)
        self._begin(rows, options.get("prompt_index"))
        return self._rows.observe(self._every), self._begun(mask)

    def step(
        self, actions: Any
    ) -> tuple[Any, NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """One action per sub-environment; see Gymnasium's autoreset modes for what happens after an episode's end."""
        if (self._numbers < 0).any():
            raise ResetNeeded("reset must be called before step")
        restarting = self._over & ~self.idle
        if self.autoreset_mode is AutoresetMode.DISABLED and restarting.any():
            raise ResetNeeded(f"sub-environments {np.flatnonzero(restarting).tolist()} have ended: reset them first")
        acting = ~self._over & ~self.idle
        rewards, terminated = self._act(actions, np.flatnonzero(acting))
        if self.autoreset_mode is AutoresetMode.SAME_STEP and terminated.any():
            infos = self._earned(rewards, ~terminated, np.zeros_like(terminated)) | self._final(rewards, terminated)
            restarting = terminated
        else:
            infos = self._earned(rewards, acting, terminated)
            self._over |= terminated
        if restarting.any():
            self._begin(np.flatnonzero(restarting), None)
            infos |= self._begun(restarting)
        return self._rows.observe(self._every), rewards, terminated, np.zeros(self.num_envs, dtype=bool), infos

    def render(self) -> tuple[Any, ...] | None:
        """One text or picture per sub-environment."""
        if self.render_mode is None:
            return None
        shown = [
            (prompt.text if prompt else "", self._rows.text(row), self._rows.components(self._rows.scores[row]))
            for row, prompt in enumerate(self._rows.current)
        ]
        if self.render_mode == "rgb_array":
            return tuple(picture(*row) for row in shown)
        texts = tuple(words(*row, colour=self.render_mode == "human") for row in shown)
        if self.render_mode == "ansi":
            return texts
        print("\n\n".join(texts))
        return None

    def close_extras(self, **kwargs: Any) -> None:
        """Release the cache."""
        self._rows.close()

    def _seed(self, seed: int | Sequence[int | None] | None, rows: NDArray[np.int64]) -> None:
        if seed is None:
            return
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int | np.integer) else list(seed)
        require(len(seeds) == self.num_envs, "seed", f"must be an integer or a list of {self.num_envs}", seed)
        for row in rows:
            if seeds[row] is not None:
                self._generators[row] = seeding.np_random(seeds[row])[0]

    def _begin(self, rows: NDArray[np.int64], wanted: Any) -> None:
        numbers, n_prompts = self._numbers.copy(), len(self._rows.prompts)
        if wanted is None:
            for row in rows[rows % self.prompt_repeats == 0].tolist():
                numbers[row] = prompt_index(None, self._generators[row], n_prompts)
            numbers[rows] = numbers[rows - rows % self.prompt_repeats]
        else:
            wanted = self._array("options['prompt_index']", wanted, int)
            for row in rows.tolist():
                numbers[row] = prompt_index(int(wanted[row]), self._generators[row], n_prompts)
        self._rows.begin(rows, numbers[rows])
        self._numbers = numbers
        self._over[rows] = False

    def _array(self, name: str, values: Any, kind: type) -> NDArray[Any]:
        array = np.asarray(values)
        valid = array.shape == (self.num_envs,) and (array.dtype.kind == ("b" if kind is bool else "i"))
        require(valid, name, f"must be a {kind.__name__} array of shape ({self.num_envs},)", values)
        return array

    def _checked(self, actions: Any, rows: NDArray[np.int64]) -> Any:
        require(len(actions) == self.num_envs, "actions", f"must be {self.num_envs}, one a sub-environment", actions)
        space = self.single_action_space
        if isinstance(space, Discrete) and isinstance(actions, np.ndarray) and actions.dtype.kind in "iu":
            chosen = actions[rows]
            if chosen.ndim == 1 and chosen.min() >= 0 and chosen.max() < space.n:
                return chosen  # two comparisons for the whole batch
        for row in rows.tolist():
            require(space.contains(actions[row]), f"actions[{row}]", f"must be in {space}", actions[row])
        return [actions[row] for row in rows.tolist()]

    def _act(self, actions: Any, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Rewards ``(num_envs, k)`` and ends ``(num_envs,)``, zero in the other rows."""
        rewards = np.zeros((self.num_envs, self.reward_dim), dtype=np.float32)
        terminated = np.zeros(self.num_envs, dtype=bool)
        if len(rows):
            rewards[rows], terminated[rows] = self._rows.step(rows, self._checked(actions, rows))
        return rewards, terminated

    def _begun(self, mask: NDArray[np.bool_]) -> dict[str, Any]:
        """The infos of a reset."""
        return reset_infos([self._rows.prompts[number] for number in self._numbers[mask].tolist()], mask)

    def _earned(
        self, rewards: NDArray[np.float32], mask: NDArray[np.bool_], ended: NDArray[np.bool_]
    ) -> dict[str, Any]:
        """The infos of a step in the rows of `mask`, of which some have `ended`."""
        answers = [self._rows.answers[row] for row in np.flatnonzero(ended).tolist()]
        return step_infos(self.objectives, rewards, mask, ended, answers)

    def _final(self, rewards: NDArray[np.float32], ended: NDArray[np.bool_]) -> dict[str, Any]:
        """SAME_STEP: the last observation and info of the ended episodes."""
        observations = spaces_iterate(self.single_observation_space, self._rows.observe(np.flatnonzero(ended)))
        return final_infos(list(observations), self._earned(rewards, ended, ended), ended)
