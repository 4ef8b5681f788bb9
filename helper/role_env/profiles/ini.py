"""The grammar of a profiles file: bytes become sections of keys and values, each with its line.

`[name]` begins a section, and its lines are `key = value`, with the key in any case. A line that is indented more than
its key continues the value, and may not read like a key of its own. Empty lines, and lines that begin with # or ;, are
ignored everywhere; inside a value no character is special. UTF-8 with or without BOM, any line ending.

configparser reports no lines, mixes [DEFAULT] into every section, ignores a second one, ends a value at a comment, and
quotes lines in its errors, which may contain a secret.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from role_env import validators
from role_env.errors import ProfileError

# `- key: value` or `key: value` or `key:`, and the separator of documents.
_YAML = r"(- *)?[A-Za-z_][\w.-]*:( .*)?|---"
_BOM = b"\xef\xbb\xbf"
_QUOTES = ('"', "'")


class Section:
    """A section of the file at `path`: its keys, in lower case, with their values, and the line of each.

    `where` is the file and the line of the section. If it is not in the file yet, `where` says so, and `origins` are
    the options or answers that gave its keys.
    """

    def __init__(self, path: Path, name: str, line: int) -> None:
        self.path = path
        self.name = name
        self.line = line
        self.where = f"{path}, line {line}"
        self.values: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self.origins: Mapping[str, str] = {}

    def with_values(self, values: dict[str, str]) -> "Section":
        """Return the section with other values; the lines of keys stay."""
        other = Section(self.path, self.name, self.line)
        other.values, other.lines, other.where, other.origins = values, self.lines, self.where, self.origins
        return other

    def where_is(self, key: str) -> str:
        """Return the file and line of `key`, or its origin; `where` for a key that the section does not have."""
        if key in self.origins:
            return self.origins[key]
        return f"{self.path}, line {self.lines[key]}" if key in self.lines else self.where

    def resolve_path(self, key: str, text: str) -> Path:
        """Return the path `text` of `key`; a relative one starts at the file's folder. Raises ProfileError."""
        try:
            return self.path.parent / Path(text).expanduser()
        except RuntimeError:
            raise self.error(key, "names a file that cannot be read: its home folder is unknown") from None

    def error(self, key: str, what: str, *, hint: str = "") -> ProfileError:
        """Return a ProfileError about `key` of this profile."""
        shown = printable_key(key) or "a key"
        return ProfileError(f"profile {self.name}: {shown} {what} ({self.where_is(key)})", hint=hint)

    def value_error(self, key: str, what: str, *, hint: str = "") -> ProfileError:
        """Return a ProfileError about the value of `key`: quotes or a comment in it if there are any, else `what`."""
        value = self.values.get(key, "")
        if value[:1] in _QUOTES or value[-1:] in _QUOTES:
            return self.error(key, "is in quotes", hint="remove the quotes; values are written without them")
        if re.search(r"\s[#;]", value):
            return self.error(key, "has a comment after its value", hint="move the comment to a line of its own")
        return self.error(key, what, hint=hint)


def parse(path: Path, content: bytes) -> dict[str, Section]:
    """Return the sections of the file by name, in file order, [DEFAULT] among them.

    Raises ProfileError with the line for an invalid line, and for a duplicate section or key.
    """
    sections: dict[str, Section] = {}
    section: Section | None = None
    values: list[tuple[Section, str, list[str]]] = []
    value_lines: list[str] = []  # of the current key
    key_indent = 0
    for number, line in enumerate(_lines(path, content), 1):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        indent = len(line) - len(line.lstrip())
        if value_lines and indent > key_indent:
            _check_continuation(path, number, text, *values[-1][:2])
            value_lines.append(text)
        elif name := _section_name(text):
            if name in sections:
                what = f"this section already exists in line {sections[name].line}"
                raise _error(path, number, what, hint="merge the two")
            section = sections[name] = Section(path, name, number)
            value_lines = []
        else:
            key, equals, value = text.partition("=")
            if not key or not equals or key.startswith("["):
                raise _syntax_error(path, number, text)
            if section is None:
                raise _error(path, number, "a key before the first [profile]", hint="add a line [profile] above it")
            key = key.rstrip().lower()
            _add_key(section, key, number)
            value_lines, key_indent = [value.lstrip()], indent
            values.append((section, key, value_lines))
    for section, key, value_lines in values:
        section.values[key] = "\n".join(value_lines).strip()
    return sections


def _check_continuation(path: Path, number: int, text: str, section: Section, key: str) -> None:
    """Raise ProfileError if a line that continues the value of `key` reads like a key.

    It would widen or narrow a session unseen, as `read_only = yes` behind a command does.
    """
    name, equals, _ = text.partition("=")
    name = name.rstrip().lower()
    if equals and name in validators.KEYS:
        continued = f"{printable_key(key) or 'the value'} in line {section.lines[key]}"
        raise _error(
            path,
            number,
            f"this indented line reads like the key {name}, and continues {continued}",
            hint=f"write {name} = … without the indentation, or its text at the end of the line above",
        )


def _add_key(section: Section, key: str, number: int) -> None:
    if key in section.lines:
        what = f"{printable_key(key) or 'a key'} already exists in line {section.lines[key]}"
        raise _error(section.path, number, what, hint="keep one of the two")
    section.lines[key] = number


def _section_name(text: str) -> str:
    """Return the name in `[name]`, which a comment may follow; an empty text for any other line."""
    if not text.startswith("["):
        return ""
    name, end, rest = text[1:].partition("]")
    return name if end and rest.strip()[:1] in ("", "#", ";") else ""


def printable_key(key: str) -> str:
    """Return `key` if it looks like a key, else an empty text: it may be a secret."""
    return key if re.fullmatch(r"[a-z_-]{1,24}", key) else ""


def _syntax_error(path: Path, number: int, text: str) -> ProfileError:
    if text.startswith("[") and "]" not in text:
        return _error(path, number, "this section name is not closed", hint="write it as [profile], on its own line")
    if re.fullmatch(_YAML, text):
        return _error(path, number, "this looks like YAML", hint="write key = value, below a line [profile]")
    hint = "write key = value; a comment is a line of its own that begins with # or ;"
    return _error(path, number, "this is neither [profile] nor key = value", hint=hint)


def _lines(path: Path, content: bytes) -> list[str]:
    try:
        text = content.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        raise _error(path, len(_split(before)), "this is not UTF-8", hint="save the file as UTF-8") from None
    before, nul, _ = text.partition("\0")
    if nul:
        raise _error(path, len(_split(before)), "a NUL byte", hint="remove it")
    return _split(text)


def _split(text: str) -> list[str]:
    """Return the lines of `text`, whatever their line ending."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _error(path: Path, line: int, what: str, *, hint: str = "") -> ProfileError:
    return ProfileError(f"{path}, line {line}: {what}", hint=hint)
