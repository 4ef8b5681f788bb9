"""Read untrusted responses of servers and programs: a JSON object, and the credentials in one.

Errors are ValueError and name the invalid field, never its value. The caller knows whose response it is.
"""

import contextlib
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from role_env.credentials import FIELDS, AccessKey, Credentials, parse_utc
from role_env.errors import printable
from role_env.json_reader import json_value
from role_env.validators import key_id

# A response has a few thousand bytes, and a few more if a session policy is in the token.
LARGEST_RESPONSE = 256 * 1024
_LONGEST_QUOTE = 300
_VALUE = re.compile(r"[\x20-\x7e]+")
TOKEN = re.compile(r"[\x21-\x7e]{1,32768}")
"""What a token can be: printable ASCII without spaces, since it goes into a header or an address."""


def json_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object in `body`; None for text that `json_reader.json_value` rejects, or that is too long."""
    if len(body) > LARGEST_RESPONSE:
        return None
    try:
        document = json_value(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def credentials(
    document: Mapping[str, Any], *, issued: float, fields: tuple[str, str, str, str] = FIELDS
) -> Credentials:
    """Return the credentials in `document` under the names `fields` (key ID, secret, token, expiration).

    `issued` is in epoch seconds. Raises ValueError for values that are not printable ASCII, for an expiration that is
    not a time in UTC, and for one in the past; and as `access_key`.
    """
    *names, end = fields
    key = access_key(document, *names)
    try:
        expiration = parse_utc(str(document.get(end)))
    except ValueError:
        raise ValueError(f"{end} is missing or not a time in UTC") from None
    if expiration <= issued:
        raise ValueError("its session has already expired; check this machine's clock")
    return Credentials(
        key.access_key_id, key.access_key_secret, key.security_token, issued=issued, expiration=expiration
    )


def served_credentials(document: Mapping[str, Any], *, begun: str) -> Credentials:
    """Return the credentials in a document whose Code is Success; their session began at the time under `begun`.

    If that is missing or not past, it begins now. Raises ValueError as `credentials` does.
    """
    if document.get("Code") != "Success":
        raise ValueError("its Code is not Success")
    found = credentials(document, issued=time.time())
    with contextlib.suppress(ValueError):
        found.issued = min(found.issued, parse_utc(str(document.get(begun))))
    return found


def access_key(document: Mapping[str, Any], *fields: str) -> AccessKey:
    """Return the key in `document` under the names `fields`, with a token if there are three.

    Raises ValueError for a value that is not printable ASCII, and for an ID that is a secret.
    """
    values = [value(document, name) for name in fields]
    try:
        return AccessKey(key_id(values[0]), *values[1:])
    except ValueError as error:
        raise ValueError(f"{fields[0]} {error}") from None


def value(document: Mapping[str, Any], name: str) -> str:
    """Return the text in `document` under `name`. Raises ValueError for a value that is not printable ASCII."""
    found = document.get(name)
    if not isinstance(found, str) or not _VALUE.fullmatch(found):
        raise ValueError(f"{name} is missing or not printable ASCII")
    return found


def quote(text: str, secrets: Iterable[str] = (), *, longest_word: int = 60) -> str:
    """Return the beginning of a server's message, on one line, without `secrets` and long words: they may be tokens."""
    text = printable(text)
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return re.sub(rf"\S{{{longest_word},}}", "…", text)[:_LONGEST_QUOTE]
