"""Serve programs and browsers over HTTP at a port that other users of the machine, and web pages, can reach too.

Few connections at once, each for a short time: one thread reads them all, and only a complete request gets a thread of
its own. So idle connections of other users block nobody. The Host header must be the server's address or a name that no
web page can have.
"""

import contextlib
import errno
import http.server
import io
import re
import selectors
import socket
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus

from role_env.dataclass import dataclass
from role_env.deadline import NoThread, Worker

MOST = 64
"""The greatest number of connections at once."""
REQUEST_SECONDS = 5.0
"""The time for a connection's whole request, and for each part of the reply (seconds)."""
BACKLOG = 1024
"""The queue of the listening socket, long enough while others open connections as fast as they can."""
_LARGEST_REQUEST = 16 * 1024
_HEADERS = {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Connection": "close",
}
_STEP_SECONDS = 0.1
# The pause while all connections are being answered. An answer takes milliseconds, unless it waits for a renewal.
_PAUSE_SECONDS = 0.01
# Names of this machine that no web page can have. The last two are docker's and podman's names for the host.
_NAMES = frozenset(("localhost", "host.docker.internal", "host.containers.internal"))


@dataclass(frozen=True)
class Request:
    """A GET: the path with its query, the header Cookie, and the addresses with ports of both ends."""

    path: str
    cookies: str
    client: tuple[str, int]
    server: tuple[str, int]


@dataclass(frozen=True)
class Reply:
    """A reply: the status, the text and additional headers. After one that `is_last`, no other visitor is expected."""

    status: HTTPStatus
    text: str
    headers: Mapping[str, str]
    is_last: bool = False


class LocalServer:
    """A server on `listener` from its creation until `close`. `ended` is set after a last reply, even a lost one."""

    def __init__(self, listener: socket.socket) -> None:
        self.ended = threading.Event()
        self._listener = listener
        # The connections with incomplete requests, the oldest first: their deadlines, and the bytes so far.
        self._arrivals: dict[socket.socket, tuple[float, bytes]] = {}
        self._answered: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()
        self._is_closed = False
        self._serving = Worker(self._serve)

    def answer(self, request: Request) -> Reply | None:
        """Return the reply to a request whose Host is this machine, or None to hang up.

        It is called in a thread of its own, may wait, and may raise any Exception, after which the server hangs up.
        """
        raise NotImplementedError

    @property
    def authority(self) -> str:
        """The address and port, as in a URI."""
        address, port, *_ = self._listener.getsockname()
        return f"{bracketed(address)}:{port}"

    def wait_until_closed(self) -> None:
        """Return when no more connections are accepted: after `close`, or if the system fails."""
        self._serving.join()

    def close(self) -> None:
        """End the server and free its port."""
        self._is_closed = True
        self._serving.join()
        self._listener.close()

    def is_host(self, host: str) -> bool:
        """Return whether `host`, from a request, is this server's address or a name of this machine.

        A name that a web page gives to the address does not count. Any port is accepted: a forwarded connection has
        another one, and the Python SDK sends none.
        """
        name = re.sub(r":[0-9]{1,5}\Z", "", host).lower()
        return name in _NAMES or name == bracketed(self._listener.getsockname()[0])

    def _serve(self) -> None:
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        with contextlib.suppress(OSError, MemoryError):
            while not self._is_closed:
                ready = {key.fileobj for key, _ in self._selector.select(_STEP_SECONDS)}
                # Read first, before a connection is closed to make room.
                for connection in [known for known in self._arrivals if known in ready]:
                    self._receive(connection)
                now = time.monotonic()
                for connection in [known for known, (end, _) in self._arrivals.items() if end < now]:
                    self._close(connection)
                if self._listener in ready:
                    self._accept()

    def _accept(self) -> None:
        """Accept a connection. If there are too many, close the oldest without a complete request."""
        if len(self._arrivals) + len(self._answered) >= MOST and not self._make_room():
            return
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                self._make_room()
            return
        connection.setblocking(False)
        self._arrivals[connection] = time.monotonic() + REQUEST_SECONDS, b""
        self._selector.register(connection, selectors.EVENT_READ)

    def _make_room(self) -> bool:
        """Close the oldest connection without a complete request. If there is none, pause and return False."""
        if self._arrivals:
            self._close(next(iter(self._arrivals)))
            return True
        time.sleep(_PAUSE_SECONDS)
        return False

    def _receive(self, connection: socket.socket) -> None:
        """Read from `connection`, and start the answer if the request is complete."""
        end, request = self._arrivals[connection]
        try:
            received = connection.recv(_LARGEST_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        request += received
        if b"\r\n\r\n" in request or b"\n\n" in request:
            self._begin_answer(connection, request)
        elif not received or len(request) > _LARGEST_REQUEST:
            self._close(connection)
        else:
            self._arrivals[connection] = end, request

    def _begin_answer(self, connection: socket.socket, request: bytes) -> None:
        self._selector.unregister(connection)
        del self._arrivals[connection]
        self._answered.add(connection)
        connection.settimeout(REQUEST_SECONDS)
        try:
            Worker(lambda: self._run(connection, request))
        except NoThread:
            self._end_answer(connection)

    def _run(self, connection: socket.socket, request: bytes) -> None:
        # The client may hang up. Nothing is reported, since stderr may belong to a command.
        try:
            with contextlib.suppress(Exception):
                _Handler(self, connection, request)
        finally:
            self._end_answer(connection)

    def _end_answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)  # let the reply arrive
        connection.close()
        self._answered.discard(connection)

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._arrivals[connection]
        connection.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    """The reply of `owner` to one complete `request`, sent on `connection`."""

    def __init__(self, owner: LocalServer, connection: socket.socket, request: bytes) -> None:
        self._owner = owner
        self._ends = (connection.getpeername()[:2], connection.getsockname()[:2])
        self.rfile, self.wfile = io.BytesIO(request), connection.makefile("wb")
        self.handle()

    def do_GET(self) -> None:
        """Send the reply to a client that names this machine."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not self._owner.is_host(hosts[0]):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        reply = self._owner.answer(Request(self.path, self.headers.get("Cookie", ""), *self._ends))
        try:
            if reply:
                self._send(reply)
        finally:
            if reply and reply.is_last:
                self._owner.ended.set()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send only a status."""
        self._send(Reply(HTTPStatus(code), "", {}))

    def _send(self, reply: Reply) -> None:
        self.close_connection = True
        body = reply.text.encode()
        self.send_response(reply.status)
        headers = {**_HEADERS, **reply.headers, "Content-Length": str(len(body))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def version_string(self) -> str:
        return "role-env"

    def log_message(self, format: str, *args: object) -> None:
        """Write no log, since an address in it may contain a secret."""


def bracketed(address: str) -> str:
    """Return an IP address as in a URI."""
    return f"[{address}]" if ":" in address else address
