"""The sockets and TLS of a local server, and what can go wrong with a connection."""

from __future__ import annotations

import http.server
import socket
import socketserver
import ssl
import struct
import sys
import threading
from typing import Any, Protocol, cast


class ApiTarget(Protocol):
    """What answers the calls that arrive."""

    closing: bool
    seconds_per_byte: float

    @property
    def healed(self) -> threading.Event:
        """Set when the faults that are there now are taken back."""

    def begin_connection(self) -> str:
        """Count a connection, and return the fault that befalls it, or ""."""

    def answer_call(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[bytes, str]:
        """Return the bytes to send, and the fault by which to send them."""


class TlsServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Takes connections on a port of 127.0.0.1."""

    # Not HTTPServer: that one looks its own name up when it binds, which can take seconds.
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, api: ApiTarget, context: ssl.SSLContext) -> None:
        self.api, self.context = api, context
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Run in the connection's own thread: a client that dawdles in its handshake delays no other."""
        healed = self.api.healed
        fault = self.api.begin_connection()
        if fault == "hang-in-handshake" and not self.api.closing:
            healed.wait()
        if fault in ("hang-in-handshake", "reset-on-accept"):
            _reset_on_close(request)
            return
        request.settimeout(10)
        with self.context.wrap_socket(request, server_side=True) as connection:
            if fault == "reset-after-handshake":
                _reset_on_close(connection)
                return
            _Handler(connection, client_address, cast(Any, self))

    def shutdown_request(self, request: Any) -> None:
        """Close without the FIN that the base class sends first, which would spoil a reset."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report bugs of the servers only: clients that hang up or refuse a certificate are what is tested."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: Any

    def do_POST(self) -> None:
        """Answer an API call."""
        api: ApiTarget = self.server.api
        # Taken before the fault is: a heal() between the two must not be missed.
        healed = api.healed
        if api.closing:
            self._hang_up()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer, fault = api.answer_call(self.command, self.path, headers, body)
        if fault.startswith("delay:"):
            healed.wait(float(fault.partition(":")[2]))
        if fault == "hang":
            healed.wait()
        if fault in ("hang", "reset-after-request"):
            self._hang_up()
        elif fault == "reset-mid-answer":
            self.wfile.write(answer[: len(answer) - 100])
            self._hang_up()
        elif fault == "slow":
            self._dawdle(answer, healed)
        else:
            self.wfile.write(answer)

    do_GET = do_PUT = do_DELETE = do_POST

    def _hang_up(self) -> None:
        _reset_on_close(self.connection)
        self.close_connection = True

    def _dawdle(self, answer: bytes, healed: threading.Event) -> None:
        for value in answer:
            self.wfile.write(bytes([value]))
            if healed.wait(self.server.api.seconds_per_byte):
                self._hang_up()
                return

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what arrived is in `calls`."""


def _reset_on_close(connection: socket.socket) -> None:
    """Let closing the connection send RST instead of FIN."""
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
