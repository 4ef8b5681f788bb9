"""A client of a sign-in server, OAuth's or CloudSSO's: requests, the values in responses, and code verifiers.

Tokens, codes and verifiers go only into a header or a body. Errors quote the server's own code and message, without
any secret that was sent.
"""

import base64
import contextlib
import hashlib
import json
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from secrets import token_urlsafe
from typing import Any

from role_env.context import Context
from role_env.credentials import FIELDS, Credentials, format_utc, parse_rfc3339
from role_env.errors import ProfileError, RefusedError, printable
from role_env.http import responses
from role_env.http.client import TRIES, Client, Response

# An access token with less left cannot be exchanged for a session. Neither server issues a shorter one (seconds).
SHORTEST_TOKEN_SECONDS = 900
_LONGEST_TOKEN_SECONDS = 400 * 86400


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


class Issuer(Client):
    """A client of the server at `host` (host or host:port, always TLS), which issues and revokes tokens."""

    def __init__(self, host: str, context: Context) -> None:
        super().__init__("a sign-in server", host, context)

    def send(
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
        response = self.request(method, path, headers=headers, body=body.encode(), tries=tries)
        return self._parse(response, (*secrets, token))

    def read_token(self, answer: Mapping[str, Any], name: str) -> str:
        """Return the token, code or address `name` of a response. Raises UnreachableError."""
        value = answer.get(name)
        if not isinstance(value, str) or not responses.TOKEN.fullmatch(value):
            raise self.invalid(f"{name} is missing or not printable ASCII")
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
            raise self.invalid(f"{name} is not a number of seconds")
        return seconds

    def read_session(self, answer: Mapping[str, Any], *, issued: float) -> Credentials:
        """Return the session in a response; `issued` is in epoch seconds. Raises UnreachableError.

        The names in the response may begin with an upper-case or a lower-case letter.
        """
        found = {name: answer.get(name) or answer.get(name[0].lower() + name[1:]) for name in FIELDS}
        with self.reading():
            end = parse_rfc3339(str(found["Expiration"]))
            return responses.credentials({**found, "Expiration": format_utc(end)}, issued=issued)

    def _parse(self, response: Response, secrets: Iterable[str]) -> dict[str, Any]:
        if response.status == 200 and not response.body:
            return {}
        code = response.text("ErrorCode", "error", "Code", "code")
        if not code or not 400 <= response.status < 500:
            return self.object_of(response)
        message = response.text("ErrorMessage", "error_description", "Message", "message")
        said = responses.quote(f"{code}: {message}" if message else code, secrets)
        code = printable(code)
        raise SignInError(f"{self.endpoint} refused: {said}", code=code, status=response.status, said=said)
