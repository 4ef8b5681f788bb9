"""role-env console: open the console, signed in with a profile's session."""

import contextlib

from role_env import ui
from role_env.cli import Invocation, obtaining
from role_env.context import Context
from role_env.deadline import Worker
from role_env.errors import ProfileError, RoleEnvError, UnreachableError
from role_env.files.dependencies import Dependencies
from role_env.profiles.locate import locate
from role_env.sign_in import browser, console, isolated


class NoBrowser(RoleEnvError):
    """No graphical browser could be opened, or the address is to be printed anyway."""


def check(invocation: Invocation, _context: Context) -> None:
    """Raise UsageError for an invalid destination."""
    console.destination(invocation.destination, invocation.site)


def run(invocation: Invocation, context: Context) -> int:
    """Open the browser, or print the address."""
    host, where = console.destination(invocation.destination, invocation.site)
    # ROLE_ENV_TIMEOUT limits everything if it is set; otherwise the browser has a limit of its own.
    own_time = not context.environ.get("ROLE_ENV_TIMEOUT")
    session = obtaining.session_of(invocation, context)

    def address() -> str:
        """Return the secret address, which works once."""
        exchange = context.restarted() if own_time else context
        return console.sign_in_address(session.credentials, host, where, exchange)

    try:
        if invocation.print:
            raise NoBrowser("")
        command = _isolated_command(invocation, context)
        with contextlib.closing(console.Redirect(address)) as redirect, context.messages.waiting_for("the browser"):
            Worker(lambda: _open(redirect, command, context))
            if not redirect.wait(console.BROWSER_SECONDS if own_time else context.deadline.remaining()):
                hint = "add --print and open the address yourself"
                raise UnreachableError("no browser opened the address", hint=hint)
    except NoBrowser as failure:
        with context.messages.waiting_for(f"the console's sign-in at {host}"):
            secret = address()
        if failure.message:
            context.messages.say(f"{failure.message}: open this address within 30 seconds; it works once")
        ui.write(secret + "\n")
        return 0
    ui.write(f"the console of {session.role_arn or session.profile} opens in the browser\n")
    return 0


def _isolated_command(invocation: Invocation, context: Context) -> list[str] | None:
    """Return the command of a browser with a browser profile of its own; None without --isolated. Raises NoBrowser."""
    if not invocation.isolated:
        return None
    path = locate(invocation.config, Dependencies(context.environ))
    try:
        command = isolated.command(path, invocation.profile, context.environ)
    except OSError as error:
        raise ProfileError(
            f"the browser profile cannot be stored: {error.strerror or error}", hint="check the state folder"
        ) from None
    if command is None:
        raise NoBrowser(
            "no Chrome, Chromium, Edge or Firefox here can have a browser profile of its own"
            " (one in a snap or flatpak cannot reach it)"
        )
    return command


def _open(redirect: console.Redirect, command: list[str] | None, context: Context) -> None:
    """Open the page in the browser of `command`, else in the person's own. If none opens, stop waiting for it."""
    if command:
        opened = browser.start(command, redirect.address, context.environ)
    else:
        opened = browser.open_page(redirect.address, context.environ)
    if not opened:
        redirect.give_up(NoBrowser("no graphical browser could be opened"))
