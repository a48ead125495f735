"""The `token` control: the agent writes the answer, one token of the vocabulary at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from morl_envs.envs.scalar import TextEnv
from morl_envs.envs.vector import TextVectorEnv
from morl_envs.envs.written import WrittenEpisodes

__all__ = ["TokenEnv", "TokenEpisodes", "TokenVectorEnv"]


class TokenEpisodes(WrittenEpisodes):
    """Rows written token by token; no model runs unless `next_token_logits` is asked for."""

    def __init__(self, n: int, task: str, **kwargs: Any) -> None:
        super().__init__(n, task, **kwargs)
        self.single_action_space = spaces.Discrete(self.lm.vocabulary_size)
        self.single_observation_space = spaces.Dict(
            {
                "length": spaces.Box(0, self.max_length, (1,), np.int64),
                "tokens": spaces.Box(0, self.lm.vocabulary_size - 1, (self.max_length,), np.int64),
            }
        )

    def observe(self, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Copies of the rows' tokens and lengths."""
        return {"length": self.lengths[rows][:, None], "tokens": self.tokens[rows]}

    def step(self, rows: NDArray[np.int64], actions: Any) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Append the chosen tokens."""
        return self.append(rows, actions)


class TokenEnv(TextEnv):
    """An answer written token by token.

    ## Description
    The agent is shown a prompt in the language model's chat format and writes the answer, one token at a time.
    ``env.unwrapped.next_token_logits`` gives the model's own opinion; it is computed only when asked for. In a
    conversation the end of a turn brings the partner's reply, and a prompt that has the dialogue so far behind it.

    ## Observation Space
    `Dict(length int64[1], tokens int64[L])`: the prompt's tokens and the answer's (of the current turn) so far, zeros
    behind them.

    ## Action Space
    `Discrete(vocabulary)`: the next token.

    ## Reward Space
    `Box(k)`: zeros until the answer ends, then one score per objective, all to be maximised.

    ## Starting State
    A prompt of the split, drawn by the environment's generator or named by ``options={"prompt_index": i}``.

    ## Episode Termination
    On an end-of-text token, or after `max_new_tokens` tokens: the limit is part of the task, so this is termination.
    In a conversation both end a turn, and the episode ends when the conversation is over. Episodes are never truncated.

    ## Arguments
    `lm`, `device`, `dtype`: the language model. `split`: "train" or "test". `objectives`: a subset by name.
    `max_new_tokens`: None for the task's own limit. `scorers`: "project", "published" (reward models of the literature)
    or "published:<folder>". `render_mode`: "ansi", "human", "rgb_array".

    ## Version History
    * v0: first release.
    """

    episodes = TokenEpisodes


class TokenVectorEnv(TextVectorEnv):
    """Many :class:`TokenEnv` over one model and one KV cache; see :class:`TextVectorEnv` for its arguments."""

    episodes = TokenEpisodes
