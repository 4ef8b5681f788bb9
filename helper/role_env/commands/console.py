"""role-env console: the console, signed in with a profile's session."""

import argparse
import threading
import webbrowser

from role_env import console_signin as console
from role_env.cli import options
from role_env.context import Context
from role_env.errors import UsageError
from role_env.ui import stdout as output

SUMMARY = "open Alibaba Cloud's console in the browser, signed in as a profile's role"
EXAMPLES = ("role-env console profileB --destination ecs", "role-env console profileB --print")
OBTAINS = True
STATUSES = dict.fromkeys(range(7), "") | {2: "wrong usage, or no browser could be opened"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("profile", metavar="PROFILE")
    parser.add_argument("--print", action="store_true", help="print the address, good once and for 30 seconds")
    where = "a product, such as ecs, or an address of the console's"
    parser.add_argument("--destination", default="", metavar="WHERE", help=where)
    parser.add_argument("--site", choices=console.SITES, default="", help="default: the destination's, else china")


def run(arguments: argparse.Namespace) -> int:
    """Opens the browser, or prints the address."""
    site, where = console.destination(arguments.destination, arguments.site)
    deadline = options.deadline_of(arguments.environ)
    # Whoever sets ROLE_ENV_TIMEOUT bounds all; else a browser, and a person's look at it, have their own time.
    own_time = not arguments.environ.get("ROLE_ENV_TIMEOUT")
    session = options.obtain(arguments, deadline)

    def address() -> str:
        until = options.deadline_of(arguments.environ) if own_time else deadline
        return console.sign_in_address(
            session.credentials, site, where, Context(arguments.environ, until, arguments.messages)
        )

    if arguments.print:
        with arguments.messages.waiting_for(f"the console's sign-in at {site.signin}"):
            secret = address()
        output.write(secret + "\n")
        return 0
    redirect = console.Redirect(address)
    threading.Thread(target=_open, args=(redirect,), daemon=True).start()
    with arguments.messages.waiting_for("the browser"):
        redirect.wait(console.BROWSER_SECONDS if own_time else deadline.remaining())
    output.write(f"the console of {session.role_arn or session.profile} opens in the browser\n")
    return 0


def _open(redirect: console.Redirect) -> None:
    try:
        opened = webbrowser.open(redirect.address)
    except Exception:  # whatever a browser of the user's choice does
        opened = False
    if not opened:
        redirect.give_up(UsageError("no browser could be opened", hint="add --print and open the address yourself"))
