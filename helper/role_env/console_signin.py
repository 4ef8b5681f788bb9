"""The console, signed in with a session: a sign-in token, and the address that takes it.

The token is good once and for 30 seconds, and until then as good as the session. So it is asked for with the secret in
the body of a POST, and a browser, whose argument list others can read, gets the address of a server on this machine,
which sends it on. Source: "Use a program to log on to the console", RAM's documentation of the federation endpoint.
"""

import hmac
import http.server
import re
import secrets
import socketserver
import threading
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from role_env.context import Context
from role_env.credentials import Credentials
from role_env.errors import RefusedError, RoleEnvError, UnreachableError, UsageError, printable
from role_env.sts import responses
from role_env.sts.http import Response, Server, retry


class Site(NamedTuple):
    """One of the two sites: the host that signs in, and the domain of its consoles."""

    signin: str
    console: str


SITES = {
    "china": Site("signin.aliyun.com", "console.aliyun.com"),
    "international": Site("signin.alibabacloud.com", "console.alibabacloud.com"),
}
# Browsers read a backslash as a slash, and what stands before an @ is no host.
_ADDRESS = re.compile(
    r"https://(?:[a-z0-9-]{1,63}\.){0,4}(console\.(?:aliyun|alibabacloud)\.com)(?::443)?(?:[/?#][!-\[\]-~]{0,2000})?"
)
_PRODUCT = re.compile(r"[a-z0-9-]{1,40}")
_TOKEN = re.compile(r"[!-~]{1,8192}")
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
# How long a browser may take to start (seconds).
BROWSER_SECONDS = 60.0


def destination(text: str, site: str) -> tuple[Site, str]:
    """The site, and the address to go to: of a product's console (`ecs`), one of the console's own, or for an empty
    text its home. The name `site` may be empty: then the address tells, and China's is the one that counts without.

    Raises UsageError for any other address, since the session would be signed in for it.
    """
    if not text or _PRODUCT.fullmatch(text):
        chosen = SITES[site or "china"]
        return chosen, f"https://{text or 'home'}.{chosen.console}/"
    found = _ADDRESS.fullmatch(text)
    name = next((name for name, each in SITES.items() if found and each.console == found[1]), "")
    if not name:
        raise UsageError(
            f"the destination {printable(text)[:200]} is no address of the console's",
            hint="give a product, such as ecs, or an https:// address below console.aliyun.com or"
            " console.alibabacloud.com",
        )
    if site not in ("", name):
        raise UsageError(f"the destination is of the {name} site, and --site is {site}")
    return SITES[name], text


def sign_in_address(credentials: Credentials, site: Site, destination: str, context: Context) -> str:
    """The address that signs a browser in and takes it to `destination`: good once, for 30 seconds, and secret.

    Raises RefusedError, UnreachableError.
    """
    form = {
        "Action": "GetSigninToken",
        "TicketType": "mini",
        **credentials.document(""),
    }
    del form["Expiration"]
    server, body = Server(site.signin, context), urllib.parse.urlencode(form).encode()
    token = retry(
        f"the console's sign-in at {site.signin} could not be reached",
        lambda: _token(site, server.request("POST", "/federation", headers=_FORM, body=body)),
        context.deadline,
    )
    query = {
        "Action": "Login",
        "LoginUrl": f"https://{site.signin}/",
        "Destination": destination,
        "SigninToken": token,
    }
    return f"https://{site.signin}/federation?{urllib.parse.urlencode(query)}"


def _token(site: Site, response: Response) -> str:
    code = response.error_code()
    told = f" {printable(code)[:80]}" if code else ""
    token = (responses.json_object(response.body) or {}).get("SigninToken")
    if response.status == 200 and isinstance(token, str) and _TOKEN.fullmatch(token):
        return token
    if told:  # its Message could quote what it was sent
        raise RefusedError(
            f"the console's sign-in at {site.signin} said{told} ({response.status})",
            hint="has the session ended? --refresh takes another; and is --site the account's own?",
        )
    raise UnreachableError(
        f"what {site.signin} answered is no sign-in token (status {response.status})",
        hint="does a sign-in page or proxy stand in between?",
    )


class Redirect:
    """A server on loopback that sends the first who knows its `address` on to what `target` gives, and then no more.

    `target` is asked when the browser is there, so that the token is fresh; a RoleEnvError of it is told to the
    browser's user, and raised by `wait`.
    """

    def __init__(self, target: Callable[[], str]) -> None:
        self._target = target
        self._path = f"/{secrets.token_urlsafe(32)}"
        self._lock = threading.Lock()
        self._taken = False
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._server = _Loopback(("127.0.0.1", 0), _handler(self))
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}{self._path}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Waits until the browser has been sent on. Raises what `target` raised, and UnreachableError when nobody
        came.
        """
        came = self._ended.wait(seconds)
        self._server.shutdown()
        self._server.server_close()
        if self._failure:
            raise self._failure
        if not came:
            raise UnreachableError("the browser did not come", hint="add --print and open the address yourself")

    def give_up(self, failure: RoleEnvError) -> None:
        """Ends the waiting with `failure`, unless somebody came."""
        if self._taken:
            return
        self._failure = failure
        self._ended.set()

    def answer(self, path: str) -> tuple[HTTPStatus, str]:
        """The status and, for the one who is sent on, where to; `answered` has to follow."""
        if not hmac.compare_digest(path.encode(), self._path.encode()):
            return HTTPStatus.NOT_FOUND, ""
        with self._lock:
            if self._taken:
                return HTTPStatus.GONE, ""
            self._taken = True
        try:
            return HTTPStatus.SEE_OTHER, self._target()
        except Exception as failure:
            self._failure = failure
            return HTTPStatus.BAD_GATEWAY, ""

    def answered(self, status: HTTPStatus) -> None:
        """Tells that an answer has been written."""
        if status in (HTTPStatus.SEE_OTHER, HTTPStatus.BAD_GATEWAY):
            self._ended.set()


class _Loopback(socketserver.ThreadingTCPServer):
    # Browsers open connections that they may never use: one of them must not keep another waiting.
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a browser that hangs up is no concern, and the traceback would stand on stderr."""


def _handler(redirect: Redirect) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            """Redirects the browser, once."""
            status, address = redirect.answer(self.path)
            body = b"" if address else f"role-env: {status.phrase}; the terminal tells more\n".encode()
            self.send_response(status)
            for name, value in (
                *((("Location", address),) if address else ()),
                ("Cache-Control", "no-store"),
                ("Referrer-Policy", "no-referrer"),
                ("Content-Type", "text/plain"),
                ("Content-Length", str(len(body))),
                ("Connection", "close"),
            ):
                self.send_header(name, value)
            try:
                self.end_headers()
                self.wfile.write(body)
            finally:
                redirect.answered(status)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the log would hold the address."""

    return Handler
