"""Record the files, variables and host name that a session depends on, and read such files."""

import os
import stat

from role_env import fingerprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Every profiles file, policy and token is much smaller than this (bytes): a larger file is another kind of file.
LARGEST_FILE = 4 * 1024 * 1024


class Dependencies:
    """What a session depends on, in the environment `environ`: each method that asks for something also records it.

    Who asks for a profile records what the profile is made from. So the sessions of one profiles file share what was
    recorded: each may depend on more than it needs, and never on less. Paths are absolute, since a cached session is
    also checked from other folders.
    """

    def __init__(self, environ: "Mapping[str, str]") -> None:
        self.environ = environ
        self.states: dict[tuple[str, str], str] = {}
        """The state of each recorded thing, by its kind and name."""

    def read(self, path: "Path | str") -> tuple[bytes, os.stat_result]:
        """Read the regular file `path`. Return its content, and its stat from before it was read.

        Raises OSError, also for a pipe or a device. A pipe without a writer causes no wait.
        """
        content, status = read_file(path)
        self.states[fingerprint.FILE, str(path)] = fingerprint.settled_stamp(status)
        return content, status

    def exists(self, path: str) -> bool:
        """Return whether `path` exists. If not, that is recorded: a file that appears counts as a change."""
        if fingerprint.current_stamp(path) != fingerprint.ABSENT:
            return True
        self.states[fingerprint.FILE, path] = fingerprint.ABSENT
        return False

    def watch(self, path: "Path | str") -> None:
        """Record the state of the file at `path`, or its absence, unless a state is recorded already."""
        name = str(path)
        try:
            stamp = fingerprint.settled_stamp(os.stat(name))
        except (OSError, ValueError):  # ValueError for a NUL or half a surrogate pair, which JSON can contain
            stamp = fingerprint.current_stamp(name)
        self.states.setdefault((fingerprint.FILE, name), stamp)

    def add(self, other: "Dependencies") -> None:
        """Record what `other` has recorded."""
        self.states |= other.states

    def variable(self, name: str) -> str:
        """Return the value of an environment variable, empty if it is unset, and record it. It must not be a secret."""
        return self._record(fingerprint.VARIABLE, name)

    def secret_variable(self, name: str) -> str:
        """Return the value of an environment variable that is a secret, and record its digest."""
        self._record(fingerprint.SECRET, name)
        return self.environ.get(name, "")

    def host_name(self) -> str:
        """Return the name of this machine, and record it."""
        return self._record(fingerprint.HOST, "")

    def fingerprint(self) -> list[str]:
        """Return the fingerprint of what is recorded, as lines for `fingerprint.is_current`."""
        return [fingerprint.line(kind, name, state) for (kind, name), state in self.states.items()]

    def _record(self, kind: str, name: str) -> str:
        self.states[kind, name] = state = fingerprint.current_state(kind, name, self.environ)
        return state


def read_file(path: "Path | str") -> tuple[bytes, os.stat_result]:
    """Read the regular file `path` as `Dependencies.read` does, without recording it. Raises OSError."""
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
