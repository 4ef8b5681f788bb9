"""What a person reads on stderr, and nothing else: `role-env: <what>`, one line each, never a secret."""

import io
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, redirect_stdout

from role_env.errors import RoleEnvError, printable


class Messages:
    """Where warnings and, with `verbose`, decisions go. With `silent` only an error is told."""

    def __init__(self, *, verbose: bool = False, silent: bool = False) -> None:
        self._verbose = verbose and not silent
        self.silent = silent

    def warn(self, text: str) -> None:
        """Something that the command got round, told once."""
        if not self.silent:
            _write(f"role-env: {printable(text)}")

    def decided(self, text: str) -> None:
        """What was decided and why, for `--verbose`."""
        if self._verbose:
            _write(f"role-env: {printable(text)}")

    def waiting_for(self, what: str) -> Callable[[], None]:
        """What tells a person at a terminal that the command waits for `what`."""
        return lambda: _write(f"role-env: waiting for {what}") if not self.silent and on_terminal() else None

    def aside(self) -> AbstractContextManager[object]:
        """Within it, what a library prints goes to stderr or, with `silent`, nowhere: a shell reads our stdout."""
        return redirect_stdout(io.StringIO() if self.silent or sys.stderr is None else sys.stderr)


def on_terminal() -> bool:
    """Whether a person reads stderr."""
    return sys.stderr is not None and sys.stderr.isatty()


def error(failure: RoleEnvError) -> None:
    """Tells a failure and its hint."""
    _write(f"role-env: {failure.message}")
    if failure.hint:
        _write(f"role-env: hint: {failure.hint}")


def _write(line: str) -> None:
    if sys.stderr is not None:
        try:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except OSError:  # a closed stderr must not turn a good session into a failure, now or at Python's end
            sys.stderr = None
