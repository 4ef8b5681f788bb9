"""A server on 127.0.0.1 for the browser of a person who signs in."""

import hmac
import os
import secrets
import socket
import sys
import threading
import time
from http import HTTPStatus
from pathlib import Path

from role_env.deadline import STEP_SECONDS
from role_env.http.local_server import BACKLOG, LocalServer, Reply, Request

_TEXTS = {
    HTTPStatus.OK: "role-env has received the answer. You can close this page and return to the terminal.",
    HTTPStatus.BAD_REQUEST: "This is not the sign-in that role-env is waiting for. Use the address in the terminal.",
    HTTPStatus.FORBIDDEN: "This browser did not begin the sign-in, or keeps no cookies. Return to the terminal.",
    HTTPStatus.GONE: "This address works once, and has been used. Return to the terminal.",
    HTTPStatus.NOT_FOUND: "There is nothing here.",
    HTTPStatus.BAD_GATEWAY: "The sign-in failed. Return to the terminal.",
}
_ESTABLISHED = "01"


class LoopbackServer(LocalServer):
    """A server at `port`; 0 stands for any free one. A browser starts at `address`, whose page works once.

    Others can read the address in the browser's arguments and come first. On Linux, where the kernel reports the user
    of a connection, other users get no reply, and change nothing. Raises OSError if the port is taken.
    """

    def __init__(self, port: int) -> None:
        self._path = f"/{secrets.token_urlsafe(32)}"
        self._lock = threading.Lock()
        self.has_begun = False
        self.failure: Exception | None = None
        super().__init__(socket.create_server(("127.0.0.1", port), backlog=BACKLOG))
        self.address = f"http://{self.authority}{self._path}"

    def wait(self, seconds: float) -> bool:
        """Wait for the last reply, and return whether it came within `seconds`. Raises `failure` if there is one."""
        end = time.monotonic() + seconds
        while not (came := self.ended.wait(STEP_SECONDS)) and time.monotonic() < end:
            pass  # a signal just before a wait does not interrupt it
        if self.failure:
            raise self.failure
        return came

    def answer(self, request: Request) -> Reply | None:
        """Return the reply to a client that may be this user's or root's; to one client after the other."""
        if _is_strange(request.client, request.server):
            return None
        with self._lock:
            if not hmac.compare_digest(request.path.encode(), self._path.encode()):
                return self.other_page(request)
            if self.has_begun:
                return self.second_visit(request)
            self.has_begun = True
            return self.first_visit()

    def first_visit(self) -> Reply:
        """Return the reply to the first browser at `address`."""
        raise NotImplementedError

    def second_visit(self, request: Request) -> Reply:
        """Return the reply to each later one."""
        return page(HTTPStatus.GONE)

    def other_page(self, request: Request) -> Reply:
        """Return the reply to a request for another path."""
        return page(HTTPStatus.NOT_FOUND)


def page(status: HTTPStatus, *, is_last: bool = False) -> Reply:
    """Return a page that says what the status means here."""
    return Reply(status, f"{_TEXTS[status]}\n", {}, is_last=is_last)


def _is_strange(client: tuple[str, int], server: tuple[str, int]) -> bool:
    """Return whether the connection from `client` to `server` (IPv4 addresses) is another user's, as the system says.

    Only an established connection counts: after a client has closed its socket, the kernel names root as its user.

    Source: Linux, /proc/net/tcp, and tcp6 for an IPv6 socket that uses such addresses, in 32-bit words of the machine's
    byte order. The fourth field of a line is the state, the eighth the ID of the socket's user.
    """
    words = [int.from_bytes(socket.inet_aton(host), sys.byteorder) for host, _ in (client, server)]
    addresses = [f"{word:08X}:{port:04X}" for word, (_, port) in zip(words, (client, server), strict=True)]
    mapped = f"{0:016X}{int.from_bytes(bytes((0, 0, 255, 255)), sys.byteorder):08X}"
    is_known = False
    for name, prefix in (("tcp", ""), ("tcp6", mapped)):
        try:
            lines = Path("/proc/net", name).read_text("ascii").splitlines()
        except OSError:  # another system, or Linux without IPv6
            continue
        is_known = True
        for fields in map(str.split, lines):
            if fields[1:4] == [*(prefix + address for address in addresses), _ESTABLISHED]:
                return int(fields[7]) not in (0, os.geteuid())
    return is_known
