"""What a session was made from: the files that were read or absent, and the variables that were looked at.

A kept session stands while all of them are the same. File stats and variables decide, without parsing anything; times
are nanoseconds.
"""

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FIELDS = ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns", "st_mode", "st_uid")
_ABSENT = "-"
# What is there and cannot be looked at, such as a symlink to nothing: never a stamp that was written down.
_UNKNOWN = "?"
# No profiles file, policy or token comes near this size (bytes): what does is something else.
LARGEST_FILE = 4 * 1024 * 1024


class Origin:
    """Collects what decides over a session while it is being resolved in the environment `environ`.

    Paths are absolute: a kept session is looked at from other folders, too.
    """

    def __init__(self, environ: "Mapping[str, str]") -> None:
        self.environ = environ
        self._files: dict[str, str] = {}
        self._variables: dict[str, str] = {}

    def read(self, path: "Path") -> tuple[bytes, os.stat_result]:
        """The content of the regular file `path`, and its stat as it was before it was read.

        Raises OSError; for what is no regular file too, and without waiting for a writer of a pipe.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        except ValueError:  # a NUL, or half a letter, as JSON can hold
            raise OSError("it is no path") from None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError("it is not a regular file")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                content = file.read(LARGEST_FILE + 1)
        finally:
            os.close(descriptor)
        if len(content) > LARGEST_FILE:
            raise OSError(f"it is larger than {LARGEST_FILE} bytes")
        self._files[str(path)] = _stamp(status)
        return content, status

    def exists(self, path: "Path") -> bool:
        """Whether anything is at `path`; that nothing is there is remembered, since its coming would be a change."""
        if current_stamp(str(path)) != _ABSENT:
            return True
        self._files[str(path)] = _ABSENT
        return False

    def watch(self, path: "Path") -> None:
        """Remembers the state of what is at `path`, or that nothing is; an earlier state, if one was, stays."""
        self._files.setdefault(str(path), current_stamp(str(path)))

    def variable(self, name: str) -> str:
        """The value of an environment variable that is no secret, empty when it is not set."""
        self._variables[name] = self.environ.get(name, "")
        return self._variables[name]

    def lines(self) -> list[str]:
        """The origin as lines of a record."""
        files = [f"file {stamp} {_escape(path)}" for path, stamp in self._files.items()]
        return files + [f"variable {name} {_escape(value)}" for name, value in self._variables.items()]


def unchanged(lines: list[str], environ: "Mapping[str, str]") -> bool:
    """Whether everything that `lines` (of Origin.lines) tell is as it was. Raises ValueError for other lines."""
    for line in lines:
        kind, name, value = line.split(" ", 2)
        value = _unescape(value)
        if kind == "file":
            same = current_stamp(value) == name
        elif kind == "variable":
            same = environ.get(name, "") == value
        else:
            raise ValueError(kind)
        if not same:
            return False
    return True


def names(lines: list[str], path: str) -> bool:
    """Whether the file at `path` is one of those that `lines` (of Origin.lines) tell."""
    name = _escape(path)
    return any(line.startswith("file ") and line.split(" ", 2)[2:] == [name] for line in lines)


def current_stamp(path: str) -> str:
    """What tells one state of the file at `path` from another."""
    try:
        return _stamp(os.stat(path))  # noqa: PTH116  a Path would cost an import and an object in the warm path
    except (FileNotFoundError, NotADirectoryError):
        return _UNKNOWN if os.path.islink(path) else _ABSENT  # noqa: PTH114
    except OSError:
        return _UNKNOWN


def _stamp(status: os.stat_result) -> str:
    return ",".join(str(getattr(status, field)) for field in _FIELDS)


def _escape(value: str) -> str:
    return value.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _unescape(value: str) -> str:
    return value.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
