"""The options that commands share, and what each of them does with them."""

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from role_env import names
from role_env import validators as keys
from role_env.context import Context
from role_env.credentials import Session
from role_env.deadline import Deadline
from role_env.errors import ProfileError, UsageError
from role_env.shells import export as exporters
from role_env.shells import integration as shell_scripts

if TYPE_CHECKING:
    from role_env.sessions.obtain import Request

DEFAULT_TIMEOUT = 30.0


def add_obtaining(parser: argparse.ArgumentParser) -> None:
    """The options of every command that obtains a session."""
    add_config(parser)
    add = parser.add_argument
    add("--duration", type=int, metavar="SECONDS", help="how long a new session lasts, instead of the profile's")
    add("--session-name", metavar="NAME", type=_checked(keys.session_name), help="instead of the profile's")
    add("--region", metavar="ID", type=_checked(keys.region), help="instead of the profile's region_id")
    add("--min-ttl", type=_not_negative, default=0, metavar="SECONDS", help="renew a session that has less left")
    add("--refresh", action="store_true", help="a session issued after this call began, or a failure")
    add("--no-cache", action="store_true", help="neither read nor write the cache")
    add("--expect-account", metavar="ID", type=_checked(keys.account_id), help="refuse any other")
    add("--verbose", action="store_true", help="tell on stderr what was decided, and why")


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option of every command that reads the profiles file."""
    parser.add_argument("--config", default="", metavar="FILE", help="the profiles file")


def _not_negative(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError("is not a number of seconds")
    return int(text)


def _checked(check: "keys.Check") -> "keys.Check":
    def convert(text: str) -> str:
        try:
            return check(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def obtain(arguments: argparse.Namespace, deadline: Deadline | None = None) -> Session:
    """The session that was asked for. Raises any RoleEnvError."""
    from role_env.sessions import obtain as session  # TLS and all: not for the commands that need none

    request = request_of(arguments)
    deadline = deadline or deadline_of(arguments.environ)
    try:
        return session.obtain(request, Context(arguments.environ, deadline, arguments.messages))
    finally:
        arguments.asked.role_arn = request.role_arn


def request_of(arguments: argparse.Namespace) -> "Request":
    """What was asked for. Raises UsageError for what can be no profile."""
    if fault := names.fault(arguments.profile):
        raise no_profile(arguments.profile, fault)
    from role_env.sessions.obtain import Request

    return Request(
        arguments.profile,
        config=arguments.config,
        duration=arguments.duration,
        session_name=arguments.session_name or "",
        region=arguments.region or "",
        min_ttl=arguments.min_ttl,
        refresh=arguments.refresh,
        no_cache=arguments.no_cache,
        expect_account=arguments.expect_account or "",
    )


def no_profile(name: str, fault: str) -> UsageError:
    """What is told of a `name` that can be no profile's because of `fault`."""
    return UsageError(f"{name[:80]!r} is no profile: {fault}", hint="role-env list shows them")


def deadline_of(environ: Mapping[str, str]) -> Deadline:
    """The deadline of the whole command, ROLE_ENV_TIMEOUT seconds from now. Raises ProfileError."""
    text = environ.get("ROLE_ENV_TIMEOUT") or str(DEFAULT_TIMEOUT)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 86400:
        raise ProfileError("the variable ROLE_ENV_TIMEOUT is not a number of seconds above 0")
    return Deadline(seconds)


def refuse_terminal(command: str, form: str) -> None:
    """Nothing secret goes to a terminal unasked, and nothing is asked of STS for it."""
    if sys.stdout is None or not sys.stdout.isatty():
        return
    raise UsageError(
        "this prints secrets, and stdout is a terminal",
        hint=f"type {_line_for(command, form)}, or add --show to see it anyway",
    )


def _line_for(command: str, form: str) -> str:
    """What to type in the shell that is the parent, or that `form` names."""
    if form == "fish":
        return f"{command} | source"
    if form not in exporters.SHELLS:
        return f"{command} --format {form} | …" if form else f"{command} | …"
    reads_pipes = form in ("bash", "zsh") or shell_scripts.parent_name() in ("bash", "zsh")
    return f"source <({command})" if reads_pipes else f'eval "$({command} || echo false)"'
