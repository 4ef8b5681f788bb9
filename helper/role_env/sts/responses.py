"""What servers and programs answer, read without trust: an object in JSON, and the credentials in one.

The errors here are ValueError and name the field that is wrong, never its value; the caller knows who answered.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from role_env import timestamps
from role_env.credentials import AccessKey, Credentials
from role_env.sts.http import LARGEST_ANSWER

_VALUE = re.compile(r"[\x20-\x7e]+")
# The fields of STS, of the metadata service and of a credentials URI.
STS_FIELDS = ("AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration")


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in `body`; None for anything else, and for what is larger than LARGEST_ANSWER."""
    if len(body) > LARGEST_ANSWER:
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def credentials(
    answer: Mapping[str, Any], *, issued: float, fields: tuple[str, str, str, str] = STS_FIELDS
) -> Credentials:
    """The credentials in `answer`, under the names `fields` (id, secret, token, end); `issued` in epoch seconds.

    Raises ValueError for what is not printable ASCII, for an end that is no time in UTC, and for one that is past.
    """
    key_id, secret, token, end = fields
    values = [_value(answer, name) for name in (key_id, secret, token)]
    try:
        expiration = timestamps.parse_utc(str(answer.get(end)))
    except ValueError:
        raise ValueError(f"{end} is missing or not a time in UTC") from None
    if expiration <= issued:
        raise ValueError("its session has already expired; is this machine's clock right?")
    return Credentials(*values, issued=issued, expiration=expiration)


def access_key(answer: Mapping[str, Any], *fields: str) -> AccessKey:
    """The key in `answer` under the names `fields` (id, secret, and token where there must be one).

    Raises ValueError for what is not printable ASCII.
    """
    return AccessKey(*(_value(answer, name) for name in fields))


def _value(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise ValueError(f"{name} is missing or not printable ASCII")
    return value
