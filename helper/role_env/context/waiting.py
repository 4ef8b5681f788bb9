"""Show a line about a wait on the terminal, and remove it when the wait is over."""

import contextlib
import threading

from role_env.context import stderr

# A shorter wait is not reported (seconds).
_PATIENCE = 1.0


class Waiting:
    """A line about a wait. It has no line break, so that spaces can overwrite it on any terminal."""

    _lock = threading.RLock()
    shown = 0
    """The columns of the line that is shown now, 0 for none."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._is_over = False
        self._timer = threading.Timer(_PATIENCE, self._show)
        self._timer.daemon = True

    def __enter__(self) -> None:
        with contextlib.suppress(RuntimeError):  # this process cannot start more threads
            self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._is_over = True
            self.take_back()

    def _show(self) -> None:
        with self._lock:
            if not self._is_over and not Waiting.shown:
                self.replace(self._line)

    @classmethod
    def replace(cls, line: str) -> None:
        """Show `line` in place of the current one, or only remove that one if `line` is empty."""
        import shutil  # only for a wait at a terminal

        with cls._lock:
            cls.take_back()
            if shown := line[: shutil.get_terminal_size((80, 24)).columns - 1]:
                stderr.write(shown)
                cls.shown = len(shown)

    @classmethod
    def take_back(cls) -> None:
        """Remove the current line, if there is one."""
        with cls._lock:
            blank, cls.shown = cls.shown, 0
            if blank:
                stderr.write(f"\r{' ' * blank}\r")


stderr.before_line = Waiting.take_back
