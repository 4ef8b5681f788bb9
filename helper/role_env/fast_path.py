"""The fast path: a cached session goes straight to stdout, with as few imports as possible.

It serves `PROFILE`, `export PROFILE`, `process PROFILE` and `exec PROFILE [--] COMMAND…`, with every option that leaves
the request to STS as it is. Everything else, and every unusual state, takes the slow way, which gives the same answer
byte for byte.
"""

import os
import sys

from role_env import paths
from role_env.command_table import SHELLS
from role_env.keyrings import KeyringNotes, secret_service
from role_env.sessions import Request, parse_record
from role_env.variables import agent_of, follows_profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.cli import Invocation
    from role_env.credentials import Session
    from role_env.keyrings import Entry

_PATIENT_SECONDS = 0.9
"""The longest wait for a keyring and, at a terminal, for another process. The slow way reports longer ones."""
_SERVED_FIELDS = {
    "after_dashes",
    "command",
    "command_line",
    "config",
    "expect_account",
    "format",
    "is_command_named",
    "min_ttl",
    "needed_ttl",
    "profile",
    "region",
    "show",
    "verbose",
}
"""The fields of an Invocation that may be set on a line that this path serves."""


def answer(invocation: "Invocation", environ: "Mapping[str, str]") -> None:
    """Answer the command line from the cache and end the process, or become the command that it names.

    Return, with nothing written, if the slow way has to answer it.
    """
    if not _is_served(invocation) or not _is_usual(environ):
        return
    request = Request(
        invocation.profile,
        region=invocation.region,
        min_ttl=invocation.needed_ttl,
        expect_account=invocation.expect_account,
        agent=agent_of(environ),
    )
    session = _load_session(request, invocation, environ)
    if session is None:
        return
    if invocation.verbose:
        from role_env.context.messages import Messages
        from role_env.sessions import UNCHANGED

        Messages(verbose=True).decided(UNCHANGED)
    from role_env.shells import export as exporters

    if invocation.command == "exec":
        from role_env.supervise import execution

        command = execution.command_of(invocation.command_line, environ)
        execution.become(command, exporters.environment(session, environ))
    from role_env import ui

    if invocation.command == "process":
        ui.write(exporters.process(session.credentials))
    else:
        ui.write(exporters.export(session, invocation.shell_format, environ))
    os._exit(0)  # everything is written, and the interpreter's shutdown takes 2 ms


def _is_served(invocation: "Invocation") -> bool:
    """Return whether this path serves the line. Secrets for a terminal go the slow way, which refuses them."""
    if (
        invocation.format == "github"
        or invocation.profile in ("", "-")
        or not vars(invocation).keys() <= _SERVED_FIELDS
    ):
        return False
    return invocation.command == "exec" or invocation.show or not os.isatty(1)


def _is_usual(environ: "Mapping[str, str]") -> bool:
    """Return whether this process and its environment have nothing that the slow way would have to report."""
    # If stdout is closed, the next file to be opened takes its number.
    if sys.platform != "linux" or sys.stdout is None or environ.get("ROLE_ENV_CHAIN") or environ.get("ROLE_ENV_POLICY"):
        return False
    if not environ.get("ROLE_ENV_TIMEOUT"):
        return True
    from role_env import context
    from role_env.errors import ProfileError

    try:
        context.timeout_of(environ)
    except ProfileError:
        return False
    return True


def _modules(invocation: "Invocation") -> "list[str]":
    """Return the modules that the answer needs next. They are imported while the Secret Service works."""
    modules = ["role_env.shells.export"]
    shell = SHELLS.get(invocation.format or "sh")
    if shell and invocation.command == "export":
        modules.append(shell.dialect)
    return modules


def _load_session(request: Request, invocation: "Invocation", environ: "Mapping[str, str]") -> "Session | None":
    """Return the cached session if it certainly answers `request`."""
    try:
        path = invocation.config or paths.usual_profiles_file(environ)
        # The path is used as given: making it absolute would drop `link/..`, which may lead to another file.
        entry = request.entry(path)
        path = os.path.abspath(path)  # noqa: PTH100  pathlib costs 5 ms
    except (OSError, ValueError):
        return None
    text = _read_record(entry, environ, _modules(invocation))
    if not text:
        return None
    cached = parse_record(text, request.profile)
    if cached is None or cached.base or not cached.is_answer(request, path, environ):
        return None
    if not cached.session.in_cli_file and follows_profile(environ):
        return None  # the CLI's profile that the shell refers to has changed; the slow way reports it
    return cached.answer(request, path)


def _read_record(entry: "Entry", environ: "Mapping[str, str]", modules: "list[str]") -> str:
    """Return the text of `entry`, and import `modules` while the keyring works.

    The text is empty if there is no entry, or if it cannot be read within milliseconds from the place that
    ROLE_ENV_CACHE names. The library `keyring` is not used.
    """
    mode = environ.get("ROLE_ENV_CACHE") or "auto"
    if mode == "kernel":
        return _read_kernel(entry)
    if mode not in ("auto", "keyring"):
        return ""
    notes = KeyringNotes(environ)
    if notes.is_secret_service() and not notes.is_avoided():
        try:
            meanwhile = map(__import__, modules)
            (text,) = secret_service.read([entry], environ, seconds=_PATIENT_SECONDS, meanwhile=meanwhile)
            if text is None and (seconds := _wait_for_other(entry, environ)):
                (text,) = secret_service.read([entry], environ, seconds=seconds)
        except secret_service.AskKeyring:
            return ""
        return text or ""
    if mode == "auto" and notes.is_usual() and (notes.is_avoided() or not notes.has_bus()):
        from role_env.keyrings.container import is_container

        return "" if is_container(environ) else _read_kernel(entry)
    return ""


def _wait_for_other(entry: "Entry", environ: "Mapping[str, str]") -> float:
    """Wait while another process requests the session of `entry`; return the seconds to spend on reading it afterwards.

    Return 0 if no process has requested it. Of many processes that miss the cache at once, only one takes the slow way,
    which costs ten times as much.
    """
    from role_env import context  # only if the session is not cached
    from role_env.files.entry_lock import EntryLock

    seconds = context.timeout_of(environ) / 2
    if os.isatty(2):
        seconds = min(seconds, _PATIENT_SECONDS)
    return seconds if EntryLock(entry.name, environ).wait_for_holder(seconds) else 0


def _read_kernel(entry: "Entry") -> str:
    from role_env.keyrings import kernel  # its ctypes costs as much as everything else

    try:
        return kernel.read(entry.name) or ""
    except kernel.Unavailable:
        return ""
