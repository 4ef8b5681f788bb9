"""HTTP requests to one server, over TLS and through the proxy that the environment names.

Every certificate and host name is checked, no redirect is followed, no `.netrc` is read, the size of a response is
bounded and the whole exchange has a deadline. No part of a request or a response is ever put into an error.
"""

import base64
import http.client
import random
import re
import socket
import ssl
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, TypeVar

from role_env import __version__
from role_env.context import Context
from role_env.deadline import Deadline, TimedOut, within
from role_env.errors import ProfileError, UnreachableError, printable
from role_env.sts.responses import LARGEST_RESPONSE, json_object

T = TypeVar("T")

CONNECT_SECONDS = 10.0
TRIES = 3
USER_AGENT = f"role-env/{__version__}"
# A second request to a proxy that refuses the user could lock that user out.
_PROXY_REFUSED = re.compile(r"Tunnel connection failed: 4")
_PROXY_VARIABLES = ("https_proxy", "all_proxy", "no_proxy")


class TransientError(Exception):
    """A failure after which the same request may succeed: a network fault, a 5xx status, throttling."""


class BusyError(TransientError):
    """A server that answers and asks to try again: a 5xx status, throttling."""


class Response(NamedTuple):
    """The response of a server: the HTTP status, its Date header (empty if absent) and the body.

    The body has at most LARGEST_RESPONSE + 1 bytes.
    """

    status: int
    date: str
    body: bytes

    def error_code(self) -> str:
        """Return the Code of Alibaba Cloud's error document, or an empty text if there is none."""
        document = json_object(self.body) or {}
        code = document.get("Code") or document.get("code")
        return code if isinstance(code, str) else ""

    def check_transient(self, *, final: Collection[int] = ()) -> None:
        """Raise BusyError if the same request may succeed later: for a 5xx status except `final`, or throttling.

        Alibaba Cloud reports throttling by a Code, with various statuses.
        """
        code = "" if self.status == 200 else self.error_code()
        is_busy = self.status == 429 or (self.status >= 500 and self.status not in final)
        if is_busy or code.startswith("Throttling"):
            raise BusyError(f"status {self.status} {printable(code)[:80]}".rstrip())


def retry(what: str, call: Callable[[], T], deadline: Deadline, *, hint: str = "check the network and try again") -> T:
    """Return what `call` returns. After TransientError call it again, at most TRIES times and within `deadline`.

    Raises UnreachableError, whose text begins with `what`, if no try succeeds.
    """
    failure: Exception | None = None
    for attempt in range(TRIES):
        if failure:
            time.sleep(min(random.uniform(0.2, 0.6) * 2**attempt, deadline.remaining()))  # noqa: S311  jitter
        try:
            return within(deadline.remaining(), call)
        except TransientError as transient:
            failure = transient
        except TimedOut:
            break
        if deadline.remaining() <= 0:
            break
    why = str(failure) if failure else "it timed out"
    raise UnreachableError(f"{what}: {why}", hint=hint) from None


class Server:
    """A server at `endpoint` (host or host:port) that gets one request at a time.

    With `plain` there is neither TLS nor a proxy: for servers on this machine, and for the metadata service, which is
    part of it. Raises ProfileError for an endpoint or a proxy that cannot be used.
    """

    def __init__(
        self, endpoint: str, context: Context, *, plain: bool = False, connect_seconds: float = CONNECT_SECONDS
    ) -> None:
        self._endpoint = endpoint
        self._plain = plain
        self._deadline = context.deadline
        self._connect_seconds = connect_seconds
        self._early: _EarlyConnection | None = None
        try:
            parts = urllib.parse.urlsplit(f"//{endpoint}")
            self._host, self._port = parts.hostname or endpoint, parts.port or (80 if plain else 443)
        except ValueError:
            raise ProfileError(f"the endpoint {printable(endpoint)} is not host or host:port") from None
        self._proxy = None if plain else _proxy(f"{self._host}:{self._port}", context.environ)
        self._tls = None if plain else _tls_context(context.environ)

    def connect(self) -> None:
        """Begin to connect in the background, so that the next request finds an open connection."""
        early = _EarlyConnection(self._connection())
        self._early = early if early.begin() else None

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        final: Collection[int] = (),
    ) -> Response:
        """Send one request and return the response.

        Raises TransientError for a network fault, BusyError for a status that is transient unless it is in `final`, and
        UnreachableError for a failure that no second try would cure.
        """
        sent = {**(headers or {}), "User-Agent": USER_AGENT}
        try:
            response = self._exchange(method, path, body, sent)
        except ssl.SSLCertVerificationError as error:
            raise UnreachableError(
                f"the certificate of {self._endpoint} was not accepted: {error.verify_message}; nothing was sent",
                hint="a proxy may be intercepting TLS: set ALIBABA_CLOUD_CA_BUNDLE or SSL_CERT_FILE to the certificate"
                " of the authority to trust",
            ) from None
        except (OSError, http.client.HTTPException) as error:
            fault = self._fault(error)
            if _PROXY_REFUSED.match(str(error)):
                raise UnreachableError(
                    f"{self._endpoint} was not reached: {fault}",
                    hint="check HTTPS_PROXY, and the user name and password in it",
                ) from None
            raise TransientError(fault) from None
        response.check_transient(final=final)
        return response

    def _exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        early, self._early = self._early, None
        connection = early.connection if early else self._connection()
        try:
            if early:
                early.wait()
            else:
                connection.connect()
            if connection.sock:
                connection.sock.settimeout(self._seconds())
            connection.request(method, path, body or None, dict(headers))
            response = connection.getresponse()
            content = response.read(LARGEST_RESPONSE + 1)
            if response.length and len(content) <= LARGEST_RESPONSE:
                raise http.client.IncompleteRead(b"")
            return Response(response.status, response.headers.get("Date") or "", content)
        finally:
            connection.close()

    def _seconds(self) -> float:
        return max(self._deadline.remaining(), 0.01)

    def _connection(self) -> http.client.HTTPConnection:
        seconds = min(self._connect_seconds, self._seconds())
        if self._plain:
            return http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        if not self._proxy:
            return http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=self._tls)
        connection = http.client.HTTPSConnection(self._proxy.host, self._proxy.port, timeout=seconds, context=self._tls)
        connection.set_tunnel(self._host, self._port, self._proxy.headers)
        return connection

    def _fault(self, error: Exception) -> str:
        """Describe a network fault; the proxy is named if the connection to it failed."""
        fault = _network_fault(error)
        if not self._proxy:
            return fault
        where = f"the proxy {self._proxy.host}:{self._proxy.port} (HTTPS_PROXY)"
        if str(error).startswith("Tunnel connection failed"):
            return f"{where} refused: {printable(str(error))[:100]}"
        return f"{where}: {fault}"


