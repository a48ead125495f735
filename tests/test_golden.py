"""An id does what it did when its version was given: golden rollouts, and the script that keeps them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from morl_envs import lm, registry
from tests import golden

HELD: dict[str, Any] = json.loads(golden.PATH.read_text())
DIAL = "morl/dial-token-v0"


@pytest.mark.parametrize("id", registry.ids())
def test_a_rollout_is_what_it_was(id: str) -> None:
    assert id in HELD, "run `python tests/golden.py --write`"
    moved = "this id does something else now: raise its version in registry.py, then `python tests/golden.py --write`"
    assert golden.digest(golden.rollout(id, HELD[id]["seed"])) == HELD[id]["sha256"], moved


def test_only_registered_ids_are_held() -> None:
    assert HELD.keys() <= set(registry.ids())


def test_a_hash_feels_four_decimals_and_texts_but_no_last_bits() -> None:
    seen = golden.rollout(DIAL, 0)
    expected = golden.digest(seen)
    assert golden.digest(golden.rollout(DIAL, 0)) == expected != golden.digest(golden.rollout(DIAL, 1))
    assert golden.clear_of_rounding(seen)
    at = next(i for i, entry in enumerate(seen) if isinstance(entry[0], list))

    def changed(reward: float = 0.0, **parts: Any) -> list[Any]:
        entry = [[seen[at][0][0] + reward, *seen[at][0][1:]], *seen[at][1:]]
        entry[2] = parts.get("text", entry[2])
        return [*seen[:at], entry, *seen[at + 1 :]]

    assert golden.digest(changed(reward=1e-6)) == expected
    assert golden.digest(changed(reward=1e-4)) != expected
    assert golden.digest(changed(text="another")) != expected
    assert not golden.clear_of_rounding(changed(reward=0.00005 + 1e-7))  # the reward itself has four decimals


def test_the_script_adds_forgets_and_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = HELD[DIAL]
    assert golden.updated({}, [DIAL]) == {DIAL: golden.settled(DIAL)}
    assert golden.updated({DIAL: entry, "morl/gone-token-v0": entry}, [DIAL]) == {DIAL: entry}
    with pytest.raises(ValueError, match=r"raise their versions in registry\.py, or undo it: \['morl/dial-token-v0'\]"):
        golden.updated({DIAL: {**entry, "sha256": "0" * 64}}, [DIAL])
    monkeypatch.setattr(golden, "clear_of_rounding", lambda seen: False)
    monkeypatch.setattr(golden, "rollout", lambda *_, **__: [])
    with pytest.raises(RuntimeError, match="no seed below 100"):
        golden.settled(DIAL)


def test_a_model_s_rollout_is_chosen_to_survive_disturbed_weights(tiny_lm: str) -> None:
    kwargs = {"lm": tiny_lm, "dtype": "float32", "max_new_tokens": 2}
    id = "morl/review-choice-v0"
    weights = [parameter.clone() for parameter in lm.load(tiny_lm, "auto", "float32").model.module.parameters()]
    found = golden.settled(id, **kwargs)
    assert golden.digest(golden.rollout(id, found["seed"], **kwargs)) == found["sha256"]
    model = lm.load(tiny_lm, "auto", "float32")
    with golden.disturbed(model, 7):
        assert golden.digest(golden.rollout(id, found["seed"], **kwargs)) == found["sha256"]
        assert any((p != w).any() for p, w in zip(model.model.module.parameters(), weights, strict=True))
    assert all((p == w).all() for p, w in zip(model.model.module.parameters(), weights, strict=True))
