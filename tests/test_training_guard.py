"""What an agent can reach through the environment that it is trained in: neither test prompts nor gold scorers."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

from morl_envs import objectives, registry
from morl_envs.budget import Budget, Meter
from morl_envs.errors import BudgetExceeded, InvalidParameter
from morl_envs.evaluation.training import peak_memory, stored_parameters, train, training_envs


def reachable(root: Any, limit: int = 200_000) -> Iterator[Any]:
    """Everything that attributes, slots, closures and containers lead to, short of modules and classes."""
    seen: set[int] = set()
    waiting = [root]
    while waiting and len(seen) < limit:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, type | type(np) | np.ndarray | int | float | bytes):
            continue
        seen.add(id(found))
        yield found
        if isinstance(found, str):
            continue
        if isinstance(found, dict):
            waiting += [*found.keys(), *found.values()]
        elif isinstance(found, list | tuple | set | frozenset):
            waiting += list(found)
        else:
            waiting += list(getattr(found, "__dict__", {}).values())
            waiting += [getattr(found, name, None) for name in getattr(type(found), "__slots__", ())]
            waiting += [cell.cell_contents for cell in getattr(found, "__closure__", None) or ()]
            waiting += [getattr(found, "__self__", None)]


CASES = [
    *(row.id("completion") for row in registry.TASKS.values() if "completion" in row.controls),
    "morl/review-token-v0",
    "morl/story-choice-v0",
    "morl/dial-token-v0",
]


@pytest.fixture
def trained_in(tiny_lm: str) -> Any:
    def make(id: str, meter: Meter | None = None) -> Any:
        kwargs = {"lm": tiny_lm, "dtype": "float32"} if registry.uses_lm(id) else {}
        return training_envs(id, meter or Meter(), kwargs)

    return make


@pytest.mark.parametrize("id", CASES)
def test_nothing_that_hangs_on_a_training_environment_is_a_test_prompt_or_a_gold_scorer(
    id: str, trained_in: Any
) -> None:
    """Whoever takes apart the environment, its makers, its spec and all that it says finds neither."""
    make_env = trained_in(id)
    env = make_env()
    held = [make_env, env, env.spec, env.reset(seed=0)]
    held += [env.step(env.action_space.sample()) for _ in range(2) if env.unwrapped._running]
    task = registry.task(registry.task_and_control(id)[0])
    known = [objectives.gold(name) for name in task.objectives if registry.uses_lm(id)]
    golds = {gold.__class__ for gold in known if gold is not None}
    found = list(reachable(held))
    texts = {text for text in found if isinstance(text, str)}
    for told in ("id", "text"):
        own, secret = ({getattr(prompt, told) for prompt in task.prompts(split)} for split in ("train", "test"))
        assert own & texts, "the search would have found prompts"
        assert not (secret - own) & texts
    assert not [thing for thing in found if thing.__class__ in golds]


def test_what_a_training_environment_says_names_no_other_scores(trained_in: Any) -> None:
    env = trained_in("morl/review-completion-v0")()
    _, told = env.reset(seed=0)
    assert told.keys() == {"prompt", "prompt_id"}
    info = env.step("A fine film.")[4]
    assert info.keys() == {"reward_components", "completion"}
    assert tuple(info["reward_components"]) == env.unwrapped.objectives
    with pytest.raises(InvalidParameter, match="options"):
        env.reset(options={"split": "test"})
    assert env.spec.kwargs["split"] == "train"


@pytest.mark.parametrize("id", ["morl/review-completion-v0", "morl/dial-token-v0"])
def test_who_steps_a_copy_pays_too(id: str, trained_in: Any) -> None:
    meter = Meter(Budget(scored_completions=2))
    env = trained_in(id, meter)()
    for other in (env, copy.deepcopy(env), copy.deepcopy(env)):
        other.reset(seed=0)
        while meter.scored_completions < 2 and other.unwrapped._running:
            other.step(other.action_space.sample())
    assert meter.scored_completions == 2
    late = copy.deepcopy(env)
    late.reset(seed=0)
    with pytest.raises(BudgetExceeded, match="scored_completions must stay within 2"):
        while True:
            late.step(late.action_space.sample())


def test_what_is_not_promised() -> None:
    """In one process nobody can be kept from the package's own data: docs/evaluation.md says so."""
    spec = training_envs("morl/dial-token-v0", Meter())().spec
    assert gymnasium.make(spec.id, split="test").unwrapped.prompts == registry.task("dial").prompts("test")  # type: ignore[attr-defined]


@pytest.mark.parametrize("id", CASES)
def test_a_training_environment_refuses_to_tell(id: str, trained_in: Any) -> None:
    make = trained_in(id)
    with pytest.raises(InvalidParameter, match="split must be 'train' in training, got 'test'"):
        make(split="test")
    env = make(split="train")
    for copied in (env, copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
        assert copied.unwrapped.task.prompts("train") == copied.unwrapped.prompts
        for ask in (copied.unwrapped.task.prompts, copied.unwrapped.task.content_hash):
            with pytest.raises(InvalidParameter, match="split must be 'train', that of this environment, got 'test'"):
                ask("test")


def test_a_test_environment_shows_the_same_task() -> None:
    env: Any = gymnasium.make("morl/dial-token-v0", split="test").unwrapped
    task = registry.task("dial")
    assert env.task == task and env.task.content_hash("test") == task.content_hash("test")


class Greedy:
    """Steps until somebody stops it."""

    def train(self, make_env: Any, budget: Budget, seed: int) -> None:
        env = make_env()
        env.reset(seed=seed)
        while True:
            if env.step(0)[2]:
                env.reset()


def test_training_ends_at_the_exact_completion_of_its_budget() -> None:
    with pytest.raises(BudgetExceeded, match="scored_completions must stay within 3; 3 are spent and 1 more"):
        train(Greedy(), "morl/dial-token-v0", budget=Budget(scored_completions=3))  # type: ignore[arg-type]


def test_training_is_measured(tmp_path: Any) -> None:
    from safetensors.numpy import save_file

    class Short(Greedy):
        def train(self, make_env: Any, budget: Budget, seed: int) -> None:
            env = make_env()
            env.reset(seed=seed)
            for _ in range(8):
                env.step(1)

    costs, measured = train(Short(), "morl/dial-token-v0")  # type: ignore[arg-type]
    assert costs["training_scored_completions"] == 1 and costs["training_generated_tokens"] == 8
    assert 0 < measured["training_seconds"] < 60 and measured["peak_memory_bytes"] > 10**7
    held = bytearray(200_000_000)  # a peak is not forgotten
    held[::4096] = b"x" * len(held[::4096])
    del held
    assert peak_memory()["peak_memory_bytes"] >= measured["peak_memory_bytes"]
    (tmp_path / "deep").mkdir()
    save_file({"a": np.zeros((3, 4), np.float32), "b": np.zeros(5, np.int8)}, tmp_path / "deep" / "w.safetensors")
    assert stored_parameters(tmp_path) == 17
