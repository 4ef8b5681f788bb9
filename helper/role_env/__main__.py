"""The command `role-env`: runs a command line; errors become stderr lines and an exit status."""

import os
import signal
import sys
import warnings
from types import FrameType

from role_env import cli, deadline, messages
from role_env.errors import CommandError, RoleEnvError


class _Terminated(BaseException):
    """SIGTERM came: like KeyboardInterrupt, no handler of Exception may swallow it."""


def main() -> None:
    """Runs role-env on sys.argv and ends the process with its exit status."""
    status = run(sys.argv[1:])
    _end(status)


def run(argv: list[str]) -> int:
    """Runs a command line in this process's environment and returns its exit status."""
    # What a library warns of when it is imported would spoil a credential process's silence.
    warnings.simplefilter("ignore")
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
    asked = cli.Asked(argv, os.environ)
    try:
        return cli.run(argv, os.environ, asked)
    except BrokenPipeError:
        _forget_stdout()
        return 1
    except SystemExit as end:  # argparse's --help and --version
        return int(end.code or 0)
    except BaseException as failure:  # a traceback could hold a secret: none is ever shown
        return _failed(failure, asked)


def _failed(failure: BaseException, asked: cli.Asked) -> int:
    """Tells the failure on stderr and, where a shell waits for it, on stdout."""
    try:
        cli.fail(asked)
    except OSError:
        _forget_stdout()
    if isinstance(failure, KeyboardInterrupt):
        return 130
    if isinstance(failure, _Terminated):
        return 143
    error = failure if isinstance(failure, RoleEnvError) else _bug(failure)
    messages.error(error)
    return 125 if asked.command == "exec" and not isinstance(error, CommandError) else error.exit_status


def _bug(failure: BaseException) -> RoleEnvError:
    """What is told of a failure that nobody foresaw: its kind and place, not its text, which could hold a secret."""
    trace = failure.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" in {os.path.basename(trace.tb_frame.f_code.co_filename)}, line {trace.tb_lineno}" if trace else ""  # noqa: PTH119
    return RoleEnvError(f"{type(failure).__name__}{place}", hint="this is a bug in role-env; please report it")


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise _Terminated


def _forget_stdout() -> None:
    """Leaves nothing in stdout's buffer that Python would write, and complain about, at its end."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end(status: int) -> None:
    """Ends the process, without waiting for work that was too late."""
    if deadline.abandoned():
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    main()
