"""What the two sign-in servers share: HTTPS beside a local STS, faults, and the sessions that they issue.

Nothing of role-env is imported here: what is checked is checked by an implementation of its own.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import http.server
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from support.api_transport import TlsService, reset_on_close
from support.certificates import server_context
from support.faults import ESCAPES
from support.local_sts import LocalSts
from support.world import ACCOUNT_B, Role, Session

Document = dict[str, Any]

BEFORE_FAULTS = frozenset(
    {"reset", "hang", "empty", "500", "503", "429", "html-200", "html-502", "json-list", "redirect", "huge", "escapes"}
)
"""The request is recorded and not carried out."""

AFTER_FAULTS = frozenset({"lost", "reset-mid-answer", "truncated"})
"""The request is carried out, and its answer is lost or cut."""

FAULTS = BEFORE_FAULTS | AFTER_FAULTS
"""Every kind but the two with arguments: "delay:SECONDS" and "refuse:STATUS:CODE:TEXT"."""


@dataclass
class Answer:
    """What a server answers to one request."""

    status: int
    body: bytes = b""
    content_type: str = "application/json;charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the whole HTTP answer."""
        headers = {"Content-Type": self.content_type, "Content-Length": str(len(self.body)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "Connection: close"]).encode() + b"\r\n\r\n" + self.body


def answer_json(document: Document, status: int = 200) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(document).encode())


@dataclass
class Request:
    """One request that arrived. `status` is 0 where no answer was given; `header_names` are in small letters."""

    method: str
    path: str
    query: str = ""
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    arrived: float = 0.0
    status: int = 0
    fault: str = ""

    @property
    def bearer(self) -> str:
        """The access token that it was sent with, or an empty text."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else ""


@dataclass
class _Fault:
    kind: str
    times: int | None
    path: str | None


class Refused(Exception):
    """The server says no. How that is written is each server's own."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(code)
        self.status, self.code, self.text = status, code, text


