"""Index the names of a keyring's entries in a file of the state folder: `keyring` itself cannot list them.

The file contains no secrets and may be lost. Lines are appended, never rewritten, so that no process loses another's.
"""

from role_env import paths
from role_env.keyrings import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_REMOVED = "removed "


class Index:
    """The index in the state file `file`, for entries whose service begins with `service`."""

    def __init__(self, environ: "Mapping[str, str]", file: str, service: str) -> None:
        self._environ = environ
        self._file = file
        self._service = service

    def exists(self) -> bool:
        """Return whether there is an index."""
        return bool(paths.state_lines(self._environ, self._file))  # even an empty file counts as one line

    def names(self) -> "list[str]":
        """Return the names of the entries in the index: added, and not removed since."""
        noted: dict[str, None] = {}
        for line in paths.state_lines(self._environ, self._file):
            name = line.removeprefix(_REMOVED)
            if name != line:
                noted.pop(name, None)
            else:
                noted[name] = None
        return list(noted)

    def entries(self, found: "Iterable[str]") -> "list[Entry]":
        """Return the entries in the index and those among `found`, the names of a search. Some may no longer exist."""
        names = dict.fromkeys([*self.names(), *found])
        return [Entry(*name.split("\t", 1)) for name in names if name.startswith(self._service) and "\t" in name]

    def note(self, entry: Entry) -> None:
        """Add the name of `entry` unless the index has it. Raises OSError."""
        if entry.name not in self.names():
            paths.append_line(self._environ, self._file, entry.name)

    def remove(self, entry: Entry) -> None:
        """Remove the name of `entry` if the index has it. Raises OSError."""
        if entry.name in self.names():
            paths.append_line(self._environ, self._file, f"{_REMOVED}{entry.name}")
