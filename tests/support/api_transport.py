"""The sockets and TLS of a local server, and what can go wrong with a connection."""

from __future__ import annotations

import http.server
import socket
import socketserver
import ssl
import struct
import sys
import threading
from types import TracebackType
from typing import Any, Protocol, TypeVar, cast

Running = TypeVar("Running", bound="TlsService")


class TlsService:
    """A service on a port of this machine. It starts at once; `close()`, or leaving the `with` block, ends it."""

    def __init__(self, context: ssl.SSLContext, handler: type[http.server.BaseHTTPRequestHandler]) -> None:
        self.lock = threading.RLock()
        self.healed = threading.Event()
        """Set when the current faults are cancelled, and then replaced by a new one."""
        self.closing = False
        self._server = TlsServer(self, context, handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self: Running) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the service and whatever hangs in it."""
        self.closing = True
        self.heal()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def endpoint(self) -> str:
        """`localhost:<port>`."""
        return f"localhost:{self.port}"

    def heal(self) -> None:
        """Cancel all faults, and end what hangs or is slow because of one."""
        with self.lock:
            ended, self.healed = self.healed, threading.Event()
            ended.set()

    def begin_connection(self) -> str:
        """Return the fault of a new connection, or ""."""
        return ""


class ApiTarget(Protocol):
    """A service that answers API calls."""

    closing: bool
    seconds_per_byte: float
    healed: threading.Event

    def answer_call(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[bytes, str]:
        """Return the bytes to send, and the fault by which to send them."""


class TlsServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Takes connections on a port of 127.0.0.1."""

    # Not HTTPServer: that one looks its own name up when it binds, which can take seconds.
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(
        self, target: TlsService, context: ssl.SSLContext, handler: type[http.server.BaseHTTPRequestHandler]
    ) -> None:
        self.target, self.context, self.handler = target, context, handler
        super().__init__(("127.0.0.1", 0), handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Run in the connection's own thread: a client with a slow handshake delays no other."""
        healed = self.target.healed
        fault = self.target.begin_connection()
        if fault == "hang-in-handshake" and not self.target.closing:
            healed.wait()
        if fault in ("hang-in-handshake", "reset-on-accept"):
            reset_on_close(request)
            return
        request.settimeout(10)
        with self.context.wrap_socket(request, server_side=True) as connection:
            if fault == "reset-after-handshake":
                reset_on_close(connection)
                return
            self.handler(connection, client_address, cast(Any, self))

    def shutdown_request(self, request: Any) -> None:
        """Close without the FIN that the base class sends first, which would spoil a reset."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report bugs of the servers only: clients that hang up or refuse a certificate are what is tested."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class ApiHandler(http.server.BaseHTTPRequestHandler):
    """Answers the calls on one connection, as their faults say."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: Any

    def do_POST(self) -> None:
        """Answer an API call."""
        api: ApiTarget = self.server.target
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
        reset_on_close(self.connection)
        self.close_connection = True

    def _dawdle(self, answer: bytes, healed: threading.Event) -> None:
        for value in answer:
            self.wfile.write(bytes([value]))
            if healed.wait(self.server.target.seconds_per_byte):
                self._hang_up()
                return

    def log_message(self, format: str, *args: object) -> None:
        """Write no log: the requests are in `calls`."""


def reset_on_close(connection: socket.socket) -> None:
    """Let closing the connection send RST instead of FIN."""
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
