"""HTTP requests to one server of JSON, over TLS and through the proxy that the environment names.

Every certificate and host name is checked, no redirect is followed, no `.netrc` is read, the size of a response is
bounded and the whole exchange has a deadline. No part of a request or a response is put into an error, unless a caller
does so by `responses.quote`.
"""

import base64
import contextlib
import os
import re
import socket
import ssl
import stat
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from role_env import __version__
from role_env.context import Context
from role_env.dataclass import dataclass
from role_env.deadline import TimedOut, Worker, within
from role_env.errors import ProfileError, UnreachableError, printable
from role_env.files.private import check_private
from role_env.http.responses import LARGEST_RESPONSE, json_object

TRIES = 3
MOST_ROWS = 100
"""The rows that a page of a list may have."""
_PROXY_VARIABLES = ("https_proxy", "all_proxy", "no_proxy")
USER_AGENT = f"role-env/{__version__}"
# For a proxy that opens no tunnel, `http.client` raises a bare OSError: only its text has the status.
_NO_TUNNEL = re.compile(r"Tunnel connection failed: (\d)")


class TransientError(UnreachableError):
    """A failure after which the same request may succeed: a network fault, a 5xx status, throttling."""


@dataclass(frozen=True)
class Response:
    """The response of a server: the HTTP status, its Date header (empty if absent) and the body.

    The body has at most LARGEST_RESPONSE + 1 bytes. `document` is the JSON object in it, or None.
    """

    status: int
    date: str
    body: bytes
    document: dict[str, Any] | None

    def text(self, *names: str) -> str:
        """Return the first text in the document under one of `names`; empty if there is none."""
        found = ((self.document or {}).get(name) for name in names)
        return next((value for value in found if isinstance(value, str) and value), "")


