"""What the two sign-in servers share: HTTPS beside a local STS, and the sessions that they issue.

Nothing of role-env is imported here: what is checked is checked by an implementation of its own.
"""

from __future__ import annotations

import abc
import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from cloud.answers import Answer, Refused
from cloud.local_sts import LocalSts
from cloud.service import Service
from cloud.world import Role, Session
from support.certificates import server_context


@dataclass
class Request:
    """One request that arrived. The names of its `headers` are in small letters."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    arrived: float = field(default_factory=time.time)

    @property
    def bearer(self) -> str:
        """The access token that it was sent with, or an empty text."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else ""

    def has_type(self, content_type: str) -> bool:
        """Return whether the body is said to be of this type."""
        return self.headers.get("content-type", "").startswith(content_type)


def pkce_challenge(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


class SignInServer(Service, abc.ABC):
    """A running server; see Service. Whoever trusts `sts.ca_file` trusts it too.

    `requests` holds what arrived. A subclass has the `routes`, by method and path, and the form of a `refusal`.
    """

    routes: dict[tuple[str, str], Callable[[Request], Answer]]
    address = Service.endpoint

    def __init__(self, sts: LocalSts) -> None:
        self.sts = sts
        self.requests: list[Request] = []
        self.sessions: list[Session] = []
        self.after: dict[str, Callable[[], object]] = {}
        """What happens after a request for a path, before its answer."""
        self._issued: set[str] = set()
        super().__init__(server_context())

    @property
    def secrets(self) -> set[str]:
        """Every token, code and verifier of the run, for a canary."""
        with self.lock:
            return set(self._issued)

    def secret(self, length: int = 32) -> str:
        """Return a new secret text, which a canary looks for from now on."""
        made = secrets.token_urlsafe(length)
        self.guard(made)
        return made

    def guard(self, text: str) -> None:
        """Let a canary look for `text` too."""
        with self.lock:
            self._issued.add(text)

    def requests_to(self, path: str) -> list[Request]:
        """Return the requests for one path, in the order in which they came."""
        with self.lock:
            return [request for request in self.requests if request.path == path]

    def issue_session(self, role_name: str, account: str) -> Session:
        """Return a session that the local STS knows: of a role that may assume whatever the account's keys may."""
        may_assume = {role.arn for role in self.sts.world.roles.values()}
        session = Session(
            "STS." + secrets.token_hex(12),
            secrets.token_urlsafe(30),
            secrets.token_urlsafe(300),
            time.time() + 3600,
            Role(account, role_name, set(), may_assume=may_assume),
            "alice",
        )
        self.sts.issued.append(session)
        self.sessions.append(session)
        return session

    @abc.abstractmethod
    def refusal(self, refused: Refused) -> Answer:
        """Return how this server says no."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the answer to a request."""
        parts = urlsplit(target)
        request = Request(method, parts.path, dict(parse_qsl(parts.query)), body, headers)
        with self.lock:
            self.requests.append(request)
            fault = self.faults.take_for_call(request.path)
        return self.try_to(lambda: self._carry_out(request), self.refusal, fault)

    def _carry_out(self, request: Request) -> Answer:
        route = self.routes.get((request.method, request.path))
        if route is None:
            raise Refused("InvalidAction.NotFound")
        with self.lock:
            answer = route(request)
        self.after.get(request.path, bool)()
        return answer


def read_json(request: Request, *names: str) -> dict[str, str]:
    """Return the named texts of a JSON body, all of which have to be there. Raises Refused."""
    if not request.has_type("application/json"):
        raise Refused("InvalidContentType", "The body must be JSON.")
    try:
        document = json.loads(request.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Refused("InvalidParameter", "The body must be a JSON object.")
    for name in names:
        if not isinstance(document.get(name), str) or not document[name]:
            raise Refused(f"Missing{name}", f"{name} is mandatory for this action.")
    return document


def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form. Raises Refused."""
    if not request.has_type("application/x-www-form-urlencoded"):
        raise Refused("invalid_request", "The body must be a form.")
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
