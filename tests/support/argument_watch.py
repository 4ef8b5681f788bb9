"""The canary's watch over argument lists: one for a whole run, which each test asks about its own time."""

import os
import threading
from pathlib import Path

FILE = "TESTS_ARGUMENTS"
"""The variable that names the file of the run's watch, for its workers."""

_END = b"\0\n\0"


class ArgumentWatch(threading.Thread):
    """Looks at the arguments of each process that starts from now on, and appends every list to `file` once."""

    def __init__(self, file: Path) -> None:
        super().__init__(daemon=True)
        self._file = file
        self._ended = threading.Event()
        self._youngest = _youngest()
        file.touch(0o600)

    def run(self) -> None:
        """Look until the end."""
        youngest = self._youngest
        running: set[int] = set()
        seen: set[bytes] = set()
        with self._file.open("ab", buffering=0) as file:
            while not self._ended.wait(0.05):
                before, youngest = youngest, _youngest()
                if youngest < before:  # the numbers begin anew
                    running |= {int(name) for name in os.listdir("/proc") if name.isdecimal()}  # noqa: PTH208
                running |= set(range(before + 1, youngest + 1))
                found = {process: _look(f"/proc/{process}/cmdline") for process in running}
                running = {process for process, arguments in found.items() if arguments is not None}
                texts = {text for text in found.values() if text} - seen
                seen |= texts
                file.write(b"".join(text + _END for text in texts))

    def end(self) -> None:
        """Stop looking."""
        self._ended.set()
        self.join()


class Arguments:
    """The argument lists that a watch with this `file` sees from now on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._start = file.stat().st_size

    def seen(self) -> list[bytes]:
        """Return those seen so far."""
        with self._file.open("rb") as file:
            file.seek(self._start)
            return file.read().split(_END)[:-1]


def _look(path: str) -> bytes | None:
    """Return what is in a file of /proc, None if it is gone."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - the time of a Path, at 20 looks a second
            return file.read()
    except OSError:
        return None


def _youngest() -> int:
    """Return the id that was given to a process or thread last."""
    return int((_look("/proc/loadavg") or b"0").split()[-1])
