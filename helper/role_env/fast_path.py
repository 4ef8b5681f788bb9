"""The fast path: a cached session is the answer to a line, with as few imports as possible.

It serves `PROFILE`, `export PROFILE`, `process PROFILE` and `exec PROFILE [--] COMMAND…`, with every option that leaves
the request to STS as it is. Everything else, and every unusual state, takes the slow way, which gives the same answer
byte for byte.
"""

import os
import sys

from role_env import paths
from role_env.command_table import FAST_PATH, SHELLS
from role_env.keyrings import KeyringNotes
from role_env.sessions import Request
from role_env.sessions.record import USE, Record, judge_by_files, parse_record
from role_env.variables import is_cli_following

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from role_env.cli import Invocation
    from role_env.files.locks import Lock
    from role_env.keyrings import Entry

_PATIENT_SECONDS = 0.9
"""The longest wait for a keyring and, at a terminal, for another process. The slow way reports longer ones."""


class _SlowWay(Exception):
    """Only the slow way can find out whether the session is cached."""


def answer(invocation: "Invocation", environ: "Mapping[str, str]") -> "str | Lock | None":
    """Return the text that answers the line, made from the cached session; `exec` becomes its command instead.

    Otherwise the slow way has to answer. Where no session is cached and no other process requests one, return the lock
    of its entry, which is taken: the slow way requests the session under it. Else return None.
    """
    if not _can_handle(invocation) or _has_to_report(environ):
        return None
    request = Request(
        invocation.profile,
        region=invocation.region,
        min_ttl=invocation.min_ttl,
        renewal_ttl=invocation.renewal_ttl,
        expect_account=invocation.expect_account,
    )
    try:
        path = paths.absolute(invocation.config or paths.usual_profiles_file(environ))
        record = _load(request, path, environ, _modules_for(invocation))
        if record is None or record.agents_key:
            from role_env.agents import agent_of  # only where it matters who asks, or nothing is cached for a person

            if agent := agent_of(environ):
                request = request.changed(agent=agent)
                if (record := _load(request, path, environ)) is None:
                    return None  # the profiles file decides whether a session of its own is requested
        if record is None:
            if lock := _take_or_wait(request.entry(path), environ):
                return lock
            if (record := _load(request, path, environ)) is None:
                return None
    except (OSError, ValueError, _SlowWay):
        return None
    if record.base_key_digest:
        return None  # whether the environment still has that base key takes more modules to find out
    verdict = judge_by_files(record, request, path, environ)
    if verdict.action != USE:
        return None
    if not record.session.cli_can_follow and is_cli_following(environ):
        return None  # the CLI's profile that the shell refers to has changed; the slow way reports it
    if invocation.verbose:
        from role_env.context.messages import Messages

        Messages(verbose=True).decided(f"{request.profile}: {verdict}")
    return _text(record, request, path, invocation, environ)


def _can_handle(invocation: "Invocation") -> bool:
    """Return whether this path handles such lines. Secrets for a terminal go the slow way, which refuses them."""
    if invocation.fault or invocation.warning or invocation.others_than(FAST_PATH):
        return False
    if invocation.format == "github" or invocation.profile in ("", "-"):
        return False
    return invocation.command == "exec" or invocation.show or not os.isatty(1)


def _has_to_report(environ: "Mapping[str, str]") -> bool:
    """Return whether this process or its environment has something that only the slow way judges and reports."""
    # If stdout is closed, the next file to be opened takes its number.
    if sys.platform != "linux" or sys.stdout is None or environ.get("ROLE_ENV_CHAIN") or environ.get("ROLE_ENV_POLICY"):
        return True
    if not environ.get("ROLE_ENV_TIMEOUT"):
        return False
    from role_env import context
    from role_env.errors import ProfileError

    try:
        context.timeout_of(environ)
    except ProfileError:
        return True
    return False


def _modules_for(invocation: "Invocation") -> "Iterator[str]":
    """Yield the modules that the answer needs next. They are imported while the Secret Service works."""
    if invocation.command == "process":
        yield "role_env.documents"
        return
    yield from ("role_env.sessions.shell_request", "role_env.shells.export")
    if invocation.command == "export" and (shell := SHELLS.get(invocation.output_format)):
        yield shell.dialect


def _load(request: Request, path: str, environ: "Mapping[str, str]", modules: "Iterable[str]" = ()) -> Record | None:
    """Return the record that is cached for `request`. Raises _SlowWay.

    Import `modules` while the Secret Service works; the kernel answers at once.
    """
    entry = request.entry(path)
    text = _read_kernel(entry) if _is_in_kernel(environ) else _read_secret_service(entry, environ, modules)
    return parse_record(text, request.profile) if text else None


def _take_or_wait(entry: "Entry", environ: "Mapping[str, str]") -> "Lock | None":
    """Take the lock of `entry` and return it, or wait while another process has it.

    Of many processes that find no session at once, one takes the slow way, which costs ten times as much.
    """
    from role_env import context  # only if the session is not cached
    from role_env.files.locks import BUSY, TAKEN, Lock

    lock = Lock(entry.name, environ)
    outcome = lock.take()
    if outcome == BUSY:
        seconds = context.timeout_of(environ) / 2
        lock.wait(min(seconds, _PATIENT_SECONDS) if os.isatty(2) else seconds)
    return lock if outcome == TAKEN else None


def _is_in_kernel(environ: "Mapping[str, str]") -> bool:
    """Return whether sessions are cached in the kernel's keyring rather than in the Secret Service.

    Raises _SlowWay for another keyring, and where it takes more than variables and notes to find that out.
    """
    mode, notes = environ.get("ROLE_ENV_CACHE") or "auto", KeyringNotes(environ)
    if mode == "kernel":
        return True
    if mode in ("auto", "keyring") and notes.is_secret_service() and not notes.is_avoided():
        return False
    if mode == "auto" and notes.has_default_backend() and (notes.is_avoided() or not notes.has_bus()):
        from role_env.keyrings.container import is_container

        if not is_container(environ):
            return True
    raise _SlowWay


def _read_secret_service(entry: "Entry", environ: "Mapping[str, str]", modules: "Iterable[str]") -> "str | None":
    """Return the text of `entry` in the Secret Service, and import `modules` while it works. Raises _SlowWay."""
    from role_env.keyrings import secret_service

    try:
        meanwhile = map(__import__, modules)
        return secret_service.read([entry], environ, seconds=_PATIENT_SECONDS, meanwhile=meanwhile)[0]
    except secret_service.CannotReadDirectly:
        raise _SlowWay from None


def _read_kernel(entry: "Entry") -> "str | None":
    """Return the text of `entry` in the kernel's keyring. Raises _SlowWay."""
    from role_env.keyrings import kernel  # its ctypes costs as much as everything else

    try:
        return kernel.read(entry.name)
    except kernel.Unavailable:
        raise _SlowWay from None


def _text(record: Record, request: Request, path: str, invocation: "Invocation", environ: "Mapping[str, str]") -> str:
    """Return the session of `record` as the line asks for it, or become the command that the line names."""
    if invocation.command == "process":
        from role_env import documents

        return documents.process(record.session.credentials)
    from role_env.sessions import shell_request
    from role_env.shells import export as exporters

    session = shell_request.session_for(request, path, record, environ)
    if invocation.command == "exec":
        from role_env.live_sessions import execution

        command = execution.command_of(invocation.command_line, environ)
        execution.become(command, exporters.environment(session, environ))
    return exporters.export(session, invocation.output_format, environ)