class _EarlyConnection:
    """A connection that a thread opens while this one prepares the request."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.connection = connection
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._open, daemon=True)

    def begin(self) -> bool:
        """Start to connect. Return False if this process can have no more threads."""
        try:
            self._thread.start()
        except RuntimeError:
            return False
        return True

    def wait(self) -> None:
        """Wait until the connection is open. Raises what connecting raised."""
        self._thread.join()
        if self._failure:
            raise self._failure

    def _open(self) -> None:
        try:
            self.connection.connect()
        except Exception as failure:  # raised again by `wait`
            self._failure = failure


class _Proxy(NamedTuple):
    """A proxy, and the headers that it requires."""

    host: str
    port: int
    headers: dict[str, str]


def _proxy(server: str, environ: Mapping[str, str]) -> _Proxy | None:
    """Return the proxy for `server` (host:port) by the usual variables, or None. NO_PROXY is honored.

    Where no variable names a proxy, the settings of macOS and Windows do.
    """
    named = {name.lower(): value for name, value in environ.items() if name.lower() in _PROXY_VARIABLES}
    named |= {name: environ[name] for name in _PROXY_VARIABLES if name in environ}  # lower case wins, as in curl
    bypassed = {"no": named.get("no_proxy", "")}
    if any(named.values()):
        address = named.get("https_proxy") or named.get("all_proxy")
        is_bypassed = bool(urllib.request.proxy_bypass_environment(server, bypassed))  # type: ignore[attr-defined]
    elif sys.platform in ("darwin", "win32"):
        address = urllib.request.getproxies().get("https")
        is_bypassed = bool(address and urllib.request.proxy_bypass(server))
    else:
        return None
    return _parse_proxy(address) if address and not is_bypassed else None


def _parse_proxy(address: str) -> _Proxy:
    """Parse the value of HTTPS_PROXY. Raises ProfileError."""
    hint = "set HTTPS_PROXY to an http:// proxy, or add the endpoint's host to NO_PROXY"
    try:
        proxy = urllib.parse.urlsplit(address if "://" in address else f"http://{address}")
        host, port = proxy.hostname, proxy.port or 80
    except ValueError:  # its text is the address, with the password in it
        raise ProfileError("the address of the proxy for https is invalid", hint=hint) from None
    if proxy.scheme != "http" or not host:
        raise ProfileError(
            f"the proxy for https is of the kind {printable(proxy.scheme)}://, which role-env cannot use", hint=hint
        )
    headers = {}
    if proxy.username:
        login = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    return _Proxy(host, port, headers)


def _tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that always checks certificate and host name. An empty ALIBABA_CLOUD_CA_BUNDLE counts as unset.

    Raises ProfileError.
    """
    bundle = environ.get("ALIBABA_CLOUD_CA_BUNDLE") or None
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        if bundle:
            raise ProfileError(
                f"ALIBABA_CLOUD_CA_BUNDLE names {bundle}, which contains no certificates",
                hint="set it to a file with certificates in PEM format, or unset it",
            ) from None
        raise ProfileError(
            f"TLS cannot be set up: {error.strerror or type(error).__name__}",
            hint="check that SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE name usable files",
        ) from None


def _network_fault(error: Exception) -> str:
    """Describe a fault without the request's address, which contains the token."""
    if isinstance(error, socket.gaierror):
        return "its name is not known to the network"
    if isinstance(error, TimeoutError):
        return "it timed out"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({printable(error.reason or 'cut off')})"
    if isinstance(error, OSError):
        return error.strerror or "the connection was cut"
    return "the connection was cut, or the response is not HTTP"
