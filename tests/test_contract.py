"""Every registered id keeps the environment contract."""

from __future__ import annotations

import copy
import pickle
import random
import subprocess
import sys
import warnings
from typing import Any

import gymnasium
import mo_gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env as gymnasium_check
from gymnasium.vector import AutoresetMode
from mo_gymnasium.wrappers import LinearReward
from mo_gymnasium.wrappers.vector import MOSyncVectorEnv

import morl_envs
from morl_envs import registry
from morl_envs.envs import lab
from morl_envs.errors import InvalidParameter, ScoringError

IDS = registry.ids()
NUMERIC = [id for id in IDS if registry.task_and_control(id)[1] in ("choice", "lab")]


@pytest.fixture
def kwargs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Keyword arguments that keep the id under test small and exact; labs, which take none for it, are made smaller."""
    for name, value in (("DECISIONS", 3), ("_STRIDE", 2)):
        monkeypatch.setattr(lab, name, value)
    id = getattr(request.node, "callspec", None) and request.node.callspec.params.get("id")
    if id and not registry.uses_lm(id):
        return {}
    small = {"lm": request.getfixturevalue("tiny_lm"), "dtype": "float32"}
    return small if id and registry.task_and_control(id)[1] == "lab" else {**small, "max_new_tokens": 6}


class Scalarised(LinearReward):
    """MO-Gymnasium 1.3 puts one weight array into every info, which Gymnasium 1.4 refuses; here each has its own."""

    def step(self, action: Any) -> Any:
        *rest, info = super().step(action)
        return (*rest, {**info, "reward_weights": info["reward_weights"].copy()})


def rollout(env: Any, seed: int, steps: int = 15) -> list[Any]:
    env.action_space.seed(seed)
    found = [env.reset(seed=seed)]
    for _ in range(steps):
        step = env.step(env.action_space.sample())
        found.append(step)
        if step[2]:
            found.append(env.reset())
    return found


def same(a: Any, b: Any, tolerance: float = 0.0) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key], tolerance) for key in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray):
        return np.allclose(a, b, atol=tolerance, rtol=0)
    return bool(a == b)


@pytest.mark.parametrize("id", IDS)
def test_gymnasium_and_the_project_accept_it(id: str, kwargs: dict[str, Any]) -> None:
    env = gymnasium.make(id, **kwargs)
    morl_envs.check_env(env)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*The reward returned by.*")  # it is a vector
        warnings.filterwarnings("ignore", message=".*is different from the unwrapped version.*")  # meant
        gymnasium_check(env.unwrapped, skip_render_check=True)
        weights = np.full(env.unwrapped.reward_dim, 1 / env.unwrapped.reward_dim)
        scalarised = Scalarised(mo_gymnasium.make(id, **kwargs), weight=weights)
        gymnasium_check(scalarised, skip_render_check=True)
    for mode in AutoresetMode:
        morl_envs.check_vector_env(gymnasium.make_vec(id, num_envs=3, autoreset_mode=mode.value, **kwargs))


def test_the_outside_bug_behind_scalarised_is_still_there() -> None:
    with warnings.catch_warnings(), pytest.raises(AssertionError, match="share an object"):
        warnings.simplefilter("ignore")
        env = LinearReward(mo_gymnasium.make("deep-sea-treasure-v0"), weight=np.array([0.5, 0.5]))
        gymnasium_check(env, skip_render_check=True)


@pytest.mark.parametrize("id", NUMERIC)
def test_stable_baselines_accepts_the_numeric_ones(id: str, kwargs: dict[str, Any]) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    env = gymnasium.make(id, **kwargs)
    env = LinearReward(env, weight=np.full(env.unwrapped.reward_dim, 1 / env.unwrapped.reward_dim))
    checker.check_env(env, skip_render_check=True)


@pytest.mark.parametrize("id", IDS)
def test_spec_and_copies_make_the_same_environment(id: str, kwargs: dict[str, Any]) -> None:
    env = gymnasium.make(f"morl_envs:{id}", **kwargs)
    assert env.spec is not None
    expected = rollout(env, 5)
    for other in (
        gymnasium.make(EnvSpec.from_json(env.spec.to_json())),
        pickle.loads(pickle.dumps(env)),
        copy.deepcopy(env),
    ):
        assert same(rollout(other, 5), expected)


@pytest.mark.parametrize("n", [1, 3, 16])
@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
@pytest.mark.parametrize("id", IDS)
def test_vector_equals_scalar_step_for_step(id: str, mode: str, n: int, kwargs: dict[str, Any]) -> None:
    if n == 16 and mode == "SameStep":
        pytest.skip("three sizes in one mode, two in the other: time")
    scalars = [gymnasium.make(id, **kwargs) for _ in range(n)]
    envs = gymnasium.make_vec(id, num_envs=n, autoreset_mode=mode, **kwargs)
    observations, infos = envs.reset(seed=40)
    expected = [env.reset(seed=40 + i) for i, env in enumerate(scalars)]
    over = [False] * n
    rng = np.random.default_rng(0)
    for _ in range(14):
        for i, (observation, _info) in enumerate(expected):
            found = {k: v[i] for k, v in observations.items()} if isinstance(observations, dict) else observations[i]
            assert same(found, observation, 1e-4)
        actions = [envs.single_action_space.sample() for _ in range(n)]
        if not isinstance(actions[0], str):  # low numbers, so that answers go on; 1 ends one of the tiny model
            choices = [a for a in range(min(9, envs.single_action_space.n)) if a != 1]
            actions = rng.choice(choices, size=n).tolist()
        batch = tuple(actions) if isinstance(actions[0], str) else np.array(actions)
        observations, rewards, terminated, truncated, infos = envs.step(batch)
        expected = []
        for i, env in enumerate(scalars):
            if over[i]:  # NextStep: this call only resets
                expected.append(env.reset())
                assert not rewards[i].any() and not terminated[i]
                over[i] = False
                continue
            observation, reward, ended, _, info = env.step(actions[i])
            assert same(rewards[i], reward) and terminated[i] == ended and not truncated[i]
            over[i] = ended
            if ended and mode == "SameStep":
                assert infos["_final_info"][i]
                assert infos["final_info"]["completion"][i] == info["completion"]
                assert same(infos["final_obs"][i], observation, 1e-4)
                expected.append(env.reset())
                over[i] = False
            else:
                expected.append((observation, info))


@pytest.mark.parametrize("id", IDS)
def test_disabled_autoreset_waits_for_a_reset_mask(id: str, kwargs: dict[str, Any]) -> None:
    envs = gymnasium.make_vec(id, num_envs=3, autoreset_mode="Disabled", **kwargs)
    envs.reset(seed=0, options={"prompt_index": np.array([1, 2, 3])})
    ended = np.zeros(3, dtype=bool)
    while not ended.any():
        _, _, ended, _, _ = envs.step(envs.action_space.sample())
    with pytest.raises(gymnasium.error.ResetNeeded, match="have ended"):
        envs.step(envs.action_space.sample())
    _, infos = envs.reset(options={"reset_mask": ended, "prompt_index": np.array([4, 5, 6])})
    assert (infos["_prompt_id"] == ended).all()
    envs.step(envs.action_space.sample())


@pytest.mark.parametrize("task", sorted(t for t, row in registry.TASKS.items() if "completion" in row.controls))
def test_the_same_text_earns_the_same_vector_under_every_control(task: str, kwargs: dict[str, Any]) -> None:
    envs = {c: gymnasium.make(registry.row(task).id(c), **kwargs) for c in ("token", "choice", "completion")}
    envs["choice"].reset(seed=0, options={"prompt_index": 3})
    terminated = False
    while not terminated:
        _, expected, terminated, _, info = envs["choice"].step(1)
    written = envs["choice"].unwrapped._rows.tokens[0]
    start, end = envs["choice"].unwrapped._rows.starts[0], envs["choice"].unwrapped._rows.lengths[0]
    envs["token"].reset(options={"prompt_index": 3})
    for token in written[start:end]:
        _, by_token, *_ = envs["token"].step(int(token))
    envs["completion"].reset(options={"prompt_index": 3})
    _, by_completion, *_ = envs["completion"].step(info["completion"])
    assert same(by_token, expected) and same(by_completion, expected)
    if "lab" in registry.row(task).controls:  # to a multiple of 1/16
        env: Any = gymnasium.make(registry.row(task).id("lab"), lm=kwargs["lm"], dtype="float32").unwrapped
        found = env.score([envs["choice"].unwrapped.prompts[3]], [info["completion"]])[0]
        assert same(found * 16, np.rint(found * 16)) and same(found, expected, 1 / 32)


@pytest.mark.parametrize("id", IDS)
def test_interleaved_environments_behave_as_alone(id: str, kwargs: dict[str, Any]) -> None:
    alone = [rollout(gymnasium.make(id, **kwargs), seed) for seed in (1, 2)]
    envs = [gymnasium.make(id, **kwargs) for _ in range(2)]
    found: list[list[Any]] = []
    for env, seed in zip(envs, (1, 2), strict=True):
        env.action_space.seed(seed)
        found.append([env.reset(seed=seed)])
    for _ in range(15):
        for env, seen in zip(envs, found, strict=True):
            seen.append(env.step(env.action_space.sample()))
            if seen[-1][2]:
                seen.append(env.reset())
    assert same(found, alone, 1e-6)


@pytest.mark.parametrize("id", IDS)
def test_global_generators_are_untouched(id: str, kwargs: dict[str, Any]) -> None:
    import torch

    def states() -> Any:
        return random.getstate(), str(np.random.get_state()), torch.random.get_rng_state().tolist()

    before = states()
    env = gymnasium.make(id, **kwargs)
    rollout(env, 0)
    env.close()
    assert states() == before


def test_a_token_step_runs_no_model(kwargs: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    env: Any = gymnasium.make("morl/review-token-v0", **kwargs).unwrapped
    started: list[Any] = []
    start = type(env.lm).start
    monkeypatch.setattr(type(env.lm), "start", lambda *a, **k: started.append(a) or start(*a, **k))
    rollout(env, 0)
    assert not started
    env.reset(seed=0)
    env.step(5)
    logits = env.next_token_logits
    assert len(started) == 1
    for token in (6, 7):
        env.step(token)
    import torch

    context = env._rows.tokens[0, : env._rows.lengths[0]]
    with torch.inference_mode():
        expected = env.lm.model.module(torch.from_numpy(context)[None]).logits[0, -1]
    np.testing.assert_allclose(env.next_token_logits, expected.numpy(), atol=1e-3)
    assert len(started) == 1 and not same(logits, env.next_token_logits)


def test_groups_share_a_prompt(kwargs: dict[str, Any]) -> None:
    envs = gymnasium.make_vec("morl/review-completion-v0", num_envs=6, prompt_repeats=3, **kwargs)
    prompts, _ = envs.reset(seed=0)
    assert len(set(prompts[:3])) == 1 == len(set(prompts[3:])) and prompts[0] != prompts[3]
    envs.step(("a",) * 6)
    again, *_ = envs.step(("a",) * 6)
    assert len(set(again[:3])) == 1 == len(set(again[3:])) and again != prompts


@pytest.mark.parametrize("id", IDS)
def test_rendering(id: str, kwargs: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    shown: dict[str, Any] = {}
    for mode in ("ansi", "human", "rgb_array"):
        env = gymnasium.make(id, render_mode=mode, **kwargs)
        env.reset(seed=0)
        env.step(env.action_space.sample())
        shown[mode] = env.render()
    assert "prompt" in shown["ansi"] and env.unwrapped.objectives[0] in shown["ansi"]
    assert shown["human"] is None and "prompt" in capsys.readouterr().out
    picture = shown["rgb_array"]
    assert picture.dtype == np.uint8 and picture.ndim == 3 and 0 < (picture < 128).mean() < 0.5


def test_mo_gymnasium_vector_wrappers_accept_them(kwargs: dict[str, Any]) -> None:
    envs = MOSyncVectorEnv([lambda: mo_gymnasium.make("morl/review-choice-v0", **kwargs)] * 2)
    envs.reset(seed=0)
    _, rewards, *_ = envs.step(envs.action_space.sample())
    assert rewards.shape == (2, 3)


@pytest.mark.parametrize(
    ("id", "bad", "message"),
    [
        ("morl/review-completion-v0", {"max_new_tokens": 0}, "max_new_tokens must be at least 1, got 0"),
        ("morl/review-completion-v0", {"objectives": ["brevty"]}, "objectives must be one of .*did you mean 'brevity'"),
        ("morl/review-completion-v0", {"objectives": []}, "objectives must be distinct and not empty"),
        ("morl/review-completion-v0", {"split": "dev"}, "split must be one of 'test', 'train', got 'dev'"),
        ("morl/review-completion-v0", {"render_mode": "ascii"}, "render_mode must be one of .*did you mean 'ansi'"),
        ("morl/review-token-v0", {"lm": "smollm2-135"}, "lm must be one of .*did you mean 'smollm2-135m'"),
        ("morl/review-token-v0", {"device": "tpu"}, "device must be 'auto' or a torch device"),
        ("morl/review-choice-v0", {"n_candidates": 65}, r"n_candidates must be an integer in \[2, 64\], got 65"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*not in the possible render_modes.*")  # Gymnasium's own word before ours
def test_bad_arguments_are_named(id: str, bad: dict[str, Any], message: str, kwargs: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter, match=message):
        gymnasium.make(id, **{**kwargs, **bad})


def test_bad_calls_are_named(kwargs: dict[str, Any]) -> None:
    env = gymnasium.make("morl/review-choice-v0", **kwargs).unwrapped
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(0)
    env.reset(seed=0)
    for call, message in (
        (lambda: env.step(16), r"action must be in Discrete\(16\), got 16"),
        (lambda: env.reset(options={"prompt_idx": 1}), "options must be one of 'prompt_index'"),
        (lambda: env.reset(options={"prompt_index": 10_000}), r"options\['prompt_index'\] must be an integer"),
        (lambda: gymnasium.make_vec("morl/review-choice-v0", num_envs=0, **kwargs), "num_envs must be at least 1"),
        (
            lambda: gymnasium.make_vec("morl/review-completion-v0", num_envs=4, prompt_repeats=3, **kwargs),
            "prompt_repeats must be at least 1 and divide num_envs=4, got 3",
        ),
    ):
        with pytest.raises(InvalidParameter, match=message):
            call()  # type: ignore[no-untyped-call]


def test_a_scorer_that_raises_stops_the_step(kwargs: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    env: Any = gymnasium.make("morl/review-completion-v0", **kwargs).unwrapped
    env.reset(seed=0)

    class Broken:
        name, version, low, high = "brevity", "1", 0.0, 1.0

        def score(self, prompts: Any, completions: Any) -> Any:
            raise RuntimeError("the disk is on fire")

    env._rows.scorers[2] = Broken()
    with pytest.raises(ScoringError, match=r"'brevity' could not score 1 completion.*the disk is on fire"):
        env.step("fine")
    env._rows.scorers[2].score = lambda p, c: np.array([np.nan])
    with pytest.raises(ScoringError, match=r"must score in \[0.0, 1.0\], got nan"):
        env.step("fine")


def test_import_is_light() -> None:
    code = "import sys; import morl_envs; print({'torch', 'transformers'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
