"""An HTTP server on 127.0.0.1 that answers the browser of a person who signs in."""

import http.server
import socketserver
import threading
from collections.abc import Mapping
from http import HTTPStatus

from role_env.dataclass import dataclass


@dataclass(frozen=True)
class Reply:
    """What the browser gets: the status, the text of the page, and headers besides those that every page has.

    After one that `is_last` nobody waits for another visitor.
    """

    status: HTTPStatus
    text: str
    headers: Mapping[str, str]
    is_last: bool = False


class LoopbackServer(socketserver.ThreadingTCPServer):
    """A server that answers from the moment it is created until `close`; port 0 stands for any free one.

    `ended` is set when the last reply has been written, or the browser hung up before. Raises OSError if the port is
    taken.
    """

    # Browsers open connections that they may never use: one of them must not keep another waiting.
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        self.ended = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, path: str) -> Reply:
        """Return the reply to a request for `path`."""
        raise NotImplementedError

    def close(self) -> None:
        """End the server and free its port."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a browser that hangs up: its traceback would appear on stderr."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: LoopbackServer
    timeout = 10

    def do_GET(self) -> None:
        """Answer the browser."""
        reply = self.server.answer(self.path)
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
        """Write no log: it would contain the address, and with it the code of the sign-in."""
