"""What the two kinds of sign-in share: code verifiers, and exchanges in JSON with a server that issues tokens.

Tokens, codes and verifiers go into a header or a body, and nowhere else. Errors quote only the server's own code and
message, without any secret that was sent.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from role_env import timestamps
from role_env.context import Context
from role_env.credentials import FIELDS, Credentials
from role_env.errors import RefusedError, UnreachableError, printable
from role_env.sts import responses
from role_env.sts.http import TRIES, Response, Server, retry

# An access token with less left cannot be exchanged for a session; also the shortest life that either server gives a
# token (seconds).
SHORTEST_TOKEN_SECONDS = 900
LONGEST_TOKEN_SECONDS = 400 * 86400
_LONG_WORD = re.compile(r"\S{60,}")
_LONGEST_MESSAGE = 300
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_INVALID_HINT = "check the address; a proxy or another sign-in page may be intercepting the request"


class SignInError(RefusedError):
    """A sign-in server's refusal: its HTTP `status`, `code` and words (`said`), all empty without a response."""

    def __init__(self, message: str, *, hint: str = "", code: str = "", status: int = 0, said: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.status = status
        self.said = said


class Verifier:
    """A code verifier of RFC 7636 with its S256 `challenge`. Its repr shows neither."""

    __slots__ = ("challenge", "text")

    def __init__(self) -> None:
        self.text = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.text.encode("ascii")).digest()
        self.challenge = base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


class Body(NamedTuple):
    """The body of a request: its content type, its bytes and the secrets in it."""

    content_type: str
    content: bytes
    secrets: tuple[str, ...] = ()


NO_BODY = Body("", b"")


class Issuer:
    """The server at `host` (host or host:port, always TLS), which issues and revokes tokens."""

    def __init__(self, host: str, context: Context) -> None:
        self.host = host
        self._deadline = context.deadline
        self._server = Server(host, context)

    def request(
        self, method: str, path: str, *, body: Body = NO_BODY, token: str = "", once: bool = False
    ) -> dict[str, Any]:
        """Return the JSON object that answers one request, sent with the access token `token` where there is one.

        A request that failed is sent again, unless `once` forbids it. An empty response counts as an empty object.
        Raises SignInError for a 4xx in the server's words, UnreachableError for everything else.
        """
        headers = {"Accept": "application/json"}
        if body.content_type:
            headers["Content-Type"] = body.content_type
        if token:
            headers["Authorization"] = f"Bearer {token}"
        sent = tuple(filter(None, (*body.secrets, token)))

        def call() -> dict[str, Any]:
            response = self._server.request(method, path, headers=headers, body=body.content)
            return self._document(response, sent)

        return retry(self.host, call, self._deadline, tries=1 if once else TRIES)

    def invalid_response(self, what: str) -> UnreachableError:
        """Return the error for a response that no sign-in server gives."""
        return UnreachableError(f"{self.host} did not answer like a sign-in server ({what})", hint=_INVALID_HINT)

    def _document(self, response: Response, sent: Iterable[str]) -> dict[str, Any]:
        is_empty = response.status == 200 and not response.body
        document = {} if is_empty else responses.json_object(response.body)
        if response.status == 200 and document is not None:
            return document
        code = _text(document or {}, "ErrorCode", "error", "Code", "code")
        if document is None or not 400 <= response.status < 500 or not code:
            raise self.invalid_response(f"status {response.status}" + (", not JSON" if document is None else ""))
        message = _text(document, "ErrorMessage", "error_description", "Message", "message")
        text = _without(f"{code}: {message}" if message else code, sent)
        raise SignInError(f"{self.host} refused: {text}", code=code, status=response.status, said=text)


def read_token(document: Mapping[str, Any], name: str, issuer: Issuer) -> str:
    """Return the token, code or text `name` of an answer. Raises UnreachableError."""
    value = document.get(name)
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise issuer.invalid_response(f"{name} is missing or not printable ASCII")
    return value


def read_seconds(document: Mapping[str, Any], name: str, issuer: Issuer, *, default: float) -> float:
    """Return the number of seconds `name` of an answer, which may be a text. Raises UnreachableError."""
    value = document.get(name)
    if value is None:
        return default
    try:
        seconds = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_TOKEN_SECONDS:
        raise issuer.invalid_response(f"{name} is not a number of seconds")
    return seconds


def read_session(document: Mapping[str, Any], issuer: Issuer, *, issued: float) -> Credentials:
    """Return the session in an answer, whose names may begin with a small letter; `issued` is in epoch seconds.

    Raises UnreachableError.
    """
    found = {name: document.get(name) or document.get(name[0].lower() + name[1:]) for name in FIELDS}
    try:
        end = timestamps.parse_rfc3339(str(found["Expiration"]))
        return responses.credentials({**found, "Expiration": timestamps.format_utc(end)}, issued=issued)
    except ValueError as error:
        raise issuer.invalid_response(str(error)) from None


def _text(document: Mapping[str, Any], *names: str) -> str:
    """Return the first of `names` that is a text, on one line."""
    found = (document.get(name) for name in names)
    return printable(next((value for value in found if isinstance(value, str) and value), ""))


def _without(message: str, sent: Iterable[str]) -> str:
    """Return `message` without the secrets that were sent, shortened."""
    for secret in sent:
        message = message.replace(secret, "…")
    return _LONG_WORD.sub("…", message)[:_LONGEST_MESSAGE]
