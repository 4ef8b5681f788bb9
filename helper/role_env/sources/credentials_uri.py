"""Credentials from a URI, as the Alibaba SDKs ask for them (ALIBABA_CLOUD_CREDENTIALS_URI): one GET, one document."""

import ipaddress
import time
import urllib.parse

from role_env.context import Context
from role_env.credentials import Credentials
from role_env.errors import ProfileError, UnreachableError
from role_env.sts import responses
from role_env.sts.http import Response, Server, retry


def fetch(uri: str, context: Context) -> Credentials:
    """The credentials that `uri` answers with; without TLS only on this machine.

    The path may be all that guards them, so no error tells more than the host. Raises ProfileError for an address that
    is none, UnreachableError when no sensible answer came by the deadline.
    """
    plain, host, path = _address(uri)
    server = Server(host, context, plain=plain)
    return retry(
        f"the credentials URI at {host} could not be reached",
        lambda: _credentials(host, server.request("GET", path, headers={"Accept": "*/*"})),
        context.deadline,
    )


def _address(uri: str) -> tuple[bool, str, str]:
    """Whether there is no TLS, the host and port, and the path. Raises ProfileError."""
    hint = "it is an https:// address, or an http:// one on 127.0.0.1"
    try:
        parts = urllib.parse.urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    odd = not (uri.isascii() and uri.isprintable()) or " " in uri or "@" in uri.partition("//")[2].partition("/")[0]
    if not host or odd or parts.scheme not in ("http", "https"):
        raise ProfileError("the credentials URI is no address that can be asked", hint=hint)
    if parts.scheme == "http" and not _is_loopback(host):
        raise ProfileError(f"the credentials URI at {host} is http://, over which credentials may be read", hint=hint)
    return parts.scheme == "http", parts.netloc, f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"


def _is_loopback(host: str) -> bool:
    """Whether `host` is this machine, by its text alone: what a name server says of another name can change."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _credentials(host: str, response: Response) -> Credentials:
    document = responses.json_object(response.body) if response.status == 200 else None
    if document is None:
        raise _nonsense(host, f"status {response.status}" if response.status != 200 else "it is no JSON object")
    if document.get("Code") != "Success":
        raise _nonsense(host, "its Code is not Success")
    try:
        return responses.credentials(document, issued=time.time())
    except ValueError as error:
        raise _nonsense(host, str(error)) from None


def _nonsense(host: str, what: str) -> UnreachableError:
    return UnreachableError(
        f"what the credentials URI at {host} answered is no credentials: {what}", hint="is it the right address?"
    )