def pkce_challenge(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


class SignInServer(TlsService):
    """A running server; see TlsService. Whoever trusts `sts.ca_file` trusts it too.

    `requests` holds what arrived. A subclass answers in `carry_out`, and says no in the form of `refusal`.
    """

    def __init__(self, sts: LocalSts) -> None:
        self.sts = sts
        self.requests: list[Request] = []
        self.after: dict[str, Callable[[], object]] = {}
        """What happens after a request for a path, before its answer."""
        self._faults: list[_Fault] = []
        self._issued: set[str] = set()
        super().__init__(server_context(), _Handler)

    @property
    def address(self) -> str:
        """`localhost:<port>`."""
        return self.endpoint

    @property
    def secrets(self) -> set[str]:
        """Every token, code and verifier of the run, for a canary."""
        with self.lock:
            return set(self._issued)

    def secret(self, length: int = 32) -> str:
        """Return a new secret text, which a canary looks for from now on."""
        made = secrets.token_urlsafe(length)
        return self.guard(made)

    def guard(self, text: str) -> str:
        """Lets a canary look for `text` too; returns it."""
        with self.lock:
            self._issued.add(text)
        return text

    def requests_to(self, path: str) -> list[Request]:
        """Return the requests for one path, in the order in which they came."""
        with self.lock:
            return [request for request in self.requests if request.path == path]

    def fault(self, kind: str, times: int | None = 1, path: str | None = None) -> None:
        """Lets the next `times` requests (for `path`) fail that way; None: until `heal()`. Faults queue up."""
        if kind not in FAULTS and not kind.startswith(("delay:", "refuse:")):
            raise ValueError(f"no such fault: {kind}")
        with self.lock:
            self._faults.append(_Fault(kind, times, path))

    def heal(self) -> None:
        """Take back all faults and end what hangs because of one."""
        with self.lock:
            self._faults.clear()
            super().heal()

    def issue_session(
        self, role_name: str, *, account: str = ACCOUNT_B, name: str = "alice", seconds: float = 3600
    ) -> Session:
        """Return a session that the local STS knows: of a role that may assume whatever the account's keys may."""
        may_assume = {role.arn for role in self.sts.world.roles.values()}
        role = Role(account, role_name, set(), may_assume=may_assume)
        session = Session(
            "STS." + secrets.token_hex(12),
            secrets.token_urlsafe(30),
            secrets.token_urlsafe(300),
            time.time() + seconds,
            role,
            name,
        )
        self.sts.issued.append(session)
        return session

    # -- what a subclass is made of --

    def carry_out(self, request: Request) -> Answer:
        """Answers one request, or raises Refused."""
        raise NotImplementedError

    def refusal(self, refused: Refused) -> Answer:
        """How this server says no."""
        raise NotImplementedError

    # -- one request --

    def answer(self, request: Request) -> tuple[Answer | None, str]:
        """Return the answer, None where the connection is cut, and the fault by which to send it."""
        with self.lock:
            self.requests.append(request)
            fault = request.fault = self._take_fault(request.path)
            healed = self.healed
        if fault.startswith("delay:"):
            healed.wait(float(fault.partition(":")[2]))
        if fault == "hang":
            healed.wait()
        if fault in ("reset", "hang"):
            return None, fault
        answer = self._by_fault(fault) if fault in BEFORE_FAULTS or fault.startswith("refuse:") else None
        if answer is None:
            try:
                with self.lock:
                    answer = self.carry_out(request)
                self.after.get(request.path, bool)()
            except Refused as refused:
                answer = self.refusal(refused)
        request.status = answer.status
        return (None if fault == "lost" else answer), fault

    def _take_fault(self, path: str) -> str:
        for fault in self._faults:
            if fault.path in (None, path):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault.kind
        return ""

    def _by_fault(self, fault: str) -> Answer:
        if fault.startswith("refuse:"):
            _, status, code, text = fault.split(":", 3)
            return self.refusal(Refused(int(status), code, text))
        html = "text/html"
        return {
            "empty": Answer(200),
            "500": self.refusal(Refused(500, "InternalError", "Something went wrong.")),
            "503": self.refusal(Refused(503, "ServiceUnavailable", "Try again later.")),
            "429": self.refusal(Refused(429, "TooManyRequests", "Slow down.")),
            "html-200": Answer(200, b"<html><h1>Welcome to the hotel</h1></html>", html),
            "html-502": Answer(502, b"<html><h1>Bad gateway</h1></html>", html),
            "json-list": Answer(200, b'["no", "object"]'),
            "redirect": Answer(302, headers={"Location": "http://portal.example/"}),
            "huge": Answer(200, b'{"x": "' + b"x" * 1024 * 1024 + b'"}'),
            "escapes": self.refusal(Refused(403, "Forbidden", ESCAPES)),
        }[fault]


def read_json(request: Request, *names: str) -> dict[str, str]:
    """Return the named texts of a JSON body, all of which have to be there. Raises Refused."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refused(400, "InvalidContentType", "The body must be JSON.")
    try:
        document = json.loads(request.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Refused(400, "InvalidParameter", "The body must be a JSON object.")
    for name in names:
        if not isinstance(document.get(name), str) or not document[name]:
            raise Refused(400, f"Missing{name}", f"{name} is mandatory for this action.")
    return document


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = 60
    server: Any

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, parts.query, body, headers, time.time())
        answer, fault = self.server.target.answer(request)
        content = answer.to_bytes() if answer else b""
        if fault == "reset-mid-answer":
            content = content[: len(content) - 20]
        if fault == "truncated" and answer:
            content = Answer(answer.status, answer.body[: len(answer.body) // 2]).to_bytes()
        self.wfile.write(content)
        if fault == "reset-mid-answer" or answer is None:
            reset_on_close(self.connection)
        self.close_connection = True

    do_GET = _answer
    do_POST = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what arrived is in `requests`."""
