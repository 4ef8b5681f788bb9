"""A section of a profiles file: the keys of a profile, with the value and line of each."""

from role_env import validators
from role_env.errors import ProfileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

_QUOTES = ('"', "'")
_KEY_CHARACTERS = "abcdefghijklmnopqrstuvwxyz_-"


class Section:
    """A section of the file at `path`: its keys in lower case, with the value and line of each.

    `where` is the file and line of the section. If it is not in the file yet, `where` says so, and no key has a line.
    `inherited` names the keys that it has from [DEFAULT]. `profiles_file` is the profiles file in use, which may
    include the one at `path`. [include] has the lines and values of its paths in `includes` instead.
    """

    inherited: "AbstractSet[str]" = frozenset()
    includes: "Sequence[tuple[int, str]]" = ()

    def __init__(self, path: str, name: str, line: int, *, file_lines: "Sequence[str]" = ()) -> None:
        self.path = path
        self.profiles_file = path
        self.name = name
        self.line = line
        self.where = f"{path}, line {line}"
        self.values: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self._file_lines = file_lines

    def with_values(self, values: dict[str, str]) -> "Section":
        """Return the section with other values and the same lines."""
        other = Section(self.path, self.name, self.line)
        vars(other).update(vars(self) | {"values": values})
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

    def value_error(
        self, key: str, what: str, *, hint: str = "", check: "Callable[[str], object] | None" = None
    ) -> ProfileError:
        """Return a ProfileError about the value of `key`.

        It names the quotes or the comment in the value, or a full-width or invisible character without which `check`
        would accept it; else `what`.
        """
        value = validators.plain(self.values.get(key, "")).strip()
        odd = validators.odd_character(self.values.get(key, ""))
        where = odd and f"{validators.named_character(odd)} in column {self._column(key, odd)}"
        if value[:1] in _QUOTES or value[-1:] in _QUOTES:
            what = f"is in quotes{odd and f', {where}'}"
            return self.error(key, what, hint="remove the quotes; values are written without them")
        import re  # only for errors: with enum, it takes a tenth of the time of `list --names`

        if re.search(r"\s[#;]", value):
            return self.error(key, "has a comment after its value", hint="move the comment to a line of its own")
        if odd and check and _accepts(check, value):
            return self.error(key, f"contains {where}: {validators.what_to_type(odd)}")
        return self.error(key, what, hint=hint)

    def odd_key(self, key: str, known: "Container[str]") -> ProfileError | None:
        """Return the error that names the odd character of `key`, if it would be `known` without that; else None."""
        odd = validators.odd_character(key)
        if not odd or validators.plain(key).strip() not in known:
            return None
        contains = f"{validators.named_character(odd)} in column {self._column(key, odd)}"
        return ProfileError(
            f"profile {self.name}: a key contains {contains}: {validators.what_to_type(odd)} ({self.where_is(key)})"
        )

    def _column(self, key: str, character: str) -> int:
        """Return the column of `character` in the line of `key`, or in one that continues it."""
        lines = self._file_lines[self.lines[key] - 1 :] if key in self.lines else ()
        return next((line.index(character) + 1 for line in lines if character in line), 1)


def _accepts(check: "Callable[[str], object]", value: str) -> bool:
    try:
        check(value)
    except (ValueError, KeyError):
        return False
    return True


def printable_key(key: str) -> str:
    """Return `key` if it looks like a key, else an empty text: it may be a secret."""
    return key if 1 <= len(key) <= 24 and not key.strip(_KEY_CHARACTERS) else ""
