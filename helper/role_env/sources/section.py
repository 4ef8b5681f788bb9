"""A section of a profiles file: the keys of a profile, with the value and line of each."""

from role_env.errors import ProfileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_QUOTES = ('"', "'")
_KEY_CHARACTERS = "abcdefghijklmnopqrstuvwxyz_-"


class Section:
    """A section of the file at `path`: its keys in lower case, with the value and line of each.

    `where` is the file and line of the section. If it is not in the file yet, `where` says so, and no key has a line.
    `inherited` names the keys that it has from [DEFAULT].
    """

    def __init__(self, path: str, name: str, line: int) -> None:
        self.path = path
        self.name = name
        self.line = line
        self.where = f"{path}, line {line}"
        self.values: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self.inherited: frozenset[str] = frozenset()

    def with_values(self, values: dict[str, str]) -> "Section":
        """Return the section with other values and the same lines."""
        other = Section(self.path, self.name, self.line)
        other.values, other.lines, other.where, other.inherited = values, self.lines, self.where, self.inherited
        return other

    def where_is(self, key: str) -> str:
        """Return the file and line of `key`; `where` for a key without one."""
        return f"{self.path}, line {self.lines[key]}" if key in self.lines else self.where

    def resolve_path(self, key: str, text: str) -> "Path":
        """Return the path `text` of `key`. A relative path starts at the file's folder. Raises ProfileError."""
        from pathlib import Path  # takes a tenth of the time of `list`, and most profiles have no such key

        try:
            return Path(self.path).parent / Path(text).expanduser()
        except RuntimeError:
            raise self.error(key, "names a file that cannot be read: its home folder is unknown") from None

    def error(self, key: str, what: str, *, hint: str = "") -> ProfileError:
        """Return a ProfileError about `key` of this profile."""
        shown = printable_key(key) or "a key"
        return ProfileError(f"profile {self.name}: {shown} {what} ({self.where_is(key)})", hint=hint)

    def missing(self, key: str, *, hint: str) -> ProfileError:
        """Return a ProfileError about a missing key of this profile."""
        return ProfileError(f"profile {self.name}: {key} is missing ({self.where})", hint=hint)

    def value_error(self, key: str, what: str, *, hint: str = "") -> ProfileError:
        """Return a ProfileError about the value of `key`: it names the quotes or comment in the value, else `what`."""
        value = self.values.get(key, "")
        if value[:1] in _QUOTES or value[-1:] in _QUOTES:
            return self.error(key, "is in quotes", hint="remove the quotes; values are written without them")
        import re  # only for errors: with enum, it takes a tenth of the time of `list --names`

        if re.search(r"\s[#;]", value):
            return self.error(key, "has a comment after its value", hint="move the comment to a line of its own")
        return self.error(key, what, hint=hint)


def printable_key(key: str) -> str:
    """Return `key` if it looks like a key, else an empty text: it may be a secret."""
    return key if 1 <= len(key) <= 24 and not key.strip(_KEY_CHARACTERS) else ""
