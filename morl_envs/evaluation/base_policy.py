"""Samples of a task's base policy: the language model at temperature 1, or the prior of a task that has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from morl_envs.spec import Prompt

__all__ = ["Progress", "Samples", "Turn", "sampled_by_lm", "sampled_by_prior"]

_BATCH = 256  # answers side by side: a small model is kept waiting by smaller ones

Progress = Callable[[int, int], None]
"""Called with (passes over an answer done, in all): one to sample it and, with a language model, one for gradients."""


@dataclass(frozen=True)
class Turn:
    """What the language model was shown and what it wrote, as token ids; `row` counts samples, prompt by prompt."""

    row: int
    context: list[int]
    tokens: list[int]


@dataclass(frozen=True)
class Samples:
    """Returns of sampled episodes, ``(n_prompts, n_samples, k)``, and the model's turns in them."""

    rewards: NDArray[np.float64]
    turns: tuple[Turn, ...] = ()


def sampled_by_lm(
    id: str, env_kwargs: dict[str, Any], n_prompts: int, n_samples: int, seed: int, watch: Progress
) -> Samples:
    """Episodes of a `completion` environment, answered, turn by turn where it answers back, by its language model."""
    n = n_prompts * n_samples
    envs: Any = gymnasium.make_vec(id, num_envs=n, autoreset_mode="Disabled", **env_kwargs)
    shown, _ = envs.reset(options={"prompt_index": np.repeat(np.arange(n_prompts), n_samples)})
    rewards, turns = np.zeros((n, envs.reward_dim)), []
    n_turns = getattr(envs.task, "turns", 1)  # a task that answers back says how often
    for t in count():
        live = np.flatnonzero(~envs.idle)
        if not len(live):
            break
        seeds = np.random.SeedSequence([seed, t]).generate_state(n, np.uint64) >> np.uint64(1)
        done = iter(range(1, len(live) + 1))

        def finished(*_: Any, t: int = t, done: Any = done, of: int = len(live)) -> None:
            watch(int(n * min(1.0, (t + next(done) / of) / n_turns)), 2 * n)

        asked = [Prompt(shown[row]) for row in live]
        answers = envs.generate(
            asked, seeds=seeds[live].tolist(), temperature=1.0, batch_size=_BATCH, on_finish=finished
        )
        contexts = envs.lm.encode_prompts([prompt.text for prompt in asked])
        said = [""] * n
        for row, context, answer in zip(live.tolist(), contexts, answers, strict=True):
            said[row] = answer.text[: envs.single_action_space.max_length]
            turns.append(Turn(row, context, answer.tokens.tolist()))
        shown, earned, ended, _, _ = envs.step(tuple(said))
        rewards += earned
        envs.idle |= ended
    envs.close()
    return Samples(rewards.reshape(n_prompts, n_samples, -1), tuple(turns))


def sampled_by_prior(
    id: str, env_kwargs: dict[str, Any], n_prompts: int, n_samples: int, seed: int, watch: Progress
) -> Samples:
    """Episodes drawn from the environment's own prior, all of one length."""
    n = n_prompts * n_samples
    envs: Any = gymnasium.make_vec(id, num_envs=n, autoreset_mode="Disabled", **env_kwargs)
    rng = np.random.default_rng(seed)
    envs.reset(options={"prompt_index": np.repeat(np.arange(n_prompts), n_samples)})
    returns = np.zeros((n, envs.reward_dim))
    ended = np.zeros(n, dtype=bool)
    while not ended.all():
        shares = np.exp(envs.next_token_logits).cumsum(axis=1)
        words = (shares < rng.random((n, 1)) * shares[:, -1:]).sum(axis=1)
        _, rewards, ended, _, _ = envs.step(words)
        returns += rewards
    envs.close()
    watch(n, n)
    return Samples(returns.reshape(n_prompts, n_samples, -1))
