"""Where a model runs and what it computes in."""

from __future__ import annotations

from morl_envs.errors import InvalidParameter, require_one_of

__all__ = ["resolve_device", "resolve_dtype"]

_DTYPES = ("bfloat16", "float16", "float32")


def resolve_device(device: str) -> str:
    """The torch device behind `device`; "auto" is CUDA where there is one, else the CPU.

    Raises:
        InvalidParameter: for a device that torch does not know or that this machine does not have.
    """
    if device == "cpu":
        return device  # without importing torch
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
        return str(torch.device(device))
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InvalidParameter(
            f"device must be 'auto' or a torch device of this machine, got {device!r}: {error}"
        ) from None


def resolve_dtype(dtype: str, device: str) -> str:
    """The name of the torch dtype behind `dtype`; see :func:`morl_envs.lm.load`."""
    require_one_of("dtype", dtype, ("auto", *_DTYPES))
    if dtype != "auto":
        return dtype
    import torch

    kind = torch.device(device).type
    # mkldnn answers whether the processor multiplies in bfloat16 itself; emulation is slower than float32
    fast = kind == "cuda" or (kind == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return "bfloat16" if fast else "float32"
