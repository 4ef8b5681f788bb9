"""Print messages for a person on stderr, each one line `role-env: <what>` without a secret."""

import sys

from role_env.context import stderr
from role_env.errors import RoleEnvError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class Messages:
    """The messages of a command: warnings and, with `verbose`, decisions. With `silent` only errors are reported."""

    def __init__(self, *, verbose: bool = False, silent: bool = False) -> None:
        self._verbose = verbose and not silent
        self.silent = silent

    def say(self, text: str) -> None:
        """Report a problem that did not stop the command, what a person has to do, or what has been done."""
        if not self.silent:
            stderr.write_line(f"role-env: {printable(text)}")

    def show_progress(self, line: str) -> None:
        """Show `line` on the terminal in place of the previous one, or remove that one if `line` is empty."""
        if not self.silent and on_terminal():
            from role_env.context.waiting import Waiting

            Waiting.replace(line)

    def decided(self, text: str) -> None:
        """Report what was decided and why, for `--verbose`."""
        if self._verbose:
            stderr.write_line(f"role-env: {printable(text)}")

    def progress(self, text: str) -> None:
        """Report, on a terminal or with `verbose`, what only a person who waits for it wants to know."""
        if self._verbose or (not self.silent and on_terminal()):
            stderr.write_line(f"role-env: {printable(text)}")

    def waiting_for(self, what: str) -> "AbstractContextManager[object]":
        """Return a context that reports a wait of more than a second for `what` on a terminal.

        `what` is ASCII; for an empty text nothing is reported. The line disappears when the wait is over or anything
        else is reported.
        """
        if not what or self.silent or not on_terminal():
            from contextlib import nullcontext  # takes 2 ms, and only a wait needs it

            return nullcontext()
        from role_env.context.waiting import Waiting

        return Waiting(f"role-env: waiting for {what}")

    def aside(self) -> "AbstractContextManager[object]":
        """Return a context that moves output to stderr, since a shell reads stdout; with `silent` it discards it."""
        import io
        from contextlib import redirect_stdout

        return redirect_stdout(io.StringIO() if self.silent or sys.stderr is None else sys.stderr)


def hush_libraries() -> None:
    """Keep logs and warnings of libraries off stderr, for secrets and because a credential process is silent."""
    import logging  # takes 5 ms, and a command without a library does not need it
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
