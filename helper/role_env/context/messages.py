"""Print messages for a person on stderr, each one line `role-env: <what>` without a secret."""

import sys

from role_env.context import stderr
from role_env.errors import RoleEnvError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


class Messages:
    """The messages of a command: warnings and, with `verbose`, decisions. With `silent` only errors are reported.

    `shown` returns a text with its lines to type as a person sees them; the default only removes their back-ticks.
    """

    def __init__(
        self, *, verbose: bool = False, silent: bool = False, shown: "Callable[[str], str] | None" = None
    ) -> None:
        self._verbose = verbose and not silent
        self.silent = silent
        self.shown = shown or without_marks

    def say(self, text: str) -> None:
        """Report a problem that did not stop the command, what a person has to do, or what has been done."""
        if not self.silent:
            stderr.write_line(f"role-env: {printable(self.shown(text))}")

    def show_progress(self, line: str) -> None:
        """Show `line` on the terminal in place of the previous one, or remove that one if `line` is empty."""
        if not self.silent and on_terminal():
            from role_env.context.waiting import Waiting

            Waiting.replace(line)

    def decided(self, text: str) -> None:
        """Report what was decided and why, for `--verbose`."""
        if self._verbose:
            stderr.write_line(f"role-env: {printable(text)}")

    @property
    def shows_progress(self) -> bool:
        """Whether a person reads what `progress` reports: on a terminal, or with `verbose`."""
        return self._verbose or (not self.silent and on_terminal())

    def progress(self, text: str) -> None:
        """Report, on a terminal or with `verbose`, what only a person who waits for it wants to know."""
        if self.shows_progress:
            stderr.write_line(f"role-env: {printable(self.shown(text))}")

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


def with_lines(text: str, replace: "Callable[[str, bool], str]") -> str:
    """Return `text` with each line to type, which is `role-env …` between back-ticks, replaced.

    `replace` gets the line, and whether it stands between two back-ticks each.
    """
    if "`role-env " not in text:
        return text
    import re  # takes 5 ms, and only some messages need it

    return re.sub("(``?)(role-env [^`]+)\\1", lambda found: replace(found[2], len(found[1]) > 1), text)


def without_marks(text: str) -> str:
    """Return `text` without the back-ticks around its lines to type."""
    return with_lines(text, lambda line, _is_complete: line)


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
