"""Sign in by OAuth: the browser is redirected to a server on 127.0.0.1, or a person pastes the redirect's address.

Others can read the browser's arguments. So the browser gets the address of a local page, which works once, sets a
cookie and redirects to the sign-in; nobody else sees the state. A callback without that cookie or state is ignored.
"""

import contextlib
import hmac
import os
import secrets
import select
import sys
import termios
import threading
import time
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from role_env.context import Context
from role_env.errors import UsageError, printable
from role_env.http.local_server import Reply
from role_env.issuers.hosts import Site
from role_env.issuers.issuer import SignInError, Verifier
from role_env.issuers.oauth import CALLBACK_PATH, PORTS, authorization_address, redeem_code
from role_env.keyrings.sign_ins import SignIn
from role_env.sign_in import browser
from role_env.sign_in.countdown import wait_until
from role_env.sign_in.loopback import LoopbackServer

# The longest wait for a person (seconds). A user who may not use the application sees that only in the browser, and no
# callback comes.
LONGEST_SECONDS = 300.0
_TEXTS = {
    HTTPStatus.OK: "role-env has received the answer. You can close this page and return to the terminal.",
    HTTPStatus.BAD_REQUEST: "This is not the sign-in that role-env is waiting for. Use the address in the terminal.",
    HTTPStatus.FORBIDDEN: "This browser did not begin the sign-in, or keeps no cookies. Return to the terminal.",
    HTTPStatus.GONE: "This address works once, and has been used. Return to the terminal.",
    HTTPStatus.NOT_FOUND: "There is nothing here.",
}
_COOKIE = "role_env_sign_in"
_LONGEST_PASTED = 64 * 1024
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Content-Type": "text/plain; charset=utf-8",
}


class WrongCallback(ValueError):
    """The address is not a callback of this sign-in."""


def sign_in(site: Site, context: Context, *, browse: bool) -> SignIn:
    """Return a new sign-in once a person has approved it in a browser. Nothing is stored.

    LONGEST_SECONDS limits the wait for the person. Raises SignInError if they refuse or do not finish in time,
    UnreachableError, UsageError.
    """
    state, verifier = secrets.token_urlsafe(24), Verifier()

    def authorize(redirect: str) -> str:
        """Return the address of the page to sign in at, which leads back to `redirect`."""
        return authorization_address(site, redirect, state, verifier)

    may_browse = browse and browser.has_browser(context.environ)
    server = _listen(state, authorize) if may_browse else None
    if may_browse and not server:
        first, last = PORTS[0], PORTS[-1]
        context.messages.say(f"no port from {first} to {last} can be used; another user may have them")
    redirect = server.redirect if server else f"http://127.0.0.1:{PORTS[0]}{CALLBACK_PATH}"
    address = server.address if server else authorize(redirect)
    say = context.messages.say
    say(f"open {address} and sign in")
    say(f"if the page refuses, ask an administrator to allow the application {site.client_id} (stop with Ctrl-C)")
    if server:
        with contextlib.closing(server):
            browser.open_in_background(address, context.environ)
            code = server.wait(context)
    else:
        code = _read_pasted(state, context)
    try:
        return redeem_code(site, code, redirect, verifier, context.restarted())
    except SignInError as error:
        error.hint = "sign in again"
        raise


def read_code(query: str, state: str) -> str:
    """Return the code in the query of a callback. Raises WrongCallback, and SignInError if the person refused."""
    given = {name: values[0] for name, values in urllib.parse.parse_qs(query, max_num_fields=50).items()}
    if "state" not in given:
        raise WrongCallback("this is not the address of a sign-in's last page")
    if not hmac.compare_digest(given["state"].encode(), state.encode()):
        raise WrongCallback("this is the address of another sign-in")
    if error := given.get("error"):
        text = printable(": ".join(filter(None, (error, given.get("error_description")))))[:300]
        raise SignInError(f"the sign-in was refused: {text}")
    if not given.get("code"):
        raise WrongCallback("this address has no code")
    return given["code"]


class TooLate(SignInError):
    """Nobody signed in in time."""

    def __init__(self) -> None:
        what = f"nobody signed in within {LONGEST_SECONDS / 60:.0f} minutes"
        super().__init__(what, hint="if the page refused, ask an administrator to allow the application")


def _read_pasted(state: str, context: Context) -> str:
    """Return the code in the address that a person pastes; ask again after an invalid one."""
    end = time.monotonic() + LONGEST_SECONDS
    say = context.messages.say
    say("the browser ends on a page that does not load: paste its address here (it is not shown), then press Enter")
    with _Pasted() as pasted:
        while (line := pasted.read_line(end)) is not None:
            try:
                return read_code(urllib.parse.urlsplit(line).query, state)
            except ValueError as error:
                why = error if isinstance(error, WrongCallback) else "this is not an address"
                say(f"{why}: paste that of the page that does not load")
    raise TooLate()


