"""What a session was made from: the files that were read or absent, and the variables that were looked at.

A kept session stands while all of them are the same. File stats and variables decide, without parsing anything; times
are nanoseconds.
"""

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

_FIELDS = ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns", "st_mode", "st_uid")
# No profiles file, policy or token comes near this size: what does is something else.
LARGEST_FILE = 4 * 1024 * 1024


class Origin:
    """Collects what decides over a session while it is being resolved in the environment `environ`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._files: dict[str, str] = {}
        self._variables: dict[str, str] = {}

    def read(self, path: Path) -> tuple[bytes, os.stat_result]:
        """The content of the regular file `path`, and its stat as it was when it was read.

        Raises OSError; for what is no regular file too, and without waiting for a writer of a pipe.
        """
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(f"{path} is not a regular file")
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise OSError(f"{path} is larger than {LARGEST_FILE} bytes")
        self._files[str(path)] = _stamp(status)
        return content, status

    def exists(self, path: Path) -> bool:
        """Whether `path` is a file; that it is not is remembered, since its coming would be a change."""
        if path.is_file():
            return True
        self._files[str(path)] = ""
        return False

    def variable(self, name: str, *, secret: bool = False) -> str:
        """The value of an environment variable, empty when it is not set; a secret's is kept as a digest."""
        value = self._environ.get(name, "")
        self._variables[name] = _digest(value) if secret and value else value
        return value

    def lines(self) -> list[str]:
        """The origin as lines of a record."""
        files = [f"file {stamp or '-'} {_escape(path)}" for path, stamp in self._files.items()]
        return files + [f"variable {name} {_escape(value)}" for name, value in self._variables.items()]


def unchanged(lines: list[str], environ: Mapping[str, str]) -> bool:
    """Whether everything that `lines` (of Origin.lines) tell is as it was. Raises ValueError for other lines."""
    for line in lines:
        kind, name, value = line.split(" ", 2)
        value = _unescape(value)
        if kind == "file":
            if _current_stamp(value) != name:
                return False
        elif kind == "variable":
            current = environ.get(name, "")
            if value not in (current, _digest(current)):
                return False
        else:
            raise ValueError(kind)
    return True


def _current_stamp(path: str) -> str:
    try:
        status = os.stat(path)  # noqa: PTH116  a Path would cost an import and an object in the warm path
    except OSError:
        return "-"
    return _stamp(status) if stat.S_ISREG(status.st_mode) else "-"


def _stamp(status: os.stat_result) -> str:
    return ",".join(str(getattr(status, field)) for field in _FIELDS)


def _digest(value: str) -> str:
    return "sha256:" + hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def _escape(value: str) -> str:
    return value.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _unescape(value: str) -> str:
    return value.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
