"""role-env console: open the console, signed in with a profile's session."""

import contextlib

from role_env import ui
from role_env.cli import Invocation, obtaining
from role_env.command_table import OBTAINING
from role_env.commands.process import session_of_shell
from role_env.context import Context
from role_env.credentials import Credentials
from role_env.dataclass import dataclass
from role_env.deadline import Worker
from role_env.environ.session import ShellState
from role_env.errors import ProfileError, RefusedError, RoleEnvError, UnreachableError, UsageError
from role_env.files.dependencies import Dependencies
from role_env.profiles.locate import locate
from role_env.sign_in import browser, console, isolated

_WITHOUT_PROFILE = ("--expect-account", "--verbose")
"""The options of a session's request that a line without PROFILE may have."""


class NoBrowser(RoleEnvError):
    """No graphical browser could be opened, or the address is to be printed anyway."""


@dataclass(frozen=True)
class _Session:
    """A session to sign in with: of `profile` in the profiles file `config`, and called `name`."""

    credentials: Credentials
    profile: str
    config: str
    name: str


def check(invocation: Invocation, context: Context) -> None:
    """Raise UsageError for an invalid destination, or for an option that this shell's session cannot follow."""
    console.destination(invocation.destination, invocation.site)
    given = [option.name for option in invocation.options if option in OBTAINING]
    others = [name for name in given if name not in _WITHOUT_PROFILE]
    if others and not invocation.profile and ShellState(context.environ).has_session:
        hint = f"leave out {others[0]}, or name a profile"
        raise UsageError("console without PROFILE opens the session of this shell as it is", hint=hint)


def run(invocation: Invocation, context: Context) -> int:
    """Open the browser, or print the address."""
    host, where = console.destination(invocation.destination, invocation.site)
    # ROLE_ENV_TIMEOUT limits everything if it is set; otherwise the browser has a limit of its own.
    own_time = not context.environ.get("ROLE_ENV_TIMEOUT")
    session = _session_of(invocation, context)

    def address() -> str:
        """Return the secret address, which works once."""
        exchange = context.restarted() if own_time else context
        return console.sign_in_address(session.credentials, host, where, exchange)

    try:
        if invocation.print:
            raise NoBrowser("")
        command = _isolated_command(session, context) if invocation.isolated else None
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
    ui.write(f"the console of {session.name} opens in the browser\n")
    return 0


def _session_of(invocation: Invocation, context: Context) -> _Session:
    """Return the session of the line's profile; without one, that of the shell, as it is. Raises RoleEnvError."""
    if invocation.profile:
        session = obtaining.session_of(invocation, context)
        path = locate(invocation.config, Dependencies(context.environ))
        return _Session(session.credentials, session.profile, path, session.role_arn or session.profile)
    state = ShellState(context.environ)
    credentials = session_of_shell(context)
    if invocation.expect_account not in ("", state.account_id):
        raise RefusedError(f"the session of this shell is not of account {invocation.expect_account}")
    return _Session(credentials, state.profile, state.request.get("config", ""), state.role_arn or state.profile)


def _isolated_command(session: _Session, context: Context) -> list[str]:
    """Return the command of a browser with a browser profile of its own. Raises NoBrowser."""
    try:
        command = isolated.command(session.config, session.profile, context.environ)
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
