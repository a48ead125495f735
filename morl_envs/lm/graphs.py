"""Decoding steps recorded once as a CUDA graph and replayed, which spares launching each of their kernels.

Not yet run on a GPU. A recording is compared with the step it was made from before it is trusted, and where it fails
or differs, steps go on being launched one by one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from typing import Any

import torch

__all__ = ["StepGraph"]

log = logging.getLogger(__name__)

Run = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]

_STEADY = 8  # steps of one shape before it is recorded: a batch that shrinks at every step is not
_TOLERANCE = 1e-2  # of the largest logit; kernels may be chosen anew while recording


def _recorded(run: Run, tokens: torch.Tensor, slots: torch.Tensor) -> tuple[Any, tuple[torch.Tensor, torch.Tensor]]:
    """A graph that runs `run` on these two buffers whenever it is replayed, and the buffers it fills."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        run(tokens, slots)  # libraries allocate their workspaces on the first call, which must not be recorded
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        outputs = run(tokens, slots)
    return graph, outputs


class StepGraph:
    """Runs decoding steps, from a recording once their shape has been the same for some steps.

    A step has to be repeatable: run twice on the same tokens and slots, it writes the same keys to the same places.
    """

    def __init__(self) -> None:
        self._shape: Hashable = None
        self._seen = 0
        self._graph: Any = None
        self._trusted = True

    def __call__(
        self, run: Run, tokens: torch.Tensor, slots: torch.Tensor, shape: Hashable
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and hidden states of one step, fresh tensors.

        Args:
            run: The step.
            tokens: Shape ``(n, 1)``.
            slots: Shape ``(n,)``.
            shape: Whatever, when it changes, makes a recording useless: rows, and where the cache lies.
        """
        if shape != self._shape:
            self._shape, self._seen, self._graph = shape, 0, None
        self._seen += 1
        if self._graph is not None:
            return self._replay(tokens, slots)
        found = run(tokens, slots)
        if self._trusted and self._seen > _STEADY:
            self._record(run, tokens, slots, found[0])
        return found

    def _replay(self, tokens: torch.Tensor, slots: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self._tokens.copy_(tokens)
        self._slots.copy_(slots)
        self._graph.replay()
        logits, hidden = self._outputs
        return logits.clone(), hidden.clone()  # the next replay overwrites them

    def _record(self, run: Run, tokens: torch.Tensor, slots: torch.Tensor, expected: torch.Tensor) -> None:
        self._tokens, self._slots = tokens.clone(), slots.clone()
        try:
            self._graph, self._outputs = _recorded(run, self._tokens, self._slots)
            found, _ = self._replay(tokens, slots)
        except Exception as error:  # torch raises what the driver and each kernel say
            log.debug("steps are launched one by one, a recording failed: %s", error)
            self._graph, self._trusted = None, False
            return
        gap = float((found.float() - expected.float()).abs().max() / expected.float().abs().max())
        if not gap < _TOLERANCE:
            log.debug("steps are launched one by one, a recording differs by %.1e", gap)
            self._graph, self._trusted = None, False
