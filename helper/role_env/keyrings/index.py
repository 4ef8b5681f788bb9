"""The names of entries that a keyring has, in a file of the state folder: `keyring` itself cannot list them.

The file contains no secrets and may be lost. It is appended to, never rewritten in place, so that no process loses
what another one notes. A line that takes an entry back is one that older releases skip.
"""

from role_env import paths
from role_env.keyrings.entry import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_REMOVED = "removed "


class Index:
    """The index in the file of state `file`, of the entries whose services begin with one of `services`."""

    __slots__ = ("_environ", "_file", "_services")

    def __init__(self, environ: "Mapping[str, str]", file: str, *services: str) -> None:
        self._environ = environ
        self._file = file
        self._services = services

    def exists(self) -> bool:
        """Return whether there is an index."""
        return bool(paths.state_lines(self._environ, self._file))  # even an empty file has a line

    def names(self) -> "list[str]":
        """Return the names of the entries that the keyring has by the index: noted, and not removed since."""
        noted: dict[str, None] = {}
        for line in paths.state_lines(self._environ, self._file):
            name = line.removeprefix(_REMOVED)
            if name != line:
                noted.pop(name, None)
            elif name.startswith(self._services) and "\t" in name:
                noted[name] = None
        return list(noted)

    def note(self, entry: Entry) -> None:
        """Add the name of `entry` unless it is there. Raises OSError."""
        if entry.name not in self.names():
            paths.append_line(self._environ, self._file, entry.name)

    def remove(self, entry: Entry) -> None:
        """Take the name of `entry` back if it is there. Raises OSError."""
        if entry.name in self.names():
            paths.append_line(self._environ, self._file, f"{_REMOVED}{entry.name}")
