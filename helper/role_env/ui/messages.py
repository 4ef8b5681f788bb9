"""What a person reads on stderr, and nothing else: `role-env: <what>`, one line each, never a secret."""

import sys

from role_env.errors import RoleEnvError, printable
from role_env.ui import stderr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class Messages:
    """Where warnings and, with `verbose`, decisions go. With `silent` only errors are reported."""

    def __init__(self, *, verbose: bool = False, silent: bool = False) -> None:
        self._verbose = verbose and not silent
        self.silent = silent

    def warn(self, text: str) -> None:
        """Report a problem that did not stop the command."""
        if not self.silent:
            stderr.write_line(f"role-env: {printable(text)}")

    def say(self, text: str) -> None:
        """Say what a person has to do, or what has been done."""
        if not self.silent:
            stderr.write_line(f"role-env: {printable(text)}")

    def show_progress(self, line: str) -> None:
        """Show `line` on the terminal in place of the one shown before; an empty text removes that one."""
        if not self.silent and on_terminal():
            from role_env.ui.waiting import Waiting

            Waiting.replace(line)

    def decided(self, text: str) -> None:
        """Report what was decided and why, for `--verbose`."""
        if self._verbose:
            stderr.write_line(f"role-env: {printable(text)}")

    def progress(self, text: str) -> None:
        """Report a step of a long task: on a terminal, or with `verbose`."""
        if self._verbose or (not self.silent and on_terminal()):
            stderr.write_line(f"role-env: {printable(text)}")

    def waiting_for(self, what: str) -> "AbstractContextManager[object]":
        """Return a context in which a wait of more than a second is reported on a terminal as one for `what`.

        `what` is ASCII; nothing is reported for an empty text. The line is gone when the wait is over, or when
        anything else is reported.
        """
        if not what or self.silent or not on_terminal():
            from contextlib import nullcontext  # 2 ms, which a command that waits for nothing can do without

            return nullcontext()
        from role_env.ui.waiting import Waiting

        return Waiting(f"role-env: waiting for {what}")

    def aside(self) -> "AbstractContextManager[object]":
        """Return a context in which what a library prints goes to stderr or, with `silent`, nowhere.

        A shell reads our stdout.
        """
        import io
        from contextlib import redirect_stdout

        return redirect_stdout(io.StringIO() if self.silent or sys.stderr is None else sys.stderr)


def hush_libraries() -> None:
    """Keep what libraries log, and what they warn of when they are imported, off stderr.

    It could contain tracebacks and secrets, and it would spoil a credential process's silence.
    """
    import logging  # costs 5 ms, and the commands without a library need none
    import warnings

    warnings.simplefilter("ignore")
    if not logging.root.handlers:
        logging.root.addHandler(logging.NullHandler())


def on_terminal() -> bool:
    """Return whether a person reads stderr."""
    return sys.stderr is not None and sys.stderr.isatty()


def error(failure: RoleEnvError) -> None:
    """Report a failure and its hint."""
    stderr.write_line(f"role-env: {failure.message}")
    if failure.hint:
        stderr.write_line(f"role-env: hint: {failure.hint}")


def show(text: str) -> None:
    """Show a text of several lines, such as a short help."""
    for line in text.splitlines():
        stderr.write_line(line)
