"""The fingerprint of a session: the files, variables and host name that its request depends on.

A cached session is current while its fingerprint is. The check compares file stats and variables and parses no file.
Times are nanoseconds.
"""

import os
import stat
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FILE, _VARIABLE, _SECRET, _HOST = "file", "variable", "secret", "host"
_FIELDS = ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns", "st_mode", "st_uid")
_ABSENT = "-"
# A symlink to nothing, or a file that cannot be examined.
_UNKNOWN = "?"
# A file that was too young when it was read. It differs from every stamp.
_YOUNG = "~"
# Some file systems count times in steps of one or two seconds: a second edit in one step leaves the stat unchanged.
_SETTLED_NS = 2_000_000_000
# Every profiles file, policy and token is much smaller than this (bytes): a larger file is another kind of file.
LARGEST_FILE = 4 * 1024 * 1024


class Fingerprint:
    """A recorder of the files and variables that a session depends on, in the environment `environ`.

    Paths are absolute, since a cached session is also checked from other folders.
    """

    def __init__(self, environ: "Mapping[str, str]") -> None:
        self.environ = environ
        self._states: dict[tuple[str, str], str] = {}

    def read(self, path: "Path | str") -> tuple[bytes, os.stat_result]:
        """Read the regular file `path`. Return its content, and its stat from before it was read.

        Raises OSError, also for a pipe or a device. A pipe without a writer causes no wait.
        """
        content, status = read_file(path)
        self._states[_FILE, str(path)] = _settled_stamp(status)
        return content, status

    def exists(self, path: str) -> bool:
        """Return whether `path` exists. If not, that is recorded: a file that appears counts as a change."""
        if current_stamp(path) != _ABSENT:
            return True
        self._states[_FILE, path] = _ABSENT
        return False

    def watch(self, path: "Path | str") -> None:
        """Record the state of the file at `path`, or its absence, unless a state is recorded already."""
        name = str(path)
        try:
            stamp = _settled_stamp(os.stat(name))
        except (OSError, ValueError):  # ValueError for a NUL or half a surrogate pair, which JSON can contain
            stamp = current_stamp(name)
        self._states.setdefault((_FILE, name), stamp)

    def variable(self, name: str) -> str:
        """Return the value of an environment variable, empty if it is unset, and record it. It must not be a secret."""
        return self._record(_VARIABLE, name)

    def secret_variable(self, name: str) -> str:
        """Return the value of an environment variable that is a secret, and record its digest."""
        self._record(_SECRET, name)
        return self.environ.get(name, "")

    def host_name(self) -> str:
        """Return the name of this machine, and record it."""
        return self._record(_HOST, "")

    def lines(self) -> list[str]:
        """Return the fingerprint as lines of a record."""
        return [f"{kind} {_escape(name)} {_escape(state)}" for (kind, name), state in self._states.items()]

    def _record(self, kind: str, name: str) -> str:
        self._states[kind, name] = state = _current_state(kind, name, self.environ)
        return state


def read_file(path: "Path | str") -> tuple[bytes, os.stat_result]:
    """Read the regular file `path` as `Fingerprint.read` does, without recording it. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:  # a NUL or half a surrogate pair, which JSON can contain
        raise OSError("it is not a path") from None
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
    return content, status


def is_current(lines: list[str], environ: "Mapping[str, str]") -> bool:
    """Return whether everything in `lines` (of Fingerprint.lines) is as it was; False for an invalid line."""
    try:
        return all(_is_same(line, environ) for line in lines)
    except ValueError:
        return False


def has_file(lines: list[str], path: str) -> bool:
    """Return whether the file at `path` is one of those in `lines` (of Fingerprint.lines)."""
    start = f"{_FILE} {_escape(path)} "
    return any(line.startswith(start) for line in lines)


def current_stamp(path: str) -> str:
    """Return a text that changes with the state of the file at `path`."""
    try:
        return _stamp(os.stat(path))
    except (FileNotFoundError, NotADirectoryError):
        return _UNKNOWN if os.path.islink(path) else _ABSENT
    except (OSError, ValueError):
        return _UNKNOWN


def _is_same(line: str, environ: "Mapping[str, str]") -> bool:
    kind, name, state = line.split(" ")
    return _current_state(kind, _unescape(name), environ) == _unescape(state)


def _current_state(kind: str, name: str, environ: "Mapping[str, str]") -> str:
    """Return a text that changes with the file, variable or host name. Raises ValueError for another kind."""
    if kind == _FILE:
        return current_stamp(name)
    if kind == _VARIABLE:
        return environ.get(name, "")
    if kind == _SECRET:
        value = environ.get(name, "")
        return sha256(value) if value else ""
    if kind == _HOST:
        return os.uname().nodename
    raise ValueError(kind)


def _stamp(status: os.stat_result) -> str:
    return ",".join(str(getattr(status, field)) for field in _FIELDS)


def _settled_stamp(status: os.stat_result) -> str:
    """Return the stamp of a file that was just read, or _YOUNG if an edit now could leave its stat unchanged."""
    age = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns)
    return _stamp(status) if age >= _SETTLED_NS else _YOUNG


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D").replace(" ", "%20")


def _unescape(text: str) -> str:
    return text.replace("%20", " ").replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def sha256(text: str) -> str:
    """Return the SHA-256 digest of `text` in hexadecimal.

    It uses the interpreter's own module: `hashlib` loads OpenSSL, which takes half of a warm call.
    """
    data = text.encode("utf-8", "surrogateescape")
    try:
        if sys.version_info >= (3, 12):
            from _sha2 import sha256
        else:
            from _sha256 import sha256
    except ImportError:  # an interpreter built without it
        from hashlib import sha256
    return str(sha256(data).hexdigest())
