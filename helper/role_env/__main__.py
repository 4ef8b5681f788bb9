"""The command `role-env`: runs a command line; errors become stderr lines and an exit status."""

import _signal  # `signal` makes enums of its numbers, which costs the warm path 5 ms
import os
import sys

from role_env import fast_path as warm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from role_env.cli.invocation import Asked
    from role_env.errors import RoleEnvError


class _Terminated(BaseException):
    """SIGTERM came: like KeyboardInterrupt, no handler of Exception may swallow it."""


def main() -> None:
    """Runs role-env on sys.argv and ends the process with its exit status."""
    status = run(sys.argv[1:])
    _ignore_signals()
    _end(status)


def run(argv: list[str]) -> int:
    """Runs a command line in this process's environment and returns its exit status."""
    asked = None
    try:
        if _signal.getsignal(_signal.SIGTERM) == _signal.SIG_DFL:
            _signal.signal(_signal.SIGTERM, _terminate)
        if warm.answer(argv, os.environ):
            os._exit(0)  # nothing is left to be written, and the interpreter's own end costs 2 ms
        import warnings

        # What a library warns of when it is imported would spoil a credential process's silence.
        warnings.simplefilter("ignore")
        from role_env.cli import parser as cli  # here, so that an interruption or a fault of an import is met below
        from role_env.cli.invocation import Asked

        asked = Asked(argv, os.environ)
        return cli.run(argv, os.environ, asked)
    except BrokenPipeError:
        _tell_old_bash()
        return 1
    except SystemExit as end:  # argparse's --help and --version
        return int(end.code or 0)
    except BaseException as failure:  # a traceback could hold a secret: none is ever shown
        _ignore_signals()
        return _failed(failure, argv, asked)


def _failed(failure: BaseException, argv: list[str], asked: "Asked | None") -> int:
    """Tells the failure on stderr and, where a shell waits for it, on stdout."""
    import contextlib

    from role_env.cli.invocation import Asked
    from role_env.errors import CommandError, RoleEnvError
    from role_env.ui import messages

    asked = asked or Asked(argv, os.environ)
    with contextlib.suppress(Exception):  # a full disk, say; the first failure is the one to tell
        asked.fail()
    if isinstance(failure, RuntimeError) and failure.__cause__:
        failure = failure.__cause__  # Python 3.11 and older wrap an interruption that meets the making of a class
    if isinstance(failure, KeyboardInterrupt | _Terminated):
        messages.error(RoleEnvError("interrupted"))
        return 130 if isinstance(failure, KeyboardInterrupt) else 143
    error = failure if isinstance(failure, RoleEnvError) else _bug(failure)
    messages.error(error)
    return 125 if asked.command == "exec" and not isinstance(error, CommandError) else error.exit_status


def _tell_old_bash() -> None:
    """Where the reader has gone there is nothing to tell, unless it is a bash that never read."""
    from role_env.errors import RoleEnvError
    from role_env.shells import integration as shell_scripts
    from role_env.ui import messages

    if shell_scripts.lost_to_old_bash():
        hint = 'type eval "$(role-env … || echo false)" instead'
        messages.error(RoleEnvError("this bash is older than 4, and its source <(…) reads nothing", hint=hint))


def _bug(failure: BaseException) -> "RoleEnvError":
    """What is told of a failure that nobody foresaw: its kind and place, not its text, which could hold a secret."""
    from role_env.errors import RoleEnvError

    trace = failure.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" in {os.path.basename(trace.tb_frame.f_code.co_filename)}, line {trace.tb_lineno}" if trace else ""  # noqa: PTH119
    return RoleEnvError(f"{type(failure).__name__}{place}", hint="this is a bug in role-env; please report it")


def _terminate(_number: int, _frame: "FrameType | None") -> None:
    raise _Terminated


def _ignore_signals() -> None:
    """What is told of a failure, or has been said, is not to be cut off half-way."""
    for number in (_signal.SIGINT, _signal.SIGTERM):
        _signal.signal(number, _signal.SIG_IGN)


def _end(status: int) -> None:
    """Ends the process, without waiting for work that was too late."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:  # Python would complain of it at its end, with a traceback and a status of its own
            status = status or 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    deadline = sys.modules.get("role_env.deadline")
    if deadline and deadline.abandoned():
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    main()
