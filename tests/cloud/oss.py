"""OSS's requests as the local servers read them: buckets in the path, signed with version 1 in a header."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from cloud.signatures import Request
from cloud.world import format_time

OPERATIONS = {
    ("GET", "service"): "ListBuckets",
    ("GET", "bucket"): "ListObjects",
    ("GET", "object"): "GetObject",
    ("PUT", "bucket"): "PutBucket",
    ("PUT", "object"): "PutObject",
    ("DELETE", "bucket"): "DeleteBucket",
    ("DELETE", "object"): "DeleteObject",
}
"""RAM's names for what a method does to the service, a bucket or an object."""


def read_oss_request(method: str, target: str, headers: Mapping[str, str]) -> Request | None:
    """Return a request of OSS, taken apart, or None for one of another service. Header names are in lower case."""
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    if scheme != "OSS":
        return None
    path = unquote(urlsplit(target).path)
    bucket, _, key = path.strip("/").partition("/")
    action = OPERATIONS.get((method, "object" if key else "bucket" if bucket else "service"), "")
    key_id, _, signature = credential.partition(":")
    return Request(
        action=action,
        version="",
        parameters={"bucket": bucket, "key": key},
        json=False,
        access_key_id=key_id,
        token=headers.get("x-oss-security-token", ""),
        nonce=uuid.uuid4().hex,  # this signature has none, and may be sent again until its date is too old
        timestamp=_timestamp(headers.get("date", "")),
        signature=signature,
        string_to_sign=oss_string_to_sign(method, path, headers),
        sign=oss_signature,
        service="oss",
    )


def oss_string_to_sign(method: str, path: str, headers: Mapping[str, str]) -> str:
    """Return what OSS's signature of version 1 is made of. No parameter of a query is part of it here."""
    own = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()) if name.startswith("x-oss-"))
    lines = [method, *(headers.get(name, "") for name in ("content-md5", "content-type", "date"))]
    return "\n".join(lines) + "\n" + own + path


def oss_signature(secret: str, string_to_sign: str) -> str:
    """Return the HMAC-SHA1 signature of a request to OSS."""
    return base64.b64encode(hmac.new(secret.encode(), string_to_sign.encode(), hashlib.sha1).digest()).decode()


def _timestamp(date: str) -> str:
    """Return an HTTP date as the other services write it."""
    try:
        moment = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return date
    return format_time(moment.timestamp())
