"""The proxy and the TLS settings that the environment names."""

import base64
import ssl
import sys
import urllib.parse
from collections.abc import Mapping

from role_env.dataclass import dataclass
from role_env.errors import ProfileError, printable

_PROXY_VARIABLES = ("https_proxy", "all_proxy", "no_proxy")


@dataclass(frozen=True)
class Proxy:
    """A proxy, and the headers that it requires."""

    host: str
    port: int
    headers: dict[str, str]


def proxy_for(server: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for `server` (host:port) by the usual variables, or None. NO_PROXY is honored.

    If no variable names a proxy, the settings of macOS decide.
    """
    named = {name.lower(): value for name, value in environ.items() if name.lower() in _PROXY_VARIABLES}
    named |= {name: environ[name] for name in _PROXY_VARIABLES if name in environ}  # lower case comes first, as in curl
    bypassed = {"no": named.get("no_proxy", "")}
    if any(named.values()):
        import urllib.request

        address = named.get("https_proxy") or named.get("all_proxy")
        is_bypassed = bool(urllib.request.proxy_bypass_environment(server, bypassed))  # type: ignore[attr-defined]
    elif sys.platform == "darwin":
        import urllib.request

        address = urllib.request.getproxies().get("https")
        is_bypassed = bool(address and urllib.request.proxy_bypass(server))
    else:
        return None
    return _parse_proxy(address) if address and not is_bypassed else None


def _parse_proxy(address: str) -> Proxy:
    """Parse the value of HTTPS_PROXY. Raises ProfileError."""
    hint = "set HTTPS_PROXY to an http:// proxy, or add the endpoint's host to NO_PROXY"
    try:
        proxy = urllib.parse.urlsplit(address if "://" in address else f"http://{address}")
        host, port = proxy.hostname, proxy.port or 80
    except ValueError:  # its text contains the address with the password
        raise ProfileError("the address of the proxy for https is invalid", hint=hint) from None
    if proxy.scheme != "http" or not host:
        raise ProfileError(
            f"the proxy for https is a {printable(proxy.scheme)}:// proxy, which role-env cannot use", hint=hint
        )
    headers = {}
    if proxy.username:
        login = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    return Proxy(host, port, headers)


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that checks the certificate and the host name.

    An empty ALIBABA_CLOUD_CA_BUNDLE counts as unset. Raises ProfileError.
    """
    # Like ssl.create_default_context, but without SSLKEYLOGFILE: it would write each connection's keys to that file.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sys.version_info >= (3, 13):
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    bundle = environ.get("ALIBABA_CLOUD_CA_BUNDLE") or None
    try:
        if bundle:
            context.load_verify_locations(cafile=bundle)
        else:
            context.load_default_certs()
    except OSError as error:
        if bundle:
            raise ProfileError(
                f"ALIBABA_CLOUD_CA_BUNDLE names {bundle}, which contains no certificates",
                hint="set it to a file with certificates in PEM format, or unset it",
            ) from None
        raise ProfileError(
            f"TLS cannot be set up: {error.strerror or type(error).__name__}",
            hint="check that SSL_CERT_FILE and SSL_CERT_DIR name usable files",
        ) from None
    return context
