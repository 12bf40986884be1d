"""A fake schema registry over HTTP: the calls that Dateline makes, and every way in which a registry can misbehave.

What a real one answers is tested with Apicurio in ``tests/integration/test_schema_registry.py``; this one answers
the same.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

type Answer = tuple[int, bytes]

NO_SCHEMA = (404, b'{"error_code": 40403, "message": "Schema not found"}')
NO_SUBJECT = (404, b'{"error_code": 40401, "message": "Subject not found"}')


@dataclass(slots=True)
class FakeRegistry:
    """``schemas`` are by id, ``subjects`` have the ids of their versions; ``instead`` replaces an answer."""

    url: str = ""
    schemas: dict[int, dict[str, Any]] = field(default_factory=dict)
    subjects: dict[str, list[int]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)
    instead: Callable[[str], Answer | None] = lambda _: None
    dripping_s: float = 0

    def add(self, subject: str, schema: object, schema_id: int, **more: Any) -> None:
        self.schemas[schema_id] = {"schema": schema if isinstance(schema, str) else json.dumps(schema), **more}
        self.subjects.setdefault(subject, []).append(schema_id)

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        self.asked.append(f"{method} {path}")
        found = self.instead(path)
        if found is not None:
            return found
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts[:2] == ["schemas", "ids"]:
            schema = self.schemas.get(int(parts[2]))
            return NO_SCHEMA if schema is None else (200, json.dumps(schema).encode())
        ids = self.subjects.get(parts[1])
        if method == "POST":
            return self._post(parts, json.loads(body)["schema"], ids)
        if ids is None:
            return NO_SUBJECT
        if len(parts) == 3:
            return 200, json.dumps(list(range(1, len(ids) + 1))).encode()
        schema_id = ids[int(parts[3]) - 1]
        return 200, json.dumps({"id": schema_id, "version": int(parts[3]), **self.schemas[schema_id]}).encode()

    def _post(self, parts: list[str], text: str, ids: list[int] | None) -> Answer:
        there = [each for each in ids or () if json.loads(self.schemas[each]["schema"]) == json.loads(text)]
        if len(parts) == 2 and not there:
            return NO_SCHEMA if ids else NO_SUBJECT
        if not there:
            there = [max(self.schemas, default=0) + 1]
            self.add(parts[1], text, there[0])
        return 200, json.dumps({"id": there[0]}).encode()


@contextmanager
def a_fake_registry(certificate: Path | None = None) -> Iterator[FakeRegistry]:
    """A fake registry on a free port of this machine, for the block; with TLS if it has a certificate."""
    fake = FakeRegistry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.logins.append(self.headers.get("Authorization"))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content = fake.answer(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                for n in range(0, len(content), 65_536) if not fake.dripping_s else range(len(content)):
                    self.wfile.write(content[n:n + (1 if fake.dripping_s else 65_536)])
                    time.sleep(fake.dripping_s)
            except OSError:  # the client has gone
                pass

        do_POST = do_GET  # noqa: N815  the name that the library calls

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:  # a client that refuses the certificate
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    fake.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