class _Pasted:
    """The lines that a person pastes on stdin. Within the `with` block the terminal does not echo."""

    def __init__(self) -> None:
        self._held = b""
        self._before: list[Any] | None = None

    def __enter__(self) -> "_Pasted":
        if sys.stdin is not None and sys.stdin.isatty():
            self._before = termios.tcgetattr(sys.stdin)
            silent = termios.tcgetattr(sys.stdin)
            silent[3] &= ~termios.ECHO
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def read_line(self, end: float) -> str | None:
        """Return the next non-empty line, or None after `end` (monotonic clock).

        Raises UsageError at the end of stdin, and for a line that is too long to be an address.
        """
        while True:
            line, newline, rest = self._held.partition(b"\n")
            if newline:
                self._held = rest
                if text := line.decode("utf-8", "replace").strip():
                    return text
                continue
            left = end - time.monotonic()
            if left <= 0:
                return None
            if len(self._held) > _LONGEST_PASTED:
                raise UsageError("what was pasted is too long to be an address", hint="paste the address alone")
            if sys.stdin is None or not self._read(left):
                raise UsageError("stdin ended before the address was pasted", hint="run it again on a terminal")

    def _read(self, seconds: float) -> bool:
        """Read for at most `seconds`. Return False at the end of stdin."""
        descriptor = sys.stdin.fileno()
        if not select.select([descriptor], [], [], seconds)[0]:
            return True
        content = os.read(descriptor, 4096)
        if not content and self._held:
            content = b"\n"  # a last line without a line break
        self._held += content
        return bool(content)


def _listen(state: str, authorize: Callable[[str], str]) -> "CallbackServer | None":
    """Return a server on the first free port, or None if all are taken."""
    for port in PORTS:
        with contextlib.suppress(OSError):
            return CallbackServer(port, state, authorize)
    return None


class CallbackServer(LoopbackServer):
    """A server on 127.0.0.1 that waits for the callback with `state`, at its address `redirect`.

    A browser starts at `address`, which works once: it redirects to the address that `authorize` returns for
    `redirect`, and sets the cookie that the callback must send.
    """

    def __init__(self, port: int, state: str, authorize: Callable[[str], str]) -> None:
        self._state = state
        self._path = f"/{secrets.token_urlsafe(24)}"
        self._cookie = f"{_COOKIE}={secrets.token_urlsafe(24)}"
        self._has_begun = False
        self._lock = threading.Lock()
        self._code = ""
        self._refusal: SignInError | None = None
        self.redirect = f"http://127.0.0.1:{port}{CALLBACK_PATH}"
        self.address = f"http://127.0.0.1:{port}{self._path}"
        self._target = authorize(self.redirect)
        super().__init__(port)

    def wait(self, context: Context) -> str:
        """Return the code. Raises SignInError if the person refused or did not finish in time."""
        end = time.monotonic() + LONGEST_SECONDS
        if not wait_until(end, end, context.messages, event=self.ended):
            raise TooLate()
        if self._refusal:
            raise self._refusal
        return self._code

    def reply(self, path: str, cookies: str) -> Reply:
        """Redirect the first browser to the sign-in, and accept its callback once."""
        parts = urllib.parse.urlsplit(path)
        is_ours = any(hmac.compare_digest(each.strip().encode(), self._cookie.encode()) for each in cookies.split(";"))
        with self._lock:
            if hmac.compare_digest(parts.path.encode(), self._path.encode()):
                return self._redirect_once(is_ours=is_ours)
            status = self._accept_callback(parts, is_ours=is_ours)
        return _page(status, is_last=status == HTTPStatus.OK)

    def _redirect_once(self, *, is_ours: bool) -> Reply:
        """Redirect a browser to the sign-in. A second one ends the sign-in, unless that has ended already."""
        if not self._has_begun:
            self._has_begun = True
            cookie = f"{self._cookie}; Path=/; Max-Age={LONGEST_SECONDS:.0f}; HttpOnly; SameSite=Lax"
            return Reply(HTTPStatus.FOUND, "", {**_HEADERS, "Location": self._target, "Set-Cookie": cookie})
        if is_ours or self._code or self._refusal:
            return _page(HTTPStatus.GONE)
        # One of the two browsers may be somebody else's, and nothing shows which one.
        self._refusal = SignInError(
            "the page of the sign-in was opened by two browsers, perhaps by another user of this machine",
            hint="sign in again; with --no-browser you can choose the browser",
        )
        return _page(HTTPStatus.GONE, is_last=True)

    def _accept_callback(self, callback: urllib.parse.SplitResult, *, is_ours: bool) -> HTTPStatus:
        """Accept the first callback of the browser that was redirected, and return the status of the page to show."""
        if callback.path != CALLBACK_PATH:
            return HTTPStatus.NOT_FOUND
        if self._code or self._refusal:
            return HTTPStatus.GONE
        if not is_ours:
            return HTTPStatus.FORBIDDEN
        try:
            self._code = read_code(callback.query, self._state)
        except SignInError as refusal:
            self._refusal = refusal
        except ValueError:
            return HTTPStatus.BAD_REQUEST
        return HTTPStatus.OK


def _page(status: HTTPStatus, *, is_last: bool = False) -> Reply:
    return Reply(status, f"{_TEXTS[status]}\n", _HEADERS, is_last=is_last)
