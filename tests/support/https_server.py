"""A small HTTPS (or HTTP) server of a test's own, which answers what the test says and records the requests."""

from __future__ import annotations

import contextlib
import http.server
import threading
from pathlib import Path

from support.certificates import server_context, write_authority


class HttpsServer:
    """Answers every GET with `status`, `headers` and `body`.

    Over TLS with a certificate for localhost by `ca_file`, without a `folder` for that over plain HTTP. `asked` holds
    path and headers (names in small letters).
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        if folder:
            self.ca_file = folder / "https-ca.pem"
            write_authority(self.ca_file)
            self._server.socket = server_context().wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> HttpsServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(server: HttpsServer) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(server.status)
            for name, value in {"Content-Length": str(len(server.body)), **server.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(server.body)

        def log_message(self, format: str, *args: object) -> None:
            """Write no log: the requests are in `asked`."""

    return Handler
