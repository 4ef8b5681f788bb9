"""An HTTP server on 127.0.0.1 that answers the browser of a person who signs in."""

import http.server
import os
import socket
import socketserver
import sys
import threading
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from role_env.dataclass import dataclass


@dataclass(frozen=True)
class Reply:
    """A reply to the browser: the status, the text of the page, and its additional headers.

    After a reply that `is_last`, no other visitor is expected.
    """

    status: HTTPStatus
    text: str
    headers: Mapping[str, str]
    is_last: bool = False


class LoopbackServer(socketserver.ThreadingTCPServer):
    """A server that answers from the moment it is created until `close`; port 0 stands for any free one.

    Others can read the address in the browser's arguments and connect first. On Linux, where the kernel reports the
    user of a connection, connections of other users are closed. `ended` is set when the last reply is written or the
    browser has hung up before it. Raises OSError if the port is taken.
    """

    # Browsers open connections that they may never use. One of them must not block another.
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        self.ended = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, path: str, cookies: str) -> Reply:
        """Return the reply to a request for `path` with the header Cookie `cookies`."""
        raise NotImplementedError

    def close(self) -> None:
        """End the server and free its port."""
        self.shutdown()
        self.server_close()

    def verify_request(self, request: object, client_address: tuple[str, int]) -> bool:
        """Return whether a connection may be this user's or root's."""
        host, port = self.server_address[:2]
        return owner(client_address, (str(host), port)) in (None, 0, os.geteuid())

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a browser that hangs up, which would cause a traceback on stderr."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: LoopbackServer
    timeout = 10

    def do_GET(self) -> None:
        """Answer the browser."""
        reply = self.server.answer(self.path, self.headers.get("Cookie", ""))
        body = reply.text.encode()
        self.send_response(reply.status)
        headers = {
            **reply.headers,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        try:
            self.end_headers()
            self.wfile.write(body)
        finally:
            if reply.is_last:
                self.server.ended.set()

    def log_message(self, format: str, *args: object) -> None:
        """Write no log, since the address in it contains the code of the sign-in."""


def owner(client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """Return the user who has connected from `client` to `server` (IPv4 addresses); None if that is unknown.

    Source: Linux, /proc/net/tcp, and tcp6 for an IPv6 socket that uses such addresses, in 32-bit words of the machine's
    byte order. The eighth field of a line is the ID of the socket's user.
    """
    words = [int.from_bytes(socket.inet_aton(host), sys.byteorder) for host, _ in (client, server)]
    addresses = [f"{word:08X}:{port:04X}" for word, (_, port) in zip(words, (client, server), strict=True)]
    mapped = f"{0:016X}{int.from_bytes(bytes((0, 0, 255, 255)), sys.byteorder):08X}"
    for name, prefix in (("tcp", ""), ("tcp6", mapped)):
        try:
            lines = Path("/proc/net", name).read_text("ascii").splitlines()
        except OSError:  # another system, or Linux without IPv6
            continue
        for fields in map(str.split, lines):
            if fields[1:3] == [prefix + address for address in addresses]:
                return int(fields[7])
    return None
