"""The credential source for a credentials URI, requested as the Alibaba SDKs do: one GET, one JSON document."""

import ipaddress

from role_env.context import Context
from role_env.credentials import ISSUED, AccessKey, Credentials
from role_env.errors import ProfileError
from role_env.fingerprint import sha256
from role_env.http import responses
from role_env.sources.base import Source


class CredentialsUri(Source):
    """A credential source that requests a URI."""

    kind = "credentials_uri"
    is_cacheable = False
    waits_for = "the credentials URI"

    def identity(self, context: Context) -> list[str]:
        """Return a digest of the address, since its path may be the only protection of the credentials."""
        return [sha256(uri) for uri in self.values]

    def _fetch(self, context: Context) -> AccessKey:
        (uri,) = self.values
        return fetch(uri, context)


def fetch(uri: str, context: Context, *, is_served: bool = False) -> Credentials:
    """Request `uri` and return its credentials. Without TLS it must be on this machine.

    With `is_served` it is the URI of a running server of `exec --renew`, which may have any address of this machine.

    Errors contain only the host, since the path may be the only protection of the credentials. Raises ProfileError for
    an invalid address, UnreachableError if no valid response arrives by the deadline.
    """
    from role_env.http.client import Client, split_address

    hint = "use an https:// address, or an http:// address on 127.0.0.1"
    parts = split_address(uri)
    if not parts:
        raise ProfileError("the credentials URI is not a valid address", hint=hint)
    host, plain = parts.hostname or "", parts.scheme == "http"
    if plain and not is_served and not _is_loopback(host):
        raise ProfileError(f"the credentials URI at {host} is http://: others could read the credentials", hint=hint)
    client = Client("a credentials URI", parts.netloc, context, hint="check its address", plain=plain)
    path = f"{parts.path or '/'}{parts.query and '?'}{parts.query}"
    document = client.object_of(client.request("GET", path, headers={"Accept": "*/*"}))
    with client.reading():
        return responses.served_credentials(document, begun=ISSUED)  # only `exec --renew` serves that time


def _is_loopback(host: str) -> bool:
    """Return whether `host` is this machine, by its text only, since a name server's answer can change."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
