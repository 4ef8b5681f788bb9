"""A line on the terminal that says what is being waited for, and is gone when the wait is over."""

import threading

from role_env.deadline import Worker
from role_env.ui import stderr

# A shorter wait is not reported (seconds).
_PATIENCE = 1.0


class Waiting:
    """A line without an end on the terminal, so that it can be taken back: by spaces, which any terminal knows."""

    _lock = threading.RLock()
    shown = 0
    """The columns of the line that is there now."""

    def __init__(self, line: str) -> None:
        import shutil  # for a wait at a terminal only

        self._line = line[: shutil.get_terminal_size((80, 24)).columns - 1]
        self._over = threading.Event()

    def __enter__(self) -> None:
        Worker(self._show_later)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._over.set()
            self.take_back()

    def _show_later(self) -> None:
        self._over.wait(_PATIENCE)
        with self._lock:
            if not self._over.is_set() and not Waiting.shown:
                stderr.put(self._line)
                Waiting.shown = len(self._line)

    @classmethod
    def replace(cls, line: str) -> None:
        """Show `line` in place of the one that is there; an empty text only blanks that one."""
        import shutil

        with cls._lock:
            cls.take_back()
            if shown := line[: shutil.get_terminal_size((80, 24)).columns - 1]:
                stderr.put(shown)
                cls.shown = len(shown)

    @classmethod
    def take_back(cls) -> None:
        """Blank the line that is there, if one is."""
        with cls._lock:
            blank, cls.shown = cls.shown, 0
            if blank:
                stderr.put(f"\r{' ' * blank}\r")


stderr.before_line = Waiting.take_back
