"""The `choice` control: the agent picks one of the language model's k best tokens, seeing a fixed-size vector."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from morl_envs.envs.scalar import TextEnv
from morl_envs.envs.vector import TextVectorEnv
from morl_envs.envs.written import WrittenEpisodes
from morl_envs.errors import require

__all__ = ["ChoiceEnv", "ChoiceEpisodes", "ChoiceVectorEnv"]

_PROJECTION_SEED = 7
_FLOOR = -50.0  # log-probabilities below this are as good as impossible


class ChoiceEpisodes(WrittenEpisodes):
    """Rows written by picking among the model's candidates."""

    def __init__(self, n: int, task: str, n_candidates: int = 16, n_features: int = 64, **kwargs: Any) -> None:
        super().__init__(n, task, **kwargs)
        largest = min(64, self.lm.vocabulary_size)
        valid = isinstance(n_candidates, int) and 2 <= n_candidates <= largest
        require(valid, "n_candidates", f"must be an integer in [2, {largest}]", n_candidates)
        require(isinstance(n_features, int) and n_features >= 1, "n_features", "must be at least 1", n_features)
        self.n_candidates = n_candidates
        width = self.lm.hidden_size
        rng = np.random.default_rng(_PROJECTION_SEED)
        self._projection = (rng.standard_normal((width, n_features)) / np.sqrt(width)).astype(np.float32)
        self._candidates = np.zeros((n, n_candidates), dtype=np.int64)
        bound = np.float32(np.finfo(np.float32).max)
        low = np.concatenate([np.full(n_features, -bound), [0.0], np.full(n_candidates, _FLOOR)])
        high = np.concatenate([np.full(n_features, bound), [1.0], np.zeros(n_candidates)])
        self.single_observation_space = spaces.Box(low.astype(np.float32), high.astype(np.float32), dtype=np.float32)
        self.single_action_space = spaces.Discrete(n_candidates)

    def observe(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Projected hidden state, share of the episode's length limit used, log-probabilities of the candidates."""
        decoding = self.decoding
        likely, candidates = _likeliest(decoding.logits[rows].log_softmax(-1), self.n_candidates)
        self._candidates[rows] = candidates.cpu().numpy()
        hidden = decoding.hidden[rows].cpu().numpy()
        scale = np.sqrt((hidden**2).mean(axis=1, keepdims=True)) + 1e-6
        features = (hidden / scale) @ self._projection
        turns = np.where(self.ended, self.taken - 1, self.taken)[rows]  # the last turn's tokens are still held
        used = ((turns + (self.lengths[rows] - self.starts[rows]) / self.max_new_tokens) / self.task.turns)[:, None]
        return np.concatenate([features, used, likely.cpu().numpy().clip(_FLOOR, 0.0)], axis=1, dtype=np.float32)

    def step(self, rows: NDArray[np.int64], actions: Any) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Append the chosen candidates."""
        return self.append(rows, self._candidates[rows, np.asarray(actions, dtype=np.int64)])


def _likeliest(log_probs: Any, k: int) -> tuple[Any, Any]:
    """The k largest of each row and their ids, each ``(n, k)``; equals are ordered by id, on every device and batch.

    They are what a stable sort would put first; a sort of a large vocabulary takes as long as the model.
    """
    import torch

    found = log_probs.topk(k, dim=-1)
    ids = found.indices.sort(dim=-1).values
    order = log_probs.gather(-1, ids).sort(dim=-1, descending=True, stable=True).indices
    ids, least = ids.gather(-1, order), found.values[:, -1:]
    tied = ((log_probs >= least).sum(dim=-1) > k).nonzero()[:, 0]  # rows where equals of the last were left out
    if len(tied):
        size = log_probs.shape[-1]
        falling = torch.arange(size, 0, -1, dtype=torch.float32, device=log_probs.device)
        first = (
            torch.where(log_probs[tied] == least[tied], falling, 0.0).topk(k, dim=-1).indices
        )  # the equals' ids, the lowest first
        place = torch.arange(k, device=ids.device) - (found.values[tied] > least[tied]).sum(dim=-1, keepdim=True)
        ids[tied] = torch.where(place < 0, ids[tied], first.gather(-1, place.clamp(min=0)))
    return log_probs.gather(-1, ids), ids


class ChoiceEnv(TextEnv):
    """An answer written by picking among the language model's best tokens.

    ## Description
    At each step the language model proposes its `n_candidates` likeliest tokens and the agent picks one. Spaces are
    small and numeric, so that algorithms that were never written for text plug in.

    ## Observation Space
    `Box(n_features + 1 + n_candidates)`: the model's last hidden state (scaled to unit root mean square, under a
    fixed random projection), the share of the episode's length limit used (all turns of a conversation together), and
    the candidates' log-probabilities.

    ## Action Space
    `Discrete(n_candidates)`: 0 is the likeliest token; equals are ordered by token id.

    ## Reward Space
    `Box(k)`: zeros until the answer ends, then one score per objective, all to be maximised.

    ## Starting State
    A prompt of the split, drawn by the environment's generator or named by ``options={"prompt_index": i}``.

    ## Episode Termination
    On an end-of-text token, or after `max_new_tokens` tokens; in a conversation both end a turn, and the episode ends
    when the conversation is over. Episodes are never truncated.

    ## Arguments
    `n_candidates` (2 to 64), `n_features`; `lm`, `device`, `dtype`, `split`, `objectives`, `max_new_tokens`,
    `scorers`, `render_mode` as for `token`.

    ## Version History
    * v0: first release.
    """

    episodes = ChoiceEpisodes


class ChoiceVectorEnv(TextVectorEnv):
    """Many :class:`ChoiceEnv` over one model and one KV cache; see :class:`TextVectorEnv` for its arguments."""

    episodes = ChoiceEpisodes
