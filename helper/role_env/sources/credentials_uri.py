"""The credential source for a credentials URI, requested as the Alibaba SDKs do: one GET, one JSON document."""

import contextlib
import ipaddress
import time
import urllib.parse
from typing import Any

from role_env.context import Context
from role_env.credentials import ISSUED, AccessKey, Credentials, parse_utc
from role_env.errors import ProfileError
from role_env.fingerprint import sha256
from role_env.http import responses
from role_env.http.server import Server
from role_env.sources import rows
from role_env.sources.base import Source


class CredentialsUri(Source):
    """A credential source that requests a URI."""

    row = rows.CREDENTIALS_URI

    def __init__(self, profile: str, where: str, uri: str) -> None:
        super().__init__(profile, where)
        self.uri = uri

    def identity(self, context: Context) -> list[str]:
        """Return a digest of the address, since its path may be the only protection of the credentials."""
        return [sha256(self.uri)]

    def _fetch(self, context: Context) -> AccessKey:
        return fetch(self.uri, context)


def fetch(uri: str, context: Context, *, is_served: bool = False) -> Credentials:
    """Request `uri` and return its credentials. Without TLS it must be on this machine.

    With `is_served` it is the URI of a running server of `exec --renew`, which may have any address of this machine.

    Errors contain only the host, since the path may be the only protection of the credentials. Raises ProfileError for
    an invalid address, UnreachableError if no valid response arrives by the deadline.
    """
    plain, host, path = _address(uri, is_served=is_served)
    server = Server(
        "the credentials URI", host, context, like="a credentials URI", hint="check its address", plain=plain
    )
    document = server.object_of(server.request("GET", path, headers={"Accept": "*/*"}))
    with server.reading():
        return _credentials(document)


def _address(uri: str, *, is_served: bool) -> tuple[bool, str, str]:
    """Return whether `uri` is plain HTTP, its host and port, and its path. Raises ProfileError."""
    hint = "use an https:// address, or an http:// address on 127.0.0.1"
    try:
        parts = urllib.parse.urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    odd = not (uri.isascii() and uri.isprintable()) or " " in uri or "@" in uri.partition("//")[2].partition("/")[0]
    if not host or odd or parts.scheme not in ("http", "https"):
        raise ProfileError("the credentials URI is not a valid address", hint=hint)
    if parts.scheme == "http" and not is_served and not _is_loopback(host):
        raise ProfileError(f"the credentials URI at {host} is http://: others could read the credentials", hint=hint)
    return parts.scheme == "http", parts.netloc, f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"


def _is_loopback(host: str) -> bool:
    """Return whether `host` is this machine, by its text only, since a name server's answer can change."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _credentials(document: dict[str, Any]) -> Credentials:
    """Return the credentials in the document of a response. Raises ValueError."""
    if document.get("Code") != "Success":
        raise ValueError("its Code is not Success")
    now = time.time()
    found = responses.credentials(document, issued=now)
    with contextlib.suppress(ValueError):  # only the URI of `exec --renew` has it
        found.issued = min(now, parse_utc(str(document.get(ISSUED))))
    return found
