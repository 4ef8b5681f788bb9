"""A client of a sign-in server, OAuth's or CloudSSO's: requests, the values in responses, and code verifiers.

Tokens, codes and verifiers go only into a header or a body. Errors quote the server's own code and message, without
any secret that was sent.
"""

import base64
import contextlib
import hashlib
import json
import re
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from secrets import token_urlsafe
from typing import Any

from role_env import timestamps
from role_env.context import Context
from role_env.credentials import FIELDS, Credentials
from role_env.errors import ProfileError, RefusedError, UnreachableError, printable
from role_env.http import responses
from role_env.http.server import TRIES, Response, Server

# An access token with less left cannot be exchanged for a session. Neither server issues a shorter one (seconds).
SHORTEST_TOKEN_SECONDS = 900
_LONGEST_TOKEN_SECONDS = 400 * 86400
_LONGEST_MESSAGE = 300
# A word in a message that may be a token.
_LONG_WORD = re.compile(r"\S{60,}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_INVALID_HINT = "check the address; a proxy or another sign-in page may be intercepting the request"


class SignInError(RefusedError):
    """A sign-in server's refusal: its HTTP `status`, `code` and message (`said`). All are empty without a response."""

    def __init__(self, message: str, *, hint: str = "", code: str = "", status: int = 0, said: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.status = status
        self.said = said


class TokenEnded(ProfileError):
    """The server no longer accepts the token."""


@contextlib.contextmanager
def noticing_end(is_end: Callable[[str], object]) -> Iterator[None]:
    """Turn a refusal with status 401, or with a code for which `is_end` is true, into TokenEnded."""
    try:
        yield
    except SignInError as error:
        if error.status == 401 or is_end(error.code):
            raise TokenEnded(error.message) from None
        raise


class Verifier:
    """A code verifier of RFC 7636 with its S256 `challenge`. Its repr shows neither."""

    def __init__(self) -> None:
        self.text = token_urlsafe(48)
        digest = hashlib.sha256(self.text.encode("ascii")).digest()
        self.challenge = base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


class Issuer:
    """The server at `host` (host or host:port, always TLS), which issues and revokes tokens."""

    def __init__(self, host: str, context: Context) -> None:
        self.host = host
        self._server = Server("", host, context)

    def request(
        self,
        method: str,
        path: str,
        *,
        document: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
        token: str = "",
        tries: int = TRIES,
    ) -> dict[str, Any]:
        """Send a request with a JSON `document`, a `form` or an empty body, and return the JSON object of the response.

        `token` is the access token, if the request needs one. No error quotes it, or the `secrets` in the body. An
        empty response counts as an empty object. Raises SignInError, with the server's message, for a 4xx status, and
        UnreachableError for everything else, after `tries` attempts.
        """
        headers, body = {"Accept": "application/json"}, ""
        if document is not None:
            headers["Content-Type"], body = "application/json", json.dumps(document)
        if form is not None:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urllib.parse.urlencode(form)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        response = self._server.request(method, path, headers=headers, body=body.encode(), tries=tries)
        return self._parse(response, (*secrets, token))

    def read_token(self, answer: Mapping[str, Any], name: str) -> str:
        """Return the token, code or address `name` of a response. Raises UnreachableError."""
        value = answer.get(name)
        if not isinstance(value, str) or not _TOKEN.fullmatch(value):
            raise self.invalid_response(f"{name} is missing or not printable ASCII")
        return value

    def read_seconds(self, answer: Mapping[str, Any], name: str, *, default: float) -> float:
        """Return the seconds `name` of a response, a number or its text. Raises UnreachableError."""
        value = answer.get(name)
        if value is None:
            return default
        try:
            seconds = -1.0 if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            seconds = -1.0
        if not 0 <= seconds <= _LONGEST_TOKEN_SECONDS:
            raise self.invalid_response(f"{name} is not a number of seconds")
        return seconds

    def read_session(self, answer: Mapping[str, Any], *, issued: float) -> Credentials:
        """Return the session in a response; `issued` is in epoch seconds. Raises UnreachableError.

        The names in the response may begin with an upper-case or a lower-case letter.
        """
        found = {name: answer.get(name) or answer.get(name[0].lower() + name[1:]) for name in FIELDS}
        try:
            end = timestamps.parse_rfc3339(str(found["Expiration"]))
            return responses.credentials({**found, "Expiration": timestamps.format_utc(end)}, issued=issued)
        except ValueError as error:
            raise self.invalid_response(str(error)) from None

    def invalid_response(self, what: str) -> UnreachableError:
        """Return the error for a response unlike a sign-in server's."""
        return UnreachableError(f"{self.host} did not answer like a sign-in server ({what})", hint=_INVALID_HINT)

    def _parse(self, response: Response, secrets: Iterable[str]) -> dict[str, Any]:
        is_empty = response.status == 200 and not response.body
        document = {} if is_empty else response.document
        if response.status == 200 and document is not None:
            return document
        code = _text(document or {}, "ErrorCode", "error", "Code", "code")
        if document is None or not 400 <= response.status < 500 or not code:
            raise self.invalid_response(f"status {response.status}" + (", not JSON" if document is None else ""))
        message = _text(document, "ErrorMessage", "error_description", "Message", "message")
        text = _redact(f"{code}: {message}" if message else code, secrets)
        raise SignInError(f"{self.host} refused: {text}", code=code, status=response.status, said=text)


def _redact(text: str, secrets: Iterable[str]) -> str:
    """Return the beginning of a server's message, without `secrets` and words that may be tokens."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return _LONG_WORD.sub("…", text)[:_LONGEST_MESSAGE]


def _text(document: Mapping[str, Any], *names: str) -> str:
    """Return the first text under one of `names`, on one line; empty if there is none."""
    found = (document.get(name) for name in names)
    return printable(next((value for value in found if isinstance(value, str) and value), ""))
