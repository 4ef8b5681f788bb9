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
from role_env.sessions import USE, Request, judge, parse_record
from role_env.variables import follows_profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.cli import Invocation
    from role_env.files.entry_lock import EntryLock
    from role_env.keyrings import Entry
    from role_env.sessions import Record

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
    "profile",
    "region",
    "show",
    "verbose",
}
"""The fields of an Invocation that may be set on a line that this path serves."""


def answer(invocation: "Invocation", environ: "Mapping[str, str]") -> "EntryLock | None":
    """Answer the command line from the cache and end the process, or become the command that it names.

    Return, with nothing written, if the slow way has to answer it. Where no session is cached and no other process
    requests one, return the lock of its entry, which is taken: the slow way requests the session under it.
    """
    if not _is_served(invocation) or not _is_usual(environ):
        return None
    request = Request(
        invocation.profile,
        region=invocation.region,
        min_ttl=invocation.min_ttl,
        renewal_ttl=invocation.renewal_ttl,
        expect_account=invocation.expect_account,
    )
    record, path, taken_lock = _load(request, invocation, environ)
    if not taken_lock and (record is None or record.agents_key):
        from role_env.agents import agent_of  # only where it matters who asks, or nothing is cached for a person

        if agent := agent_of(environ):
            request.agent = agent
            record, path, taken_lock = _load(request, invocation, environ)
    if record is None:
        return taken_lock
    if invocation.verbose:
        from role_env.context.messages import Messages
        from role_env.sessions import UNCHANGED

        Messages(verbose=True).decided(f"the cached session is used: {UNCHANGED}")
    _write(record, request, path, invocation, environ)
    os._exit(0)  # everything is written, and the interpreter's shutdown takes 2 ms


def _write(
    record: "Record", request: Request, path: str, invocation: "Invocation", environ: "Mapping[str, str]"
) -> None:
    """Write the session of `record` as the line asks for it, or become the command that the line names."""
    from role_env.shells import export as exporters

    if invocation.command == "process":
        from role_env import ui

        ui.write(exporters.process(record.session.credentials))
        return
    from role_env.sessions import shell_request

    session = shell_request.answer(request, path, record, environ)
    if invocation.command == "exec":
        from role_env.live_sessions import execution

        command = execution.command_of(invocation.command_line, environ)
        execution.become(command, exporters.environment(session, environ))
    from role_env import ui

    ui.write(exporters.export(session, invocation.shell_format, environ))


def _is_served(invocation: "Invocation") -> bool:
    """Return whether this path serves the line. Secrets for a terminal go the slow way, which refuses them."""
    if invocation.format == "github" or invocation.profile in ("", "-") or not invocation.given <= _SERVED_FIELDS:
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
    if invocation.command != "process":
        modules.append("role_env.sessions.shell_request")
    shell = SHELLS.get(invocation.format or "sh")
    if shell and invocation.command == "export":
        modules.append(shell.dialect)
    return modules


def _load(
    request: Request, invocation: "Invocation", environ: "Mapping[str, str]"
) -> "tuple[Record | None, str, EntryLock | None]":
    """Return the record that certainly answers `request`, with the path of the profiles file.

    If there is none, also return the lock of its entry if this process has taken it.
    """
    try:
        path = invocation.config or paths.usual_profiles_file(environ)
        # The path is used as given: making it absolute would drop `link/..`, which may lead to another file.
        entry = request.entry(path)
        path = os.path.abspath(path)
    except (OSError, ValueError):
        return None, "", None
    text, taken_lock = _read_record(entry, environ, _modules(invocation))
    record = parse_record(text, request.profile)
    if record is None or record.base_key_digest or judge(record, request, path, environ).action != USE:
        return None, path, taken_lock
    if not record.session.in_cli_file and follows_profile(environ):
        return None, path, None  # the CLI's profile that the shell refers to has changed; the slow way reports it
    return record, path, None


def _read_record(entry: "Entry", environ: "Mapping[str, str]", modules: "list[str]") -> "tuple[str, EntryLock | None]":
    """Return the text of `entry`, and import `modules` while the keyring works.

    The text is empty if there is no entry, or if it cannot be read within milliseconds from the place that
    ROLE_ENV_CACHE names. The library `keyring` is not used. If the Secret Service has no entry and no other process
    requests the session, the lock of the entry is returned too, taken.
    """
    mode = environ.get("ROLE_ENV_CACHE") or "auto"
    if mode == "kernel":
        return _read_kernel(entry), None
    if mode not in ("auto", "keyring"):
        return "", None
    notes = KeyringNotes(environ)
    if notes.is_secret_service() and not notes.is_avoided():
        return _read_secret_service(entry, environ, modules)
    if mode == "auto" and notes.is_usual() and (notes.is_avoided() or not notes.has_bus()):
        from role_env.keyrings.container import is_container

        return "" if is_container(environ) else _read_kernel(entry), None
    return "", None


def _read_secret_service(
    entry: "Entry", environ: "Mapping[str, str]", modules: "list[str]"
) -> "tuple[str, EntryLock | None]":
    """Return what `_read_record` does, from the Secret Service.

    Of many processes that miss the session at once, one takes the lock and the slow way, which costs ten times as much.
    The others wait for it, and read again.
    """
    try:
        (text,) = secret_service.read([entry], environ, seconds=_PATIENT_SECONDS, meanwhile=map(__import__, modules))
        if text is not None:
            return text, None
        from role_env import context  # only if the session is not cached
        from role_env.agents import agent_of
        from role_env.files.entry_lock import EntryLock

        if agent_of(environ):  # the profiles file decides whether the entry is its own
            return "", None
        seconds = context.timeout_of(environ) / 2
        if os.isatty(2):
            seconds = min(seconds, _PATIENT_SECONDS)
        lock = EntryLock(entry.name, environ)
        if not lock.take_or_wait(seconds):
            return "", lock if lock.is_taken else None
        (text,) = secret_service.read([entry], environ, seconds=seconds)
    except secret_service.AskKeyring:
        return "", None
    return text or "", None


def _read_kernel(entry: "Entry") -> str:
    from role_env.keyrings import kernel  # its ctypes costs as much as everything else

    try:
        return kernel.read(entry.name) or ""
    except kernel.Unavailable:
        return ""
