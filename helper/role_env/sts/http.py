"""One way out to the network: HTTP to one server, over TLS and through the proxy that the environment names.

Every certificate and host name is checked, no redirect is followed, no `.netrc` is read, an answer is bounded and the
whole exchange has a deadline. Nothing of a request or an answer is ever put into an error.
"""

import base64
import http.client
import os
import random
import re
import socket
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from role_env import __version__
from role_env.deadline import Deadline, Late, within
from role_env.errors import ProfileError, UnreachableError, printable

T = TypeVar("T")

CONNECT_SECONDS = 10.0
TRIES = 3
# An answer has a few thousand bytes; a token with a session policy some more.
LARGEST_ANSWER = 256 * 1024
USER_AGENT = f"role-env/{__version__}"
# Asking a proxy that refuses again would only lock its user out.
_PROXY_REFUSED = re.compile(r"Tunnel connection failed: 4")


class Passing(Exception):
    """A failure after which the same call may succeed: a network fault, a 5xx, throttling."""


class Answer(NamedTuple):
    """What a server answered: the HTTP status, its Date header (empty when there is none) and at most
    LARGEST_ANSWER + 1 bytes.
    """

    status: int
    date: str
    body: bytes


def persistently(
    what: str, call: Callable[[], T], deadline: Deadline, *, hint: str = "check the network and try again"
) -> T:
    """What `call` returns, which is tried again after Passing: at most TRIES times and not past the deadline.

    Raises UnreachableError, whose text begins with `what`, when no try came to its end.
    """
    failure: Exception | None = None
    for attempt in range(TRIES):
        if failure:
            time.sleep(min(random.uniform(0.2, 0.6) * 2**attempt, deadline.remaining()))  # noqa: S311  jitter
        try:
            return within(deadline.remaining(), call)
        except Passing as passing:
            failure = passing
        except Late:
            break
        if deadline.remaining() <= 0:
            break
    why = str(failure) if failure else "there was no answer in time"
    raise UnreachableError(f"{what}: {why}", hint=hint) from None


class Server:
    """A server at `endpoint` (host or host:port), one request at a time.

    With `plain` there is neither TLS nor a proxy: for what is on this machine, or is part of it as its metadata
    service is. Raises ProfileError for an endpoint or a proxy that cannot be used.
    """

    def __init__(self, endpoint: str, *, plain: bool = False, connect_seconds: float = CONNECT_SECONDS) -> None:
        self._endpoint = endpoint
        self._plain = plain
        self._connect_seconds = connect_seconds
        try:
            parts = urllib.parse.urlsplit(f"//{endpoint}")
            self._host, self._port = parts.hostname or endpoint, parts.port or (80 if plain else 443)
        except ValueError:
            raise ProfileError(f"the endpoint {printable(endpoint)} is not host or host:port") from None
        self._proxy = None if plain else _proxy(f"{self._host}:{self._port}")
        self._context = None if plain else _tls_context()

    def ask(
        self,
        method: str,
        path: str,
        *,
        deadline: Deadline,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """The answer to one request. Raises Passing, and UnreachableError for what no second try would mend."""
        sent = {**(headers or {}), "User-Agent": USER_AGENT}
        try:
            return self._exchange(deadline, method, path, body or None, sent)
        except ssl.SSLCertVerificationError as error:
            raise UnreachableError(
                f"the certificate of {self._endpoint} was not accepted: {error.verify_message}; nothing was sent",
                hint="is a proxy in between? ALIBABA_CLOUD_CA_BUNDLE or SSL_CERT_FILE names the authority to trust",
            ) from None
        except (OSError, http.client.HTTPException) as error:
            if _PROXY_REFUSED.match(str(error)):
                raise UnreachableError(
                    f"{self._endpoint} was not reached: {_network_fault(error)}",
                    hint="do HTTPS_PROXY and the name and password in it still hold?",
                ) from None
            raise Passing(_network_fault(error)) from None

    def _exchange(self, deadline: Deadline, *request: Any) -> Answer:
        connection = self._connection(min(self._connect_seconds, max(deadline.remaining(), 0.01)))
        try:
            connection.connect()
            if connection.sock:
                connection.sock.settimeout(max(deadline.remaining(), 0.01))
            connection.request(*request)
            response = connection.getresponse()
            body = response.read(LARGEST_ANSWER + 1)
            if response.length and len(body) <= LARGEST_ANSWER:
                raise http.client.IncompleteRead(b"")
            return Answer(response.status, response.headers.get("Date") or "", body)
        finally:
            connection.close()

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        if self._plain:
            return http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        if not self._proxy:
            return http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=self._context)
        host, port, login = self._proxy
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=self._context)
        connection.set_tunnel(self._host, self._port, login)
        return connection


def _proxy(server: str) -> tuple[str, int, dict[str, str]] | None:
    """The proxy for `server` (host:port), its port and the header that it wants, by the usual variables; NO_PROXY
    counts.
    """
    proxies = urllib.request.getproxies()
    address = proxies.get("https") or proxies.get("all")
    if not address or urllib.request.proxy_bypass(server):
        return None
    hint = "name an http:// proxy in HTTPS_PROXY, or the endpoint's host in NO_PROXY"
    try:
        proxy = urllib.parse.urlsplit(address if "://" in address else f"http://{address}")
        host, port = proxy.hostname, proxy.port or 80
    except ValueError:  # its text is the address, with the password in it
        raise ProfileError("the address of the proxy for https cannot be read", hint=hint) from None
    if proxy.scheme != "http" or not host:
        raise ProfileError(
            f"the proxy for https is of the kind {printable(proxy.scheme)}://, which role-env cannot use", hint=hint
        )
    headers = {}
    if proxy.username:
        login = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    return host, port, headers


def _tls_context() -> ssl.SSLContext:
    """Checks certificate and host name, always; an empty ALIBABA_CLOUD_CA_BUNDLE counts as none."""
    bundle = os.environ.get("ALIBABA_CLOUD_CA_BUNDLE") or None
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        if bundle:
            raise ProfileError(f"ALIBABA_CLOUD_CA_BUNDLE names {bundle}, which holds no certificates") from None
        raise ProfileError(
            f"TLS cannot be set up: {error.strerror or type(error).__name__}",
            hint="do SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE name what they should?",
        ) from None


def _network_fault(error: Exception) -> str:
    """The fault in words, without the request's address: that holds the token."""
    if isinstance(error, socket.gaierror):
        return "its name is not known to the network"
    if isinstance(error, TimeoutError):
        return "there was no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({printable(error.reason or 'cut off')})"
    if isinstance(error, OSError):
        if str(error).startswith("Tunnel connection failed"):
            return f"the proxy refused: {printable(str(error))[:100]}"
        return error.strerror or "the connection was cut"
    return "the connection was cut, or what came is no HTTP"
