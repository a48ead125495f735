"""When a step is recorded, replayed, recorded anew or given up; a stand-in takes the place of the recordings."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch

from morl_envs.lm import graphs
from morl_envs.lm.graphs import StepGraph

Pair = tuple[torch.Tensor, torch.Tensor]


def run(tokens: torch.Tensor, slots: torch.Tensor) -> Pair:
    return tokens * 2.0 + slots[:, None], tokens + 1.0


class Recording:
    """Computes from what the buffers hold by then, as a recording does."""

    made = 0

    def __init__(self, step: Any, tokens: torch.Tensor, slots: torch.Tensor, error: float = 0.0) -> None:
        Recording.made += 1
        self.step, self.buffers, self.error = step, (tokens, slots), error

    def replay(self) -> Pair:
        logits, hidden = self.step(*self.buffers)
        return logits + self.error, hidden


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    Recording.made = 0

    monkeypatch.setattr(graphs, "_recorded", Recording)


def steps(graph: StepGraph, count: int, shape: Any = (3, 0), first: int = 0) -> list[Pair]:
    found = []
    for i in range(first, first + count):
        tokens, slots = torch.tensor([[i], [i + 5], [2]]), torch.tensor([i, i, 7 * i])
        found.append(graph(run, tokens, slots, shape))
        for got, expected in zip(found[-1], run(tokens, slots), strict=True):
            assert torch.equal(got, expected)
    return found


def test_a_steady_step_is_recorded_once_and_gives_what_it_gave() -> None:
    found = steps(StepGraph(), 30)
    assert Recording.made == 1
    assert torch.equal(found[20][0], run(torch.tensor([[20], [25], [2]]), torch.tensor([20, 20, 140]))[0]), "kept"


def test_another_shape_is_recorded_anew_and_a_shrinking_batch_never() -> None:
    graph = StepGraph()
    steps(graph, 20)
    steps(graph, 20, shape=(3, 1))
    assert Recording.made == 2
    for generation in range(2, 20):
        steps(graph, 3, shape=(3, generation))
    assert Recording.made == 2


def test_a_recording_that_fails_is_given_up(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(graphs, "_recorded", fails)
    with caplog.at_level(logging.DEBUG, logger="morl_envs.lm.graphs"):
        steps(StepGraph(), 30)
    assert caplog.text.count("a recording failed") == 1


def test_a_recording_that_differs_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(graphs, "_recorded", lambda *step: Recording(*step, error=5.0))
    with caplog.at_level(logging.DEBUG, logger="morl_envs.lm.graphs"):
        steps(StepGraph(), 30)
    assert "differs" in caplog.text
