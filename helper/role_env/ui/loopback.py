"""An HTTP server on 127.0.0.1 that answers the browser of a person who signs in."""

import http.server
import socketserver
import threading
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple, Protocol


class Reply(NamedTuple):
    """What the browser gets: the status, the text of the page, and headers besides those that every page has."""

    status: HTTPStatus
    text: str
    headers: Mapping[str, str]


class Page(Protocol):
    """A page that decides what each visitor gets."""

    def answer(self, path: str) -> Reply:
        """Return the reply to a request for `path`; `confirm` follows."""

    def confirm(self, status: HTTPStatus) -> None:
        """Note that a reply with `status` has been written, or that the browser hung up before."""


class LoopbackServer(socketserver.ThreadingTCPServer):
    """A server that shows `page` from the moment it is created until `close`; port 0 stands for any free one.

    Raises OSError if the port is taken.
    """

    # Browsers open connections that they may never use: one of them must not keep another waiting.
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, port: int, page: Page) -> None:
        super().__init__(("127.0.0.1", port), _handler(page))
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """End the server and free its port."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a browser that hangs up: its traceback would appear on stderr."""


def _handler(page: Page) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            """Answer the browser."""
            reply = page.answer(self.path)
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
                page.confirm(reply.status)

        def log_message(self, format: str, *args: object) -> None:
            """Write no log: it would contain the address, and with it the code of the sign-in."""

    return Handler
