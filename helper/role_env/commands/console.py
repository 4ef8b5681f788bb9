"""role-env console: open the console, signed in with a profile's session."""

import threading
import webbrowser

from role_env import ui
from role_env.cli import options
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.errors import UsageError
from role_env.sign_in import console


def run(invocation: Invocation, context: Context) -> int:
    """Open the browser, or print the address."""
    host, where = console.destination(invocation.destination, invocation.site)
    # ROLE_ENV_TIMEOUT limits everything if it is set; otherwise the browser has a limit of its own.
    own_time = not context.environ.get("ROLE_ENV_TIMEOUT")
    session = options.obtain(invocation, context)

    def address() -> str:
        """Return a new sign-in address, which works once."""
        exchange = context.restarted() if own_time else context
        return console.sign_in_address(session.credentials, host, where, exchange)

    if invocation.print:
        with context.messages.waiting_for(f"the console's sign-in at {host}"):
            secret = address()
        ui.write(secret + "\n")
        return 0
    redirect = console.Redirect(address)
    threading.Thread(target=_open, args=(redirect,), daemon=True).start()
    with context.messages.waiting_for("the browser"):
        redirect.wait(console.BROWSER_SECONDS if own_time else context.deadline.remaining())
    ui.write(f"the console of {session.role_arn or session.profile} opens in the browser\n")
    return 0


def _open(redirect: console.Redirect) -> None:
    try:
        opened = webbrowser.open(redirect.address)
    except Exception:  # the user's choice of browser may raise anything
        opened = False
    if not opened:
        redirect.give_up(UsageError("no browser could be opened", hint="add --print and open the address yourself"))
