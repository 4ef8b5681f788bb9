"""What a person reads on stderr, and nothing else: `role-env: <what>`, one line each, never a secret."""

import io
import sys
import threading
from contextlib import AbstractContextManager, nullcontext, redirect_stdout

from role_env.errors import RoleEnvError, printable

# A wait that is shorter is not worth a word (seconds).
_PATIENCE = 1.0


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

    def waiting_for(self, what: str) -> AbstractContextManager[object]:
        """While a wait within it takes longer than a second, a line tells a person at a terminal that it is for `what`
        (ASCII; nothing is told for an empty text); it is gone when the wait is over, or anything else is told.
        """
        unseen = not what or self.silent or not on_terminal()
        return nullcontext() if unseen else _Waiting(f"role-env: waiting for {what}")

    def aside(self) -> AbstractContextManager[object]:
        """Within it, what a library prints goes to stderr or, with `silent`, nowhere: a shell reads our stdout."""
        return redirect_stdout(io.StringIO() if self.silent or sys.stderr is None else sys.stderr)


def hush_libraries() -> None:
    """What libraries log would stand on stderr, tracebacks and texts with secrets included: for who calls one."""
    import logging  # costs 5 ms, and the commands without a library need none

    if not logging.root.handlers:
        logging.root.addHandler(logging.NullHandler())


def on_terminal() -> bool:
    """Whether a person reads stderr."""
    return sys.stderr is not None and sys.stderr.isatty()


def error(failure: RoleEnvError) -> None:
    """Tells a failure and its hint."""
    _write(f"role-env: {failure.message}")
    if failure.hint:
        _write(f"role-env: hint: {failure.hint}")


def show(text: str) -> None:
    """Show a text of several lines, such as a short help."""
    for line in text.splitlines():
        _write(line)


class _Waiting:
    """A line without an end on the terminal, so that it can be taken back: by spaces, which any terminal knows."""

    _lock = threading.RLock()
    shown = 0
    """The columns of the line that is there now."""

    def __init__(self, line: str) -> None:
        import shutil  # for a wait at a terminal only

        self._line = line[: shutil.get_terminal_size((80, 24)).columns - 1]
        self._timer = threading.Timer(_PATIENCE, self._show)
        self._timer.daemon = True
        self._over = False

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._over = True
            self.take_back()

    def _show(self) -> None:
        with self._lock:
            if not self._over and not _Waiting.shown:
                _put(self._line)
                _Waiting.shown = len(self._line)

    @classmethod
    def take_back(cls) -> None:
        """Blanks the line that is there, if one is."""
        with cls._lock:
            blank, cls.shown = cls.shown, 0
            if blank:
                _put(f"\r{' ' * blank}\r")


def _write(line: str) -> None:
    _Waiting.take_back()
    _put(line + "\n")


def _put(text: str) -> None:
    if sys.stderr is not None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # a closed stderr must not turn a good session into a failure, now or at Python's end
            sys.stderr = None
