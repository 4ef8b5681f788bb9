"""The fingerprint of a session: lines with the state of each file, variable and host name that it depends on.

A cached session is current while its fingerprint is. The check compares file stats and variables and parses no file.
`files/dependencies.py` makes the lines. Times are nanoseconds.
"""

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FILE, VARIABLE, SECRET, HOST = "file", "variable", "secret", "host"
"""The kinds of lines."""
ABSENT = "-"
"""The state of a file that does not exist."""
_FIELDS = ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns", "st_mode", "st_uid")
# A symlink to nothing, or a file that cannot be examined.
_UNKNOWN = "?"
# A file that was too young when it was read. It differs from every stamp.
_YOUNG = "~"
# Some file systems count times in steps of one or two seconds: a second edit in one step leaves the stat unchanged.
_SETTLED_NS = 2_000_000_000


def is_current(lines: list[str], environ: "Mapping[str, str]") -> bool:
    """Return whether everything in `lines`, a fingerprint, is as it was; False for an invalid line."""
    try:
        return all(_is_same(line, environ) for line in lines)
    except ValueError:
        return False


def has_file(lines: list[str], path: str) -> bool:
    """Return whether the file at `path` is one of those in `lines`, a fingerprint."""
    start = f"{FILE} {_escape(path)} "
    return any(line.startswith(start) for line in lines)


def line(kind: str, name: str, state: str) -> str:
    """Return the line for the file, variable or host `name` of `kind`, which was in `state`."""
    return f"{kind} {_escape(name)} {_escape(state)}"


def current_state(kind: str, name: str, environ: "Mapping[str, str]") -> str:
    """Return a text that changes with the file, variable or host name. Raises ValueError for another kind."""
    if kind == FILE:
        return current_stamp(name)
    if kind == VARIABLE:
        return environ.get(name, "")
    if kind == SECRET:
        value = environ.get(name, "")
        return sha256(value) if value else ""
    if kind == HOST:
        return os.uname().nodename
    raise ValueError(kind)


def current_stamp(path: str) -> str:
    """Return a text that changes with the state of the file at `path`."""
    try:
        return _stamp(os.stat(path))
    except (FileNotFoundError, NotADirectoryError):
        return _UNKNOWN if os.path.islink(path) else ABSENT
    except (OSError, ValueError):
        return _UNKNOWN


def settled_stamp(status: os.stat_result) -> str:
    """Return the stamp of a file that was just read, or _YOUNG if an edit now could leave its stat unchanged."""
    age = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns)
    return _stamp(status) if age >= _SETTLED_NS else _YOUNG


def _is_same(line: str, environ: "Mapping[str, str]") -> bool:
    kind, name, state = line.split(" ")
    return current_state(kind, _unescape(name), environ) == _unescape(state)


def _stamp(status: os.stat_result) -> str:
    return ",".join(str(getattr(status, field)) for field in _FIELDS)


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
