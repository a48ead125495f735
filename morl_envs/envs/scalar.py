"""One episode at a time, as a Gymnasium environment with a vector reward."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import ArrayLike, NDArray

from morl_envs.budget import Meter
from morl_envs.envs.episodes import Episodes
from morl_envs.envs.options import check_options, prompt_index
from morl_envs.envs.render import MODES, picture, words
from morl_envs.errors import require, require_one_of
from morl_envs.lm.base import Generation, LanguageModel
from morl_envs.spec import Prompt

__all__ = ["TextEnv"]

_ROW = np.array([0])  # the only one


class TextEnv(gymnasium.Env[Any, Any]):
    """What the scalar environments of all controls share; `episodes` says how the control acts on one row."""

    episodes: ClassVar[type[Episodes]]
    metadata: ClassVar[dict[str, Any]] = {"render_modes": list(MODES), "render_fps": 4}  # type: ignore[misc]

    def __init__(self, task: str, render_mode: str | None = None, **kwargs: Any) -> None:
        if render_mode is not None:
            require_one_of("render_mode", render_mode, MODES)
        self.render_mode = render_mode
        self._kwargs = {"task": task, **kwargs}
        self._make()

    def _make(self) -> None:
        self._rows = self.episodes(1, **self._kwargs)
        self.observation_space = self._rows.single_observation_space
        self.action_space = self._rows.single_action_space
        self.reward_space = self._rows.reward_space
        self.reward_dim = len(self._rows.objectives)
        self.objectives = self._rows.objectives
        self.task = self._rows.task
        self.protocol = self._rows.protocol
        self._running = False

    def __getstate__(self) -> dict[str, Any]:
        """Constructor arguments, generator and meter: a copy starts before its first reset."""
        state = {"render_mode": self.render_mode, "_kwargs": self._kwargs, "spec": self.spec, "meter": self.meter}
        return {**state, "_np_random": self._np_random, "_np_random_seed": self._np_random_seed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        meter = state.pop("meter")
        self.__dict__.update(state)
        self._make()
        self.meter = meter

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
        """The model's logits for the next token, shape ``(vocabulary,)``; runs the model only when asked."""
        logits: NDArray[np.float32] = self._rows.next_token_logits[0]  # type: ignore[attr-defined]
        return logits

    def sample_next_tokens(self, u: ArrayLike, temperature: float = 1.0, **settings: Any) -> NDArray[np.int64]:
        """The model's own next token, shape ``(1,)``; see :meth:`WrittenEpisodes.sample_next_tokens`."""
        tokens: NDArray[np.int64] = self._rows.sample_next_tokens(u, temperature, **settings)  # type: ignore[attr-defined]
        return tokens

    @property
    def dialogue(self) -> str:
        """The turns so far and the replies to them, a line each; without a partner, the answer once it is given."""
        return self._rows.answers[0]

    def score(self, prompts: list[Prompt], completions: list[str]) -> NDArray[np.float32]:
        """Reward vectors of answers, shape ``(n, k)``; see :meth:`Episodes.score`."""
        return self._rows.score(prompts, completions)

    def generate(self, prompts: list[Prompt], **settings: Any) -> list[Generation]:
        """Answers of the language model, on the meter; see :meth:`Episodes.generate`."""
        return self._rows.generate(prompts, **settings)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Draw a prompt, or take the one that ``options["prompt_index"]`` names."""
        super().reset(seed=seed)
        check_options(options, {"prompt_index"})
        index = prompt_index((options or {}).get("prompt_index"), self.np_random, len(self._rows.prompts))
        self._rows.begin(_ROW, np.array([index]))
        self._running = True
        prompt = self._rows.prompts[index]
        if self.render_mode == "human":
            self.render()
        return self._first(self._rows.observe(_ROW)), {"prompt": prompt.text, "prompt_id": prompt.id}

    def step(self, action: Any) -> tuple[Any, NDArray[np.float32], bool, bool, dict[str, Any]]:
        """One action; the reward is a fresh float32 array of shape ``(k,)``, zeros until the answer ends."""
        if not self._running:
            raise ResetNeeded("reset must be called before step, and after an episode has ended")
        action = action.item() if isinstance(action, np.ndarray) and action.ndim == 0 else action
        require(self.action_space.contains(action), "action", f"must be in {self.action_space}", action)
        rewards, done = self._rows.step(_ROW, [action])
        reward, terminated = rewards[0].copy(), bool(done[0])
        info: dict[str, Any] = {"reward_components": self._rows.components(reward)}
        if terminated:
            self._running = False
            info["completion"] = self._rows.text(0)
        if self.render_mode == "human":
            self.render()
        return self._first(self._rows.observe(_ROW)), reward, terminated, False, info

    def render(self) -> Any:
        """The prompt, the answer so far and a bar per objective; see `render_mode`."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs a render_mode: make the environment with one of " + ", ".join(MODES))
            return None
        prompt = self._rows.current[0]
        shown = (prompt.text if prompt else "", self._rows.text(0), self._rows.components(self._rows.scores[0]))
        if self.render_mode == "rgb_array":
            return picture(*shown)
        text = words(*shown, colour=self.render_mode == "human")
        if self.render_mode == "ansi":
            return text
        print(text)
        return None

    def close(self) -> None:
        """Release the cache; a second call does nothing."""
        self._rows.close()

    def _first(self, batch: Any) -> Any:
        return next(iter(spaces_iterate(self.observation_space, batch)))


def spaces_iterate(space: spaces.Space[Any], batch: Any) -> Any:
    """The rows of a batch of observations, whatever their space."""
    if isinstance(batch, dict):
        return ({key: values[i] for key, values in batch.items()} for i in range(len(next(iter(batch.values())))))
    return iter(batch)
