"""Report a failed command: lines on stderr and, for a shell that evaluates stdout, code that ends in `false`.

No traceback is ever shown: it could contain a secret.
"""

import contextlib
import errno
import os
import shlex
import sys
from collections.abc import Mapping
from types import TracebackType

from role_env import ui, validators, variables
from role_env.cli import Invocation, hints, line_checks
from role_env.command_table import DOCUMENT_FORMATS
from role_env.command_table.commands import COMMANDS
from role_env.context import messages
from role_env.errors import (
    CanceledError,
    CommandError,
    ResourceError,
    RoleEnvError,
    UnknownProfileError,
    UsageError,
    WiderError,
)
from role_env.shells import export as exporters
from role_env.shells import parent

_LIMIT_ERRORS = ("EAGAIN", "ENOMEM", "EMFILE", "ENFILE", "ENOBUFS", "EPERM")
_DISK_ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EROFS", "ESTALE")
# What these modules raise when the system has no more threads, and no more memory for OpenSSL.
_SYSTEM_FAULTS: dict[str, tuple[type[Exception], ...]] = {"threading": (RuntimeError,), "hmac": (ValueError,)}


def report(failure: BaseException, invocation: Invocation, environ: Mapping[str, str]) -> int:
    """Report the failure on stderr and, if a shell reads it, on stdout. Return the exit status."""
    role_arn = failure.role_arn if isinstance(failure, RoleEnvError) else ""
    is_canceled = isinstance(failure, CanceledError)
    is_taken_away = False
    with contextlib.suppress(Exception):  # a full disk, for example; the first failure is the one to report
        is_taken_away = write_failure(invocation, environ, role_arn=role_arn, changes_nothing=is_canceled)
    error = failure if isinstance(failure, RoleEnvError) else _system_fault(failure) or _bug(failure)
    if isinstance(error, UnknownProfileError) and invocation.after_dashes:
        error = _without_profile(error, invocation)
    typed = hints.Typed(invocation, environ)
    error.message, error.hint = typed.show(error.message), typed.show(_hint(error, invocation))
    messages.error(error)
    if is_taken_away:
        lost = _no_account(environ)
        lost.hint = typed.show(lost.hint)
        messages.error(lost)
    has_own_status = invocation.command != "exec" or isinstance(error, CommandError | CanceledError)
    return error.exit_status if has_own_status else 125


def _without_profile(error: UnknownProfileError, invocation: Invocation) -> RoleEnvError:
    """Return the error for `exec -- COMMAND`, or `error` itself if the word after -- may be a mistyped profile."""
    if validators.similar(error.name, error.known):
        return error
    words = ["exec", "PROFILE", "--", *invocation.after_dashes]
    return UsageError(f"exec requires PROFILE, and {error.message}", hint=f"type `role-env {shlex.join(words)}`")


def _hint(error: RoleEnvError, invocation: Invocation) -> str:
    """Return the hint of an error; if it depends on the command, the hint for this line's command."""
    if isinstance(error, UnknownProfileError):
        return _hint_for_unknown(error, invocation)
    return _hint_for_wider(error, invocation) if isinstance(error, WiderError) else error.hint


def _hint_for_unknown(error: UnknownProfileError, invocation: Invocation) -> str:
    """Return the hint for an unknown profile: the profiles that the name may stand for.

    If the line has a single word, that may also be a mistyped command.
    """
    known = line_checks.names_meant(error, invocation.command)
    if not invocation.is_command_named:
        meant = hints.unknown_word(error.name, "", validators.similar(error.name, known))
        if meant:
            return meant
    if invocation.command == "login" and not validators.similar(error.name, known):
        return f"create it with its key: `role-env configure {error.name} --login`"
    return line_checks.nearest_profile(error.name, known)


def _hint_for_wider(error: WiderError, invocation: Invocation) -> str:
    """Return the hint for a session that is refused within a narrowed one: the whole line that requests it."""
    command, profile = invocation.command, error.profile
    if error.line:
        return f"type {error.line}, or first {hints.END_SESSION}"
    if "--full" not in COMMANDS[command].options or not profile:
        return error.hint
    if command == "export" and invocation.format not in DOCUMENT_FORMATS:
        command = "use"
    words = [command, profile, "--full", *(["--", *invocation.command_line] if invocation.command_line else [])]
    return f"type `role-env {shlex.join(words)}`, or first {hints.END_SESSION}"


def report_interruption(invocation: Invocation, environ: Mapping[str, str], *, is_by_person: bool) -> None:
    """Report that the command was interrupted. With `is_by_person` (Ctrl-C), the session in the shell stays."""
    with contextlib.suppress(Exception):
        write_failure(invocation, environ, changes_nothing=is_by_person)
    messages.error(RoleEnvError("interrupted"))


