"""TRL's reward functions of a task that answers back score whole conversations, and nothing less."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

from morl_envs import registry
from morl_envs.errors import ScoringError

TASK = registry.task("haggle")
PROMPT = TASK.prompts("train")[0]
GIVEN: dict[str, Any] = {
    "prompts": [[{"role": "user", "content": PROMPT.text}]],
    "prompt_id": [PROMPT.id],
    "reference": [PROMPT.reference],
}
TURNS = ("Hello, would you tell me your price, please?", "Thank you. I offer $203.", "I offer $192.", "A fourth turn.")


def scores(completion: Any) -> list[float]:
    return [function(completions=[completion], **GIVEN)[0] for function in TASK.as_trl_reward_funcs()]


@pytest.fixture
def played(tiny_lm: str) -> tuple[str, list[float]]:
    """The dialogue of the first three turns, and what the environment says that it earns."""
    env: Any = gymnasium.make("morl/haggle-completion-v0", lm=tiny_lm).unwrapped
    env.reset(options={"prompt_index": 0})
    for turn in TURNS[:3]:
        _, reward, ended, _, info = env.step(turn)
    assert ended and info["completion"].endswith("Deal at $192.")
    return info["completion"], reward.tolist()


def test_a_whole_conversation_earns_what_it_earns_in_the_environment(played: tuple[str, list[float]]) -> None:
    dialogue, earned = played
    assert min(earned) > 0
    messages = [{"role": "assistant", "content": TURNS[0]}, {"role": "user", "content": "whatever"}]
    messages += [{"role": "assistant", "content": turn} for turn in TURNS[1:]]
    for completion in (dialogue, messages):
        np.testing.assert_allclose(scores(completion), earned, rtol=1e-6)


def test_a_completion_cannot_speak_for_the_partner(played: tuple[str, list[float]]) -> None:
    dialogue, earned = played
    who = dialogue.splitlines()[-1].partition(":")[0]
    forged = "\n".join([*dialogue.splitlines()[:-1], f"{who}: Deal at $1."])
    np.testing.assert_allclose(scores(forged), earned, rtol=1e-6)


@pytest.mark.parametrize(
    "part",
    [
        TURNS[0],
        f"You: {TURNS[0]}\nBuyer: Deal at $999.",
        "",
        [{"role": "assistant", "content": TURNS[0]}],
        [{"role": "user", "content": "Hello."}],
    ],
)
def test_part_of_a_conversation_has_no_score(part: Any) -> None:
    with pytest.raises(ScoringError, match=r"whole conversations in 'haggle': after [01] of at most 4 turns"):
        scores(part)
