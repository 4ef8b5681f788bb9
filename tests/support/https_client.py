"""A plain HTTPS client of the local servers."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode


class Received(NamedTuple):
    """The response of a server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object in the body."""
        document: dict[str, Any] = json.loads(self.body)
        return document


class HttpsClient:
    """A client of the server at `address` (host:port), whose authority is in `ca_file`."""

    def __init__(self, address: str, ca_file: Path, *, timeout: float = 60) -> None:
        self._address = address
        self._timeout = timeout
        self._context = ssl.create_default_context(cafile=str(ca_file))

    def ask(self, method: str, path: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None) -> Received:
        """Send one request and return its response. Raises what `http.client` raises."""
        connection = http.client.HTTPSConnection(self._address, timeout=self._timeout, context=self._context)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            response = connection.getresponse()
            return Received(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def post_json(self, path: str, *, bearer: str = "", **document: object) -> Received:
        """POST a JSON object."""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
        return self.ask("POST", path, json.dumps(document).encode(), headers=headers)

    def post_form(self, path: str, **form: str) -> Received:
        """POST a form."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(form).encode(), headers=headers)

    def get(self, path: str, *, bearer: str = "", **query: str) -> Received:
        """GET `path` with a query."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self.ask("GET", f"{path}?{urlencode(query)}" if query else path, headers=headers)