class Client:
    """A client of the server at `endpoint` (host or host:port): one request at a time, until its `deadline`.

    Errors call it `name`, and `hint` is that of an invalid response. With `plain` there is neither
    TLS nor a proxy: for servers on this machine, and for the metadata service, which never leaves it. Raises
    ProfileError for an endpoint or a proxy that cannot be used.
    """

    connect_seconds = 10.0
    network_hint = "check the network and try again"

    def __init__(
        self,
        name: str,
        endpoint: str,
        context: Context,
        *,
        hint: str = "check the address; a proxy or sign-in page may be intercepting the request",
        plain: bool = False,
    ) -> None:
        self.name = name
        self.endpoint = endpoint
        self.deadline = context.deadline
        self._hint = hint
        self._early: Worker | None = None
        try:
            parts = urllib.parse.urlsplit(f"//{endpoint}")
            self._host, self._port = _host_name(parts.hostname or endpoint), parts.port or (80 if plain else 443)
        except ValueError:
            raise ProfileError(f"the endpoint {printable(endpoint)} is not host or host:port") from None
        self._proxy = None if plain else proxy_for(f"{self._host}:{self._port}", context.environ)
        self._tls = None if plain else tls_context(context.environ)

    def connect(self) -> None:
        """Start to connect in the background, so that the next request finds an open connection."""
        tls, seconds = self._tls, self._connect_timeout()
        if not tls or self._proxy:
            return

        def connect() -> ssl.SSLSocket:
            """Return a connection after its TLS handshake."""
            tcp = socket.create_connection((self._host, self._port), seconds)
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return tls.wrap_socket(tcp, server_hostname=self._host)

        self._early = Worker(connect)

    def request(
        self,
        method: str,
        path: str | Callable[[], str],
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        tries: int = TRIES,
    ) -> Response:
        """Send a request, retry after a transient failure, and return the response.

        There are at most `tries` tries. A `path` that works only once is called for each. Raises UnreachableError.
        """
        failure = self._not_reached("it timed out")
        for attempt in range(tries):
            if attempt:
                import random

                pause = random.uniform(0.2, 0.6) * 2**attempt  # noqa: S311  jitter
                time.sleep(min(pause, self.deadline.remaining()))
            try:
                return within(
                    self.deadline.remaining(),
                    lambda: self._try_once(method, path if isinstance(path, str) else path(), body, headers),
                )
            except TransientError as transient:
                failure = transient
            except TimedOut:
                break
            if self.deadline.remaining() <= 0:
                break
        raise UnreachableError(failure.message, hint=failure.hint) from None

    def object_of(self, response: Response) -> dict[str, Any]:
        """Return the JSON object of a response with status 200. Raises UnreachableError for any other."""
        if response.status == 200 and response.document is not None:
            return response.document
        raise self.invalid(f"status {response.status}{'' if response.document is not None else ', not JSON'}")

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Report a ValueError about a response as UnreachableError."""
        try:
            yield
        except ValueError as error:
            raise self.invalid(str(error)) from None

    def invalid(self, what: str) -> UnreachableError:
        """Return the error for a response that such a server would not send, because of `what`."""
        return UnreachableError(f"{printable(self.endpoint)} did not answer like {self.name} ({what})", hint=self._hint)

    def _try_once(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Return the response. Raises TransientError, and UnreachableError for a failure that a retry cannot fix."""
        import http.client  # takes 25 ms, while an early connection is being opened

        try:
            response = self._exchange(method, path, body, {**headers, "User-Agent": USER_AGENT})
        except ssl.SSLCertVerificationError as error:
            raise UnreachableError(
                f"the certificate of {self.endpoint} was not accepted: {error.verify_message}; nothing was sent",
                hint="a proxy may be intercepting TLS: set ALIBABA_CLOUD_CA_BUNDLE or SSL_CERT_FILE to the certificate"
                " of the authority to trust",
            ) from None
        except (OSError, http.client.HTTPException) as error:
            fault = self._fault(error)
            if (refusal := _NO_TUNNEL.match(str(error))) and refusal[1] == "4":
                # A retry could lock out a user whom the proxy refuses.
                raise UnreachableError(
                    f"{self.endpoint} was not reached: {fault}",
                    hint="check HTTPS_PROXY, and the user name and password in it",
                ) from None
            raise self._not_reached(fault) from None
        code = "" if response.status == 200 else response.text("Code", "code")
        is_busy = response.status == 429 or response.status >= 500
        if is_busy or code.startswith("Throttling"):  # Alibaba Cloud reports throttling with various statuses
            what = f"cannot answer now: status {response.status} {printable(code)[:80]}".rstrip()
            raise TransientError(f"{self.name} at {self.endpoint} {what}", hint="wait a minute and try again")
        return response

    def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Response:
        import http.client

        early, self._early = self._early, None
        host, port, login = self._proxy or (self._host, self._port, {})
        seconds = self._connect_timeout()
        if not self._tls:
            connection = http.client.HTTPConnection(host, port, timeout=seconds)
        else:
            connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=self._tls)
        if self._proxy:
            connection.set_tunnel(self._host, self._port, login)
        try:
            if early:
                connection.sock = early.result()
            else:
                connection.connect()
            connection.sock.settimeout(self._seconds_left())
            connection.request(method, path, body or None, headers)
            try:
                response = connection.getresponse()
                content = response.read(LARGEST_RESPONSE + 1)
            except ValueError as error:  # a chunk of a negative size
                raise http.client.HTTPException from error
            if response.length and len(content) <= LARGEST_RESPONSE:
                raise http.client.IncompleteRead(b"")
            return Response(response.status, response.headers.get("Date") or "", content, json_object(content))
        finally:
            connection.close()

    def _seconds_left(self) -> float:
        return max(self.deadline.remaining(), 0.01)

    def _connect_timeout(self) -> float:
        return min(self.connect_seconds, self._seconds_left())

    def _not_reached(self, fault: str) -> TransientError:
        return TransientError(f"{self.name} at {self.endpoint} could not be reached: {fault}", hint=self.network_hint)

    def _fault(self, error: Exception) -> str:
        """Describe a network fault; the proxy is named if the connection to it failed."""
        fault = _network_fault(error)
        if not self._proxy:
            return fault
        host, port, _ = self._proxy
        where = f"the proxy {host}:{port} (HTTPS_PROXY)"
        if _NO_TUNNEL.match(str(error)):
            return f"{where} refused: {printable(str(error))[:100]}"
        return f"{where}: {fault}"


