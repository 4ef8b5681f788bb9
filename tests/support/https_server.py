"""A small HTTPS (or HTTP) server of a test's own, which answers what the test says and records the requests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cloud.answers import Answer
from cloud.service import Service
from support.certificates import server_context, write_authority


class HttpsServer(Service):
    """Answers every GET with `status`, `headers` and `body`.

    Over TLS with a certificate for localhost by `ca_file`, without a `folder` for that over plain HTTP. `asked` holds
    path and headers (names in small letters).
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b""
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        if folder:
            self.ca_file = folder / "https-ca.pem"
            write_authority(self.ca_file)
        super().__init__(server_context() if folder else None)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Record a GET and return the answer; refuse any other method."""
        if method != "GET":
            return Answer(405)
        self.asked.append((target, headers))
        return Answer(self.status, self.body, headers=dict(self.headers))
