"""A server on a port of this machine: its sockets, TLS and HTTP, and what can go wrong with a connection or a call."""

from __future__ import annotations

import contextlib
import http.server
import socket
import socketserver
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from cloud.answers import Answer, Refused
from cloud.faults import UNANSWERED_FAULTS, FaultQueue, answer_to

Self = TypeVar("Self", bound="Service")
SECONDS_PER_BYTE = 1.0
"""The pace of the fault "slow"."""


class Handler(http.server.BaseHTTPRequestHandler):
    """The handler of one connection. It sends each answer as the answer's fault says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 180
    server: Any

    def _handle(self) -> None:
        service: Service = self.server.service
        # Read before the fault is taken, so that no heal() between the two is missed.
        healed = service.healed
        if service.closing:
            self._hang_up()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(service.answer(self.command, self.path, headers, body), healed)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle

    def _send(self, answer: Answer, healed: threading.Event) -> None:
        if answer.fault.startswith("delay:"):
            healed.wait(float(answer.fault.partition(":")[2]))
        if answer.fault == "hang":
            healed.wait()
        if answer.fault == "truncated-json":
            answer.body = answer.body[: len(answer.body) // 2]
        if answer.fault == "negative-chunk":
            answer.headers, answer.body = {"Transfer-Encoding": "chunked"}, b"-5\r\n" + answer.body
        if answer.fault in UNANSWERED_FAULTS:
            self._hang_up()
        elif answer.fault == "reset-mid-answer":
            self.wfile.write(answer.to_bytes()[:-100])
            self._hang_up()
        elif answer.fault == "slow":
            self._send_slowly(answer.to_bytes(), healed)
        else:
            self.wfile.write(answer.to_bytes())

    def _send_slowly(self, answer: bytes, healed: threading.Event) -> None:
        for value in answer:
            self.wfile.write(bytes([value]))
            if healed.wait(SECONDS_PER_BYTE):
                self._hang_up()
                return

    def _hang_up(self) -> None:
        _reset_on_close(self.connection)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Write no log: each service records its requests."""


class Service:
    """A service on a port of this machine. It starts at once; `close()`, or leaving the `with` block, ends it.

    Without a `context` for TLS it speaks plain HTTP. `address` is where it listens, by default any port of loopback.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        address: tuple[str, int] = ("127.0.0.1", 0),
        handler: type[Handler] = Handler,
    ) -> None:
        self.lock = threading.RLock()
        self.healed = threading.Event()
        """Set when the current faults are cancelled, and then replaced by a new one."""
        self.closing = False
        self.connections_seen = 0
        self.faults = FaultQueue()
        self._server = _Server(self, context, address, handler)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the service, and the calls that hang in it."""
        self.closing = True
        self.heal()
        with contextlib.suppress(OSError):  # a connection that is on its way wakes it too
            socket.create_connection((str(self._server.server_address[0]), self.port), 10).close()
        self._thread.join()
        self._server.server_close()

    def _serve(self) -> None:
        while not self.closing:
            self._server.handle_request()

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self._server.server_address[1])

    @property
    def endpoint(self) -> str:
        """`localhost:<port>`."""
        return f"localhost:{self.port}"

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the answer to a request. Header names are in lower case."""
        raise NotImplementedError

    def try_to(self, carry_out: Callable[[], Answer], refuse: Callable[[Refused], Answer], fault: str) -> Answer:
        """Return the answer to a call: as `fault` has it, else what `carry_out` returns or is refused with."""
        try:
            answer = answer_to(fault) or carry_out()
        except Refused as refused:
            answer = refuse(refused)
        answer.fault = fault
        return answer

    def fault(self, kind: str, times: int | None = 1, action: str | None = None, *, after: int = 0) -> None:
        """Make the next `times` calls (of `action`) fail in the way `kind`, after the first `after`.

        With `times` None, all fail until `heal()`. The action of a sign-in server is a path. Faults queue up.
        Raises ValueError for a fault that can never happen.
        """
        with self.lock:
            self.faults.add(kind, times, action, after)

    def heal(self) -> None:
        """Cancel all faults, and end what hangs or is slow because of one."""
        with self.lock:
            self.faults.clear()
            ended, self.healed = self.healed, threading.Event()
            ended.set()


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """The server of a service's connections.

    HTTPServer looks up its own name when it binds, which can take seconds.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(
        self, service: Service, context: ssl.SSLContext | None, address: tuple[str, int], handler: type[Handler]
    ) -> None:
        self.service = service
        self._context = context
        self._handler = handler
        super().__init__(address, handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Return whether the connection is a client's, and not the one that ends the service."""
        return not self.service.closing

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in its own thread, so that a slow handshake delays no other client."""
        healed = self.service.healed
        with self.service.lock:
            self.service.connections_seen += 1
            fault = self.service.faults.take_for_connection()
        if fault == "hang-in-handshake" and not self.service.closing:
            healed.wait()
        if fault in ("hang-in-handshake", "reset-on-accept"):
            _reset_on_close(request)
            return
        request.settimeout(self._handler.timeout)
        if self._context is None:
            self._handler(request, client_address, cast(Any, self))
            return
        with self._context.wrap_socket(request, server_side=True) as connection:
            if fault == "reset-after-handshake":
                _reset_on_close(connection)
                return
            self._handler(connection, client_address, cast(Any, self))

    def shutdown_request(self, request: Any) -> None:
        """Close without the FIN that the base class sends first, which would spoil a reset."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report bugs of the servers only: clients that hang up or refuse a certificate are what is tested."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _reset_on_close(connection: socket.socket) -> None:
    """Let closing the connection send RST instead of FIN."""
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
