"""The `completion` control: the agent writes the whole answer, or a turn of a conversation, in one step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from morl_envs import registry
from morl_envs.envs.episodes import Episodes
from morl_envs.envs.scalar import TextEnv
from morl_envs.envs.vector import TextVectorEnv
from morl_envs.errors import require
from morl_envs.spaces import UnicodeText
from morl_envs.tasks.base import SPLITS

__all__ = ["CompletionEnv", "CompletionEpisodes", "CompletionVectorEnv"]

_CHARACTERS_PER_TOKEN = 8


class CompletionEpisodes(Episodes):
    """Rows answered in one step, or one a turn; no model is loaded unless an agent asks for it."""

    def __init__(self, n: int, task: str, **kwargs: Any) -> None:
        super().__init__(n, task, **kwargs)
        longest = max(len(prompt.text) for split in SPLITS for prompt in registry.task(task).prompts(split))
        room = self.task.room  # of an action too: an agent that repeats the dialogue is heard, not refused
        self.single_observation_space = UnicodeText(longest + room)
        self.single_action_space = UnicodeText(_CHARACTERS_PER_TOKEN * self.max_new_tokens + room)

    def observe(self, rows: NDArray[np.int64]) -> tuple[str, ...]:
        """The prompts' texts, each with the dialogue so far."""
        return tuple(map(self.shown, rows.tolist()))

    def step(self, rows: NDArray[np.int64], actions: Any) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Take the answers, or turns."""
        return self.take_turns(rows, list(actions))

    def text(self, row: int) -> str:
        """The answer, as far as it is given."""
        return self.answers[row]


class CompletionEnv(TextEnv):
    """An answer given whole.

    ## Description
    The agent reads a prompt and answers it in one step: the control for fine-tuned models and text services. In a
    conversation a step is a turn, and the partner answers it.

    ## Observation Space
    `UnicodeText`: the prompt, in a conversation followed by an empty line and what was said since, a line a turn.

    ## Action Space
    `UnicodeText`: the answer, at most eight characters for each token of the length limit; in a conversation the turn,
    with room for the dialogue besides.

    ## Reward Space
    `Box(k)`: one score per objective, all to be maximised; zeros until a conversation is over.

    ## Starting State
    A prompt of the split, drawn by the environment's generator or named by ``options={"prompt_index": i}``.

    ## Episode Termination
    After the one step, or when a conversation is over, by termination.

    ## Arguments
    `lm`, `device`, `dtype` (what ``env.unwrapped.lm`` gives to an agent), `split`, `objectives`, `max_new_tokens`,
    `scorers`, `render_mode` as for `token`.

    ## Version History
    * v0: first release.
    """

    episodes = CompletionEpisodes


class CompletionVectorEnv(TextVectorEnv):
    """Many :class:`CompletionEnv`, scored in one batch.

    Args:
        num_envs: Sub-environments.
        prompt_repeats: This many consecutive sub-environments share a prompt, drawn by the first one's generator.
        kwargs: As for :class:`TextVectorEnv`.
    """

    episodes = CompletionEpisodes

    def __init__(self, num_envs: int = 1, prompt_repeats: int = 1, **kwargs: Any) -> None:
        valid = isinstance(prompt_repeats, int) and prompt_repeats >= 1 and num_envs % prompt_repeats == 0
        require(valid, "prompt_repeats", f"must be at least 1 and divide num_envs={num_envs}", prompt_repeats)
        super().__init__(num_envs, **kwargs)
        self.prompt_repeats = prompt_repeats
