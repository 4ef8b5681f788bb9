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
import time
import urllib.parse
from collections.abc import Iterator
from http import HTTPStatus

from role_env.context import Context
from role_env.errors import ResourceError, UsageError, printable
from role_env.http.local_server import Reply, Request
from role_env.issuers.hosts import Site
from role_env.issuers.issuer import SignInError, Verifier
from role_env.issuers.oauth import CALLBACK_PATH, PORTS, authorization_address, redeem_code
from role_env.keyrings.sign_ins import SignIn
from role_env.sign_in import browser
from role_env.sign_in.loopback import LoopbackServer, page
from role_env.ui import prompt
from role_env.ui.table import clock

# The longest wait for a person (seconds). A user who may not use the application sees that only in the browser, and no
# callback comes.
LONGEST_SECONDS = 300.0
_COOKIE = "role_env_sign_in"
_LONGEST_PASTED = 64 * 1024


def sign_in(site: Site, context: Context, *, browse: bool) -> SignIn:
    """Return a new sign-in once a person has approved it in a browser. Nothing is stored.

    LONGEST_SECONDS limits the wait for the person. Raises SignInError if they refuse or do not finish in time,
    ResourceError if a browser has no port to come back to, UnreachableError, UsageError.
    """
    state, verifier, say = secrets.token_urlsafe(24), Verifier(), context.messages.say
    may_browse = browse and browser.has_browser(context.environ)
    server = _listen(site, state, verifier) if may_browse else None
    redirect = server.redirect if server else _callback(PORTS[0])
    address = server.address if server else authorization_address(site, redirect, state, verifier)
    say(f"open {address} and sign in")
    say(f"if the page refuses, ask an administrator to allow the application {site.client_id} (stop with Ctrl-C)")
    if server:
        until = clock(int(time.time() + LONGEST_SECONDS))
        with contextlib.closing(server), context.messages.waiting_for(f"the sign-in, until {until}"):
            browser.open_in_background(address, context.environ)
            server.wait(LONGEST_SECONDS)
            code = server.code
    else:
        code = _read_pasted(state, context)
    if not code:
        what = f"nobody signed in within {LONGEST_SECONDS / 60:.0f} minutes"
        raise SignInError(what, hint="if the page refused, ask an administrator to allow the application")
    try:
        return redeem_code(site, code, redirect, verifier, context.restarted())
    except SignInError as error:
        error.hint = "sign in again"
        raise


def read_code(address: str, state: str) -> str:
    """Return the code in the address of a callback. Raises ValueError, and SignInError if the person refused."""
    try:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query, max_num_fields=50)
    except ValueError:
        query = {}
    given = {name: values[0] for name, values in query.items()}
    if "state" not in given:
        raise ValueError("this is not the address of a sign-in's last page")
    if not hmac.compare_digest(given["state"].encode(), state.encode()):
        raise ValueError("this is the address of another sign-in")
    if error := given.get("error"):
        text = printable(": ".join(filter(None, (error, given.get("error_description")))))[:300]
        raise SignInError(f"the sign-in was refused: {text}")
    if not given.get("code"):
        raise ValueError("this address has no code")
    return given["code"]


def _read_pasted(state: str, context: Context) -> str:
    """Return the code in the address that a person pastes, empty if none came in time; ask again after an invalid one.

    Raises UsageError at the end of stdin, and for a line that is too long to be an address.
    """
    end = time.monotonic() + LONGEST_SECONDS
    say = context.messages.say
    ended = UsageError("stdin ended before the address was pasted", hint="run it again on a terminal")
    if sys.stdin is None:
        raise ended
    stdin = sys.stdin.fileno()

    def read_pasted() -> str:
        """Return the code in the first address with one, while nothing is shown."""
        pasted = b""
        say("the browser ends on a page that does not load: paste its address here (it is not shown), then press Enter")
        with _without_echo():
            while select.select([stdin], [], [], max(0.0, end - time.monotonic()))[0]:
                read = os.read(stdin, _LONGEST_PASTED)
                if not read and not pasted:
                    raise ended
                *lines, pasted = (pasted + (read or b"\n")).split(b"\n")
                if max(map(len, (pasted, *lines))) >= _LONGEST_PASTED:
                    raise UsageError("what was pasted is too long to be an address", hint="paste the address alone")
                for text in filter(None, (line.decode("utf-8", "replace").strip() for line in lines)):
                    try:
                        return read_code(text, state)
                    except ValueError as error:
                        say(f"{error}: paste that of the page that does not load")
        return ""

    return prompt.again_after_stop(read_pasted)


@contextlib.contextmanager
def _without_echo() -> Iterator[None]:
    if not sys.stdin.isatty():
        yield
        return
    before, silent = termios.tcgetattr(sys.stdin), termios.tcgetattr(sys.stdin)
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _listen(site: Site, state: str, verifier: Verifier) -> "CallbackServer":
    for port in PORTS:
        with contextlib.suppress(OSError):
            return CallbackServer(port, site, state, verifier)
    # Whoever has the ports would get the code and the state from the browser.
    raise ResourceError(
        f"the ports {PORTS[0]} to {PORTS[-1]}, where the browser ends, are all in use, perhaps by another user",
        hint="add --no-browser, and paste the address of the last page",
    )


def _callback(port: int) -> str:
    return f"http://127.0.0.1:{port}{CALLBACK_PATH}"


class CallbackServer(LoopbackServer):
    """A server on 127.0.0.1 that waits for the callback with `state`, at its address `redirect`.

    The page at `address` redirects to the sign-in at `site`, and sets the cookie that the callback must send.
    """

    def __init__(self, port: int, site: Site, state: str, verifier: Verifier) -> None:
        self._state = state
        self._cookie = f"{_COOKIE}={secrets.token_urlsafe(24)}"
        self.code = ""
        self.redirect = _callback(port)
        self._target = authorization_address(site, self.redirect, state, verifier)
        super().__init__(port)

    def first_visit(self) -> Reply:
        """Redirect the browser to the sign-in."""
        cookie = f"{self._cookie}; Path=/; Max-Age={LONGEST_SECONDS:.0f}; HttpOnly; SameSite=Lax"
        return Reply(HTTPStatus.FOUND, "", {"Location": self._target, "Set-Cookie": cookie})

    def second_visit(self, request: Request) -> Reply:
        """End the sign-in if another browser comes, unless it has ended already."""
        if self._is_ours(request) or self.code or self.failure:
            return page(HTTPStatus.GONE)
        # One of the two browsers may be somebody else's, and nothing shows which one.
        self.failure = SignInError(
            "the page of the sign-in was opened by two browsers, perhaps by another user of this machine",
            hint="sign in again; with --no-browser you can choose the browser",
        )
        return page(HTTPStatus.GONE, is_last=True)

    def other_page(self, request: Request) -> Reply:
        """Accept the first callback of the browser that was redirected."""
        if request.path.partition("?")[0] != CALLBACK_PATH:
            return page(HTTPStatus.NOT_FOUND)
        if self.code or self.failure:
            return page(HTTPStatus.GONE)
        if not self._is_ours(request):
            return page(HTTPStatus.FORBIDDEN)
        try:
            self.code = read_code(request.path, self._state)
        except SignInError as refusal:
            self.failure = refusal
        except ValueError:
            return page(HTTPStatus.BAD_REQUEST)
        return page(HTTPStatus.OK, is_last=True)

    def _is_ours(self, request: Request) -> bool:
        cookies = (each.strip().encode() for each in request.cookies.split(";"))
        return any(hmac.compare_digest(cookie, self._cookie.encode()) for cookie in cookies)
