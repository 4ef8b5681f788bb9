"""The warm path: a kept session, straight from where it is kept to stdout, with next to no imports.

It serves what we install and what is typed most: `PROFILE`, `export PROFILE`, `process PROFILE` and
`exec PROFILE [--] COMMAND…`, with `--format` where there is one. Whatever else is asked for, and whatever is not as
usual, goes the ordinary way, which gives the same answer byte for byte.
"""

import os
import sys
import time

from role_env import paths
from role_env.command_table import SHELL_FORMATS
from role_env.credentials import Session
from role_env.keyrings import fast
from role_env.sessions import record
from role_env.shells import export as exporters
from role_env.shells import parent
from role_env.ui import stdout as output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.cli.invocation import Invocation

_SERVED_FIELDS = {"command", "is_command_named", "profile", "command_line", "format"}
"""The fields of an Invocation that may be set on a line that this path serves."""


def answer(invocation: "Invocation", environ: "Mapping[str, str]") -> bool:
    """Whether the command line has been answered: its output is written, or its command runs in this process."""
    if not _is_served(invocation) or sys.platform != "linux" or (invocation.command != "exec" and os.isatty(1)):
        return False
    if sys.stdout is None:  # closed, and the next file to be opened would take its number
        return False
    if environ.get("ROLE_ENV_TIMEOUT") or environ.get("ROLE_ENV_CHAIN"):  # a fault, or a loop, has to be told
        return False
    session = _kept(invocation.profile, environ)
    if session is None:
        return False
    if invocation.command == "exec":
        from role_env.supervise import execution

        execution.become(list(invocation.command_line), exporters.environment(session, environ))
    if invocation.command == "process":
        text = exporters.process(session.credentials)
    else:
        text = exporters.export(session, invocation.format or parent.parent_format(), environ)
    output.write(text)
    return True


def _is_served(invocation: "Invocation") -> bool:
    """Return whether this path serves the line: it has no option but a shell's format."""
    if invocation.command not in ("export", "process", "exec") or not vars(invocation).keys() <= _SERVED_FIELDS:
        return False
    return bool(invocation.command_line) if invocation.command == "exec" else invocation.format in ("", *SHELL_FORMATS)


def _kept(profile: str, environ: "Mapping[str, str]") -> "Session | None":
    """The kept session of `profile`, if it stands beyond any doubt."""
    path = _profiles_file(environ)
    try:
        entry = record.entry(os.path.realpath(path), profile, record.NO_OPTIONS) if path else None
        path = os.path.abspath(path)  # noqa: PTH100  pathlib costs 5 ms
    except (OSError, ValueError):
        return None
    text = fast.read(entry, environ) if entry else None
    kept = record.parse(text, profile) if text else None
    if kept is None or kept.base or kept.credentials.needs_renewal(time.time()) or not kept.stands(path, environ):
        return None
    return Session(
        kept.profile,
        kept.role_arn,
        kept.credentials,
        region_id=kept.region_id,
        colour=kept.colour,
        variables=kept.variables,
        in_cli_file=kept.in_cli_file,
    )


def _profiles_file(environ: "Mapping[str, str]") -> str:
    """The profiles file in the usual two places; empty where `profiles.locate` has to look further.

    That it is there, and is the one that counts, is part of what a kept session was made from.
    """
    folder = paths.usual_folder(environ, paths.CONFIG)
    return environ.get("ROLE_ENV_CONFIG", "") or (folder and f"{folder}/role-env/profiles.ini")
