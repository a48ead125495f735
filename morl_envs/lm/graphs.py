"""Decoding steps recorded once and replayed, which spares the model's Python code between their kernels.

On a GPU as a CUDA graph (not yet run there), on a CPU as a list of kernel calls (:mod:`morl_envs.lm.tape`). A recording
is compared with the step it was made from before it is trusted; where it fails or differs, steps go on as they were.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from typing import Protocol

import torch

from morl_envs.lm.tape import Tape

__all__ = ["StepGraph"]

log = logging.getLogger(__name__)

Pair = tuple[torch.Tensor, torch.Tensor]
Run = Callable[[torch.Tensor, torch.Tensor], Pair]

# steps of one shape before it is recorded, which takes as long as two or three: a batch that shrinks each time is not
_STEADY = {"cpu": 4, "cuda": 8}
_TOLERANCE = 1e-2  # of the largest logit; kernels may be chosen anew while recording


class _Recording(Protocol):
    def replay(self) -> Pair:
        """Logits and hidden states, fresh tensors, of the tokens and slots that the buffers hold by now."""


class _CudaGraph:
    """A step on a GPU; see :class:`morl_envs.lm.tape.Tape` for its arguments."""

    def __init__(self, run: Run, tokens: torch.Tensor, slots: torch.Tensor) -> None:
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            run(tokens, slots)  # libraries allocate their workspaces on the first call, which must not be recorded
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._outputs = run(tokens, slots)

    def replay(self) -> Pair:
        self._graph.replay()
        logits, hidden = self._outputs
        return logits.clone(), hidden.clone()  # the next replay overwrites them


def _recorded(run: Run, tokens: torch.Tensor, slots: torch.Tensor) -> _Recording:
    return _CudaGraph(run, tokens, slots) if tokens.is_cuda else Tape(run, tokens, slots)


class StepGraph:
    """Runs decoding steps, from a recording once their shape has been the same for some steps.

    A step has to be repeatable: run twice on the same tokens and slots, it writes the same keys to the same places.
    """

    def __init__(self) -> None:
        self._shape: Hashable = None
        self._seen = 0
        self._recording: _Recording | None = None
        self.has_failed = False

    def __call__(
        self, run: Run, tokens: torch.Tensor, slots: torch.Tensor, shape: Hashable
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and hidden states of one step, fresh tensors.

        Args:
            run: The step.
            tokens: Shape ``(n, 1)``.
            slots: Shape ``(n,)``.
            shape: Whatever, when it changes, makes a recording useless: rows, where the cache and the weights lie.
        """
        if shape != self._shape:
            self._shape, self._seen, self._recording = shape, 0, None
        self._seen += 1
        if self._recording is not None:
            return self._replay(self._recording, tokens, slots)
        found = run(tokens, slots)
        if not self.has_failed and self._seen > _STEADY.get(tokens.device.type, 8):
            self._record(run, tokens, slots, found[0])
        return found

    def forget(self) -> None:
        """Give up the recording, and the memory that it holds; the next steps are counted anew."""
        self._shape, self._recording = None, None

    def _replay(self, recording: _Recording, tokens: torch.Tensor, slots: torch.Tensor) -> Pair:
        self._tokens.copy_(tokens)
        self._slots.copy_(slots)
        return recording.replay()

    def _record(self, run: Run, tokens: torch.Tensor, slots: torch.Tensor, expected: torch.Tensor) -> None:
        self._tokens, self._slots = tokens.clone(), slots.clone()
        try:
            recording = _recorded(run, self._tokens, self._slots)
            found, _ = self._replay(recording, tokens, slots)
        except Exception as error:  # torch raises what the driver and each kernel say
            log.debug("steps are not replayed, a recording failed: %s", error)
            self.has_failed = True
            return
        gap = float((found.float() - expected.float()).abs().max() / expected.float().abs().max())
        if gap < _TOLERANCE:
            self._recording = recording
        else:
            log.debug("steps are not replayed, a recording differs by %.1e", gap)
            self.has_failed = True
