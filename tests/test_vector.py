"""Vector environments: their infos, what they refuse, and tokens drawn where the logits are."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import VectorEnv

from morl_envs.cli import agents
from morl_envs.envs.choice import _likeliest
from morl_envs.errors import InvalidParameter
from morl_envs.evaluation.agent import base_scores
from morl_envs.lm.sampling import draw

TOKEN = "morl/review-token-v0"
IDS = (TOKEN, "morl/haggle-token-v0", "morl/haggle-completion-v0", "morl/review-choice-v0", "morl/dial-choice-v0")
N = 5


@pytest.fixture
def small(tiny_lm: str) -> dict[str, Any]:
    return {"lm": tiny_lm, "dtype": "float32", "max_new_tokens": 4}


def equal(found: Any, expected: Any) -> None:
    """The same keys, types and values; floats of a model's observations as far as a batch computes them alike."""
    if isinstance(expected, dict):
        assert isinstance(found, dict) and found.keys() == expected.keys()
        for key, value in expected.items():
            equal(found[key], value)
    elif isinstance(expected, np.ndarray) and expected.dtype == object:
        assert found.dtype == object and found.shape == expected.shape
        for one, other in zip(found, expected, strict=True):
            equal(one, other)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype and found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=1e-4 if found.dtype == np.float32 else 0)
    else:
        assert found == expected


def actions_of(envs: Any, rng: np.random.Generator) -> Any:
    if isinstance(envs.single_action_space, gymnasium.spaces.Discrete):
        return rng.integers(min(9, envs.single_action_space.n), size=N)  # 1 ends a turn of the tiny model
    return tuple(rng.choice(["Deal.", "$40?", "hm"], size=N).tolist())


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
@pytest.mark.parametrize("id", IDS)
def test_infos_are_those_that_gymnasium_would_assemble(id: str, mode: str, small: dict[str, Any]) -> None:
    kwargs = {} if "dial" in id else small
    envs: Any = gymnasium.make_vec(id, num_envs=N, autoreset_mode=mode, **kwargs)
    scalars = [gymnasium.make(id, **kwargs) for _ in range(N)]
    rng, over, finals = np.random.default_rng(0), np.zeros(N, dtype=bool), 0

    def assembled(told: dict[int, dict[str, Any]]) -> dict[str, Any]:
        whole: dict[str, Any] = {}
        for row, info in told.items():
            whole = VectorEnv._add_info(envs, whole, info, row)
        return whole

    equal(envs.reset(seed=7)[1], assembled({i: env.reset(seed=7 + i)[1] for i, env in enumerate(scalars)}))
    for _ in range(24):
        if mode == "Disabled" and over.any():
            _, infos = envs.reset(options={"reset_mask": over.copy()})
            equal(infos, assembled({i: scalars[i].reset()[1] for i in np.flatnonzero(over)}))
            over[:] = False
        actions, told = actions_of(envs, rng), {}
        for i, env in enumerate(scalars):
            if over[i]:  # NextStep: this call only resets
                told[i], over[i] = env.reset()[1], False
                continue
            observation, _, over[i], _, info = env.step(actions[i])
            told[i] = info
            if over[i] and mode == "SameStep":
                told[i] = {"final_obs": observation, "final_info": info, **env.reset()[1]}
                over[i], finals = False, finals + 1
        equal(envs.step(actions)[4], assembled(told))
    assert finals > 3 or mode != "SameStep"


def test_what_a_vector_environment_refuses(small: dict[str, Any]) -> None:
    envs: Any = gymnasium.make_vec(TOKEN, num_envs=N, **small)
    with pytest.raises(gymnasium.error.ResetNeeded, match="first reset must start every sub-environment"):
        envs.reset(options={"reset_mask": np.arange(N) > 0})
    envs.reset(seed=0)
    for actions, message in (
        (np.full(N - 1, 5), "actions must be 5, one a sub-environment"),
        (np.array([5, 5, -1, 5, 5]), r"actions\[2\] must be in Discrete\(\d+\), got np.int64\(-1\)"),
        (np.array([5, 5, 5, 5, envs.single_action_space.n]), r"actions\[4\] must be in Discrete"),
        (np.full((N, 2), 5), r"actions\[0\] must be in Discrete"),
        (np.full(N, 5.0), r"actions\[0\] must be in Discrete"),
    ):
        with pytest.raises(InvalidParameter, match=message):
            envs.step(actions)
    assert envs.step([5, 6, 7, 8, 9])[0]["length"].shape == (N, 1)