def report_old_bash() -> None:
    """Report a closed stdout if the reader is an old bash, whose `source <(…)` reads nothing."""
    if parent.is_lost_to_old_bash():
        hint = 'type eval "$(role-env … || echo false)" instead'
        messages.error(RoleEnvError("this bash is older than 4, and its source <(…) reads nothing", hint=hint))


def write_failure(
    invocation: Invocation, environ: Mapping[str, str], *, role_arn: str = "", changes_nothing: bool = False
) -> bool:
    """Write code that fails for a shell that reads stdout; the code also removes another profile's or role's session.

    Return whether the shell is then without an account. `role_arn` is the role of the failed request, empty if it is
    not known. With `changes_nothing` no session is removed: a person has pressed Ctrl-C. In a step of a GitHub job, the
    session of an earlier step is removed. Raises RoleEnvError.
    """
    if invocation.command == "export" and invocation.format == "github" and not changes_nothing:
        from role_env.shells import github  # only for this format

        github.take_away_session(environ)
    form = _shell_format(invocation)
    if not form or sys.stdout is None or sys.stdout.isatty():
        return False
    take_away = not changes_nothing and _has_other_session(invocation, environ, role_arn)
    ui.write(exporters.failure(form, environ, take_away=take_away))
    return take_away


def _shell_format(invocation: Invocation) -> str:
    is_evaluated = not invocation.command or COMMANDS[invocation.command].is_evaluated
    if not is_evaluated or invocation.format in DOCUMENT_FORMATS:
        return ""
    return invocation.output_format


def _has_other_session(invocation: Invocation, environ: Mapping[str, str], role_arn: str) -> bool:
    """Return whether the shell has another profile's or role's session. Like RAM, ignore the case of role names."""
    if invocation.command != "export" or not variables.has_session(environ) or invocation.profile in ("", "-"):
        return False
    is_other_role = bool(role_arn) and role_arn.lower() != environ.get("ROLE_ENV_ROLE_ARN", "").lower()
    return invocation.profile != environ.get("ROLE_ENV_PROFILE") or is_other_role


def _no_account(environ: Mapping[str, str]) -> RoleEnvError:
    """Return the error to report after a failed switch: the shell has no account now, and how to get one."""
    from role_env.environ.session import ShellState
    from role_env.sessions.shell_request import request_of_shell

    profile, asked = ShellState(environ).profile, request_of_shell(environ)
    session = f"the session of {profile}" if profile else "the session"
    back = asked.line(environ) if asked else ""
    if asked and asked.is_repeatable and variables.PREVIOUS in environ:
        back = "``role-env use -``"  # the integration remembers the request
    way_back = f"go back with: {back}; or " if back else ""
    return RoleEnvError(f"{session} was removed, and this shell has no account now", hint=f"{way_back}{hints.RESTORE}")


def _bug(failure: BaseException) -> RoleEnvError:
    """Return an error with the type and place of a bug. Its text is left out, since it could contain a secret."""
    trace = _innermost(failure)
    place = f" in {os.path.basename(trace.tb_frame.f_code.co_filename)}, line {trace.tb_lineno}" if trace else ""
    return RoleEnvError(f"{type(failure).__name__}{place}", hint="this is a bug in role-env; please report it")


def _system_fault(failure: BaseException) -> ResourceError | None:
    """Return the error to report if the system, such as a full disk or exhausted memory, caused `failure`, else None.

    CPython can lose an error that it has no memory for, and then raises SystemError, which Python code never does.
    """
    what, hint = "", "check the memory, the disk and the limits (ulimit -a), and try again"
    trace = _innermost(failure)
    module = str(trace.tb_frame.f_globals.get("__name__")) if trace else ""
    if isinstance(failure, ImportError):
        # Otherwise a module that is loaded lacks a name.
        if isinstance(failure, ModuleNotFoundError) or not (failure.path or ".py").endswith(".py"):
            what = f"the module {failure.name} of this installation could not be loaded"
            hint += "; if it fails again, reinstall role-env"
    elif isinstance(failure, OSError):
        number = failure.errno or 0
        is_known = errno.errorcode.get(number, "") in (*_LIMIT_ERRORS, *_DISK_ERRORS)
        if is_known and failure.strerror == os.strerror(number):  # only the system's own error has its text
            what = f"the system reported: {failure.strerror}"
    elif isinstance(failure, (MemoryError, SystemError, *_SYSTEM_FAULTS.get(module, ()))):
        what = "the system has no more memory, threads or processes for role-env"
    return ResourceError(what, hint=hint) if what else None


def _innermost(failure: BaseException) -> TracebackType | None:
    trace = failure.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace
