"""Compiling the kernels for this processor, once, with the compiler that is there."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

from morl_envs.lm.hub import cache_folder

__all__ = ["library"]

log = logging.getLogger(__name__)

_SOURCE = Path(__file__).with_name("kernels.cpp")
_FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fopenmp",
    "-shared",
    "-fPIC",
    "-w",
)
_PATIENCE = 120  # seconds for what takes five


def library() -> ctypes.CDLL | None:
    """The kernels, compiled by what ``CXX`` names or by g++; None, and a word in the log, where they cannot be had.

    They are kept in the cache folder, by what they were made of and for. Only on Linux: elsewhere a compiler that
    shares its threads with torch is rare, and asking for one can open a window.
    """
    wanted = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "c++"]
    compiler = next((path for name in wanted if (path := shutil.which(name))), None)
    if sys.platform != "linux" or compiler is None:
        log.debug("no compiled kernels: a compiler for C++ is needed, on Linux")
        return None
    try:
        return ctypes.CDLL(str(_built(compiler)))
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or error
        log.debug("no compiled kernels: %s", said)
        return None


def _built(compiler: str) -> Path:
    folder = cache_folder() / "kernels"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{_fingerprint(compiler)}.so"
    with FileLock(target.with_suffix(".lock")):
        if not target.exists():
            log.info("compiling kernels for this processor, once")
            with tempfile.TemporaryDirectory(dir=folder) as place:
                made = Path(place) / target.name
                command = [compiler, *_FLAGS, str(_SOURCE), "-o", str(made)]
                subprocess.run(command, check=True, capture_output=True, text=True, timeout=_PATIENCE)
                os.replace(made, target)
    return target


def _fingerprint(compiler: str) -> str:
    """Differs where another source, compiler or processor would make another library: homes are shared by machines."""
    parts = [_SOURCE.read_text(), " ".join(_FLAGS), compiler, platform.machine(), *_features()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _features() -> list[str]:
    """What Linux tells of the first processor: model, family, instructions."""
    told = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    kept = ("flags", "Features", "cpu family", "model", "CPU implementer", "CPU part")
    return [line for line in told if line.split("\t")[0].rstrip(" :") in kept]