@pytest.mark.parametrize("settings", [{}, {"temperature": 0}, {"temperature": 0.5}, {"top_k": 3}, {"top_p": 0.6}])
def test_tokens_are_drawn_as_from_the_logits(settings: dict[str, Any], small: dict[str, Any]) -> None:
    envs: Any = gymnasium.make_vec(TOKEN, num_envs=N, **small)
    beside: Any = gymnasium.make_vec(TOKEN, num_envs=N, **small)
    env: Any = gymnasium.make(TOKEN, **small)
    for made in (envs, beside, env):
        made.reset(seed=0)
    rng = np.random.default_rng(3)
    for _ in range(6):
        u = rng.random(N)
        logits = torch.from_numpy(beside.unwrapped.next_token_logits)
        expected = draw(logits, torch.from_numpy(u), **{"temperature": 1.0, **settings}).numpy()
        tokens = envs.unwrapped.sample_next_tokens(u, **settings)
        assert tokens.dtype == np.int64 and tokens.tolist() == expected.tolist()
        observations = envs.step(tokens)[0], beside.step(tokens)[0]
        assert (observations[0]["tokens"] == observations[1]["tokens"]).all()
    assert envs.unwrapped.meter.costs() == beside.unwrapped.meter.costs()
    drawn = draw(torch.from_numpy(env.unwrapped.next_token_logits[None]), torch.tensor([0.3]), 1.0).tolist()
    assert env.unwrapped.sample_next_tokens([0.3]).tolist() == drawn


def test_bad_draws_are_named(small: dict[str, Any]) -> None:
    envs: Any = gymnasium.make_vec(TOKEN, num_envs=2, **small).unwrapped
    envs.reset(seed=0)
    for u, settings, message in (
        ([0.5], {}, r"u must be 2 numbers in \[0, 1\), got \[0.5\]"),
        ([0.5, 1.0], {}, r"u must be 2 numbers in \[0, 1\)"),
        ([0.5, np.nan], {}, r"u must be 2 numbers in \[0, 1\)"),
        ([0.5, 0.5], {"temperature": -1}, "temperature must be finite and at least 0, got -1"),
        ([0.5, 0.5], {"top_k": 0}, "top_k must be None or at least 1, got 0"),
    ):
        with pytest.raises(InvalidParameter, match=message):
            envs.sample_next_tokens(u, **settings)


def test_the_base_model_draws_what_its_scores_say(small: dict[str, Any]) -> None:
    envs: Any = gymnasium.make_vec(TOKEN, num_envs=N, **small).unwrapped
    observations, _ = envs.reset(seed=0)
    for temperature in (0.0, 0.7, 1.0):
        policy = agents.find("base_model")(temperature=temperature).policy(np.eye(3)[0])
        policy.start(envs)
        seeds = np.arange(N) + 11
        expected = policy._draw(base_scores(envs, observations), seeds)
        assert policy.act(observations, seeds).tolist() == expected.tolist()


@pytest.mark.parametrize("steps", [None, 8, 1])  # to what part of a unit log-probabilities are rounded: ties
def test_candidates_are_those_that_a_stable_sort_puts_first(steps: int | None) -> None:
    generator = torch.Generator().manual_seed(0)
    for size, k in ((2, 2), (16, 4), (300, 16), (5000, 64)):
        log_probs = torch.randn(20, size, generator=generator) * 3
        if steps:
            log_probs = (log_probs * steps).round() / steps
        log_probs[0] = 0.0
        expected = log_probs.sort(dim=-1, descending=True, stable=True)
        values, ids = _likeliest(log_probs, k)
        assert torch.equal(ids, expected.indices[:, :k]) and torch.equal(values, expected.values[:, :k])