def _network_fault(error: Exception) -> str:
    """Describe a fault without the request's address, which contains the token."""
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(error, TimeoutError):
        return "it timed out"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({printable(error.reason or 'cut off')})"
    if isinstance(error, OSError):
        return error.strerror or "the connection was cut"
    return "the connection was cut, or the response is not HTTP"


def _host_name(text: str) -> str:
    """Return the name of a host. Raises ValueError for one that no lookup takes, such as one with an empty part."""
    if not text.isascii() or not all(0 < len(part) < 64 for part in text.removesuffix(".").split(".")):
        raise ValueError("not the name of a host")
    return text


def split_address(address: str) -> urllib.parse.SplitResult | None:
    """Return the parts of an http:// or https:// address; None for any other text, and for one with a user's name."""
    try:
        parts = urllib.parse.urlsplit(address)
        is_named = bool(_host_name(parts.hostname or ""))
        is_whole = parts.scheme in ("http", "https") and is_named and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return None
    return parts if is_whole and re.fullmatch("[!-~]+", address) else None


# --- the proxy and the TLS settings that the environment names


def proxy_for(server: str, environ: Mapping[str, str]) -> tuple[str, int, dict[str, str]] | None:
    """Return the host and port of the proxy for `server` (host:port), and the headers that it requires; or None.

    The usual variables decide, NO_PROXY among them; if none names a proxy, the settings of macOS do. Raises
    ProfileError.
    """
    named = {name.lower(): value for name, value in environ.items() if name.lower() in _PROXY_VARIABLES}
    named |= {name: environ[name] for name in _PROXY_VARIABLES if name in environ}  # lower case comes first, as in curl
    bypassed = {"no": named.get("no_proxy", "")}
    if not any(named.values()) and sys.platform != "darwin":
        return None
    import urllib.request

    if any(named.values()):
        address = named.get("https_proxy") or named.get("all_proxy")
        is_bypassed = bool(urllib.request.proxy_bypass_environment(server, bypassed))  # type: ignore[attr-defined]
    else:
        address = urllib.request.getproxies().get("https")
        is_bypassed = bool(address and urllib.request.proxy_bypass(server))
    if not address or is_bypassed:
        return None
    try:
        proxy = urllib.parse.urlsplit(address if "://" in address else f"http://{address}")
        host, port = _host_name(proxy.hostname or ""), proxy.port or 80
        scheme = proxy.scheme if host else ""
    except ValueError:  # its text contains the address with the password
        scheme = ""
    if scheme != "http":
        kind = f"a {printable(scheme)}:// address" if scheme else "an invalid address"
        hint = "set HTTPS_PROXY to an http:// proxy, or add the endpoint's host to NO_PROXY"
        raise ProfileError(f"the proxy for https has {kind}, which role-env cannot use", hint=hint)
    headers = {}
    if proxy.username:
        login = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    return host, port, headers


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that checks certificate and host name. An empty bundle counts as unset.

    Raises ProfileError, also for certificates that another user can write: they decide who is STS.
    """
    # Like ssl.create_default_context, but without SSLKEYLOGFILE: it would write each connection's keys to that file.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sys.version_info >= (3, 13):
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    bundle = environ.get("ALIBABA_CLOUD_CA_BUNDLE")
    for name in ("ALIBABA_CLOUD_CA_BUNDLE",) if bundle else ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        for path in filter(
            None, environ.get(name, "").split(os.pathsep) if name == "SSL_CERT_DIR" else [environ.get(name)]
        ):
            with contextlib.suppress(OSError):  # it does not exist
                status = os.stat(path)
                if not stat.S_ISCHR(status.st_mode):  # /dev/null has none
                    check_private(f"the file {path} of {name}", path, status)
    if not bundle:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cafile=bundle)
    except OSError:
        raise ProfileError(
            f"ALIBABA_CLOUD_CA_BUNDLE names {bundle}, which contains no certificates",
            hint="set it to a file with certificates in PEM format, or unset it",
        ) from None
    return context
