"""The console's sign-in of both sites, behind a proxy that leads to it, so that role-env needs no test setting."""

from __future__ import annotations

import contextlib
import http.server
import json
import secrets
import socket
import socketserver
import threading
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.certificates import server_context
from support.local_sts import LocalSts

HOSTS = ("signin.aliyun.com", "signin.alibabacloud.com")


class Federation:
    """Takes CONNECT to one of HOSTS, and is that host from there on, over TLS. It knows the sessions of `sts`.

    `asked` holds the path of each request, `hosts` the hosts. The next answers are taken from `answers` (status and
    body) while there are any.
    """

    def __init__(self, sts: LocalSts) -> None:
        self.sts = sts
        self.asked: list[str] = []
        self.hosts: list[str] = []
        self.tokens: list[str] = []
        self.answers: list[tuple[int, bytes]] = []
        self.context = server_context(names=HOSTS)
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _connection(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Federation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead a command here, and to the local STS."""
        proxy = f"http://127.0.0.1:{self._server.server_address[1]}"
        return {"HTTPS_PROXY": proxy, "NO_PROXY": "localhost", "SSL_CERT_FILE": str(self.sts.ca_file)}

    def answer(self, path: str, content_type: str, body: bytes) -> tuple[int, bytes]:
        """Return the status and the body for one POST."""
        self.asked.append(path)
        if self.answers:
            return self.answers.pop(0)
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
        session = next((one for one in self.sts.issued if one.id == form.get("AccessKeyId")), None)
        expected = session and {
            "Action": "GetSigninToken",
            "AccessKeyId": session.id,
            "AccessKeySecret": session.secret,
            "SecurityToken": session.token,
            "TicketType": "mini",
        }
        right = path == "/federation" and content_type == "application/x-www-form-urlencoded" and form == expected
        if not right:
            return 400, json.dumps({"Code": "InvalidParameter", "Message": body.decode()}).encode()
        self.tokens.append(secrets.token_urlsafe(40) + "+/=&")
        return 200, json.dumps({"RequestId": "1", "SigninToken": self.tokens[-1]}).encode()


def _connection(federation: Federation) -> type[socketserver.BaseRequestHandler]:
    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            client: socket.socket = self.request
            client.settimeout(10)
            with contextlib.suppress(OSError):
                head = b""
                while b"\r\n\r\n" not in head:
                    head += client.recv(4096)
                host = urlsplit("//" + head.split()[1].decode()).hostname or ""
                federation.hosts.append(host)
                if head.split()[0] != b"CONNECT" or host not in HOSTS:
                    client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                    return
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                with federation.context.wrap_socket(client, server_side=True) as secured:
                    _handler(federation)(secured, self.client_address, self.server)

    return Connection


def _handler(federation: Federation) -> Any:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = federation.answer(self.path, self.headers.get("Content-Type") or "", body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Write no log: the requests are in `asked`."""

    return Handler
