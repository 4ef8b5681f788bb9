"""Console sign-in: exchange a session for a token, and build the address that uses it.

The token works once, for 30 seconds, with the session's permissions. So it is requested with the secret in the body of
a POST. Others can read a browser's arguments, so the browser gets the address of a server on this machine, which
redirects it. Source: "Use a program to log on to the console", RAM's documentation of the federation endpoint.
"""

import re
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus

from role_env.command_table import SITES
from role_env.context import Context
from role_env.credentials import Credentials
from role_env.errors import RefusedError, RoleEnvError, UsageError, printable
from role_env.http.client import Client, Response
from role_env.http.local_server import Reply
from role_env.http.responses import TOKEN
from role_env.sign_in.loopback import LoopbackServer, page

# Browsers read a backslash as a slash, and text before an @ is not the host.
_ADDRESS = re.compile(
    r"https://(?:[a-z0-9-]{1,63}\.){0,4}console\.((?:aliyun|alibabacloud)\.com)(?::443)?(?:[/?#][!-\[\]-~]{0,2000})?"
)
_PRODUCT = re.compile(r"[a-z0-9-]{1,40}")
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
# How long a browser may take to start (seconds).
BROWSER_SECONDS = 60.0


def destination(text: str, site: str) -> tuple[str, str]:
    """Return the host that signs in, `signin.` and the site's domain, and the address to go to.

    `text` is a product (`ecs`), an address of the console, or empty for its home page. If `site` is empty, the address
    decides, and China's site is the default. Raises UsageError for any other address, since it would be signed in with
    the session.
    """
    if not text or _PRODUCT.fullmatch(text):
        domain = SITES[site or "china"]
        return f"signin.{domain}", f"https://{text or 'home'}.console.{domain}/"
    found = _ADDRESS.fullmatch(text)
    if not found:
        raise UsageError(
            f"the destination {printable(text)[:200]} is not an address of the console",
            hint="give a product, such as ecs, or an https:// address below console.aliyun.com or"
            " console.alibabacloud.com",
        )
    domain = found[1]
    name = next(name for name, each in SITES.items() if each == domain)
    if site not in ("", name):
        raise UsageError(f"the destination belongs to the {name} site, and --site is {site}", hint="leave out --site")
    return f"signin.{domain}", text


def sign_in_address(credentials: Credentials, host: str, destination: str, context: Context) -> str:
    """Return the address at `host` that signs a browser in and goes to `destination`.

    It works once, for 30 seconds, and is secret. Raises RefusedError, UnreachableError.
    """
    form = {"Action": "GetSigninToken", "TicketType": "mini", **credentials.document("")}
    del form["Expiration"]
    client, body = Client("the console's sign-in", host, context), urllib.parse.urlencode(form).encode()
    token = _token(client, client.request("POST", "/federation", headers=_FORM, body=body))
    query = {"Action": "Login", "LoginUrl": f"https://{host}/", "Destination": destination, "SigninToken": token}
    return f"https://{host}/federation?{urllib.parse.urlencode(query)}"


def _token(client: Client, response: Response) -> str:
    token = response.text("SigninToken")
    if response.status == 200 and TOKEN.fullmatch(token):
        return token
    if code := response.text("Code", "code"):  # its Message could quote the request
        raise RefusedError(
            f"the console's sign-in at {client.endpoint} said {printable(code)[:80]} ({response.status})",
            hint="request a new session with --refresh, and check that --site is the account's",
        )
    raise client.invalid(f"status {response.status}, no SigninToken")


class Redirect(LoopbackServer):
    """A server that redirects the first visitor who knows its `address` to the address that `target` returns.

    `target` is called when the browser comes, so that the token is fresh. If it raises, the browser shows an error, and
    `wait` raises the same.
    """

    def __init__(self, target: Callable[[], str]) -> None:
        self._target = target
        super().__init__(0)

    def give_up(self, failure: RoleEnvError) -> None:
        """End the wait with `failure`, unless a browser came."""
        if not self.has_begun:
            self.failure = failure
            self.ended.set()

    def first_visit(self) -> Reply:
        """Redirect the browser."""
        try:
            return Reply(HTTPStatus.SEE_OTHER, "", {"Location": self._target()}, is_last=True)
        except Exception as failure:
            self.failure = failure
            return page(HTTPStatus.BAD_GATEWAY, is_last=True)
