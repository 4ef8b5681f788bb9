"""The grammar of a profiles file: bytes become sections of keys and values, each with its line.

`[name]` begins a section, and `key = value` stands in it, the key in any case. A line that is indented more than its
key goes on with the value. Empty lines, and lines that begin with # or ;, are passed over wherever they stand; inside
a value no character means anything. UTF-8 with or without BOM, any line ending.

configparser tells no lines, mixes [DEFAULT] into every section and passes over a second one, ends a value at a
comment, and quotes in its errors lines that may hold a secret.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from role_env.errors import ProfileError

_HEAD = re.compile(r"\[([^]]+)\]\s*([#;].*)?")
_LINE_END = re.compile(r"\r\n?|\n")


class Section:
    """A section of the file at `path`: its keys, in lower case, with their values, and the line of each."""

    def __init__(self, path: Path, name: str, line: int) -> None:
        self.path = path
        self.name = name
        self.line = line
        self.values: dict[str, str] = {}
        self.lines: dict[str, int] = {}

    def with_values(self, values: Mapping[str, str], lines: Mapping[str, int]) -> "Section":
        """The section with these keys instead of its own."""
        other = Section(self.path, self.name, self.line)
        other.values.update(values)
        other.lines.update(lines)
        return other

    def where(self, key: str = "") -> str:
        """The file and line of `key`, or of the section's head."""
        return f"{self.path}, line {self.lines.get(key, self.line)}"

    def file(self, key: str, text: str) -> Path:
        """The path `text` that `key` names; a relative one begins at this file. Raises ProfileError."""
        try:
            return self.path.parent / Path(text).expanduser()
        except RuntimeError:
            raise self.error(key, "names a file that cannot be read: its home folder is not known") from None

    def error(self, key: str, what: str, *, hint: str = "") -> ProfileError:
        """A ProfileError about `key` of this profile."""
        return ProfileError(f"profile {self.name}: {told(key)} {what} ({self.where(key)})", hint=hint)


def parse(path: Path, content: bytes) -> dict[str, Section]:
    """The sections of the file by name, in their order, [DEFAULT] as it stands among them.

    Raises ProfileError with the line for what is neither, and for a section or key that is there twice.
    """
    sections: dict[str, Section] = {}
    section: Section | None = None
    parts: list[str] = []
    key, depth = "", 0
    for number, line in enumerate(_lines(path, content), 1):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        indent = len(line) - len(line.lstrip())
        if section and key and indent > depth:
            parts.append(text)
            continue
        if section and key:
            section.values[key] = _joined(parts)
        if head := _HEAD.fullmatch(text):
            key, name = "", head[1]
            if name in sections:
                what = f"this section is there already, in line {sections[name].line}"
                raise _error(path, number, what, hint="make one of the two")
            section = sections[name] = Section(path, name, number)
            continue
        key, equals, value = (part.strip() for part in text.partition("="))
        key = key.lower()
        if not key or not equals:
            raise _error(
                path,
                number,
                "this is neither [profile] nor key = value",
                hint="a comment is a line of its own that begins with # or ;",
            )
        if section is None:
            raise _error(path, number, "a key before the first [profile]")
        if key in section.lines:
            what = f"{told(key)} is there already, in line {section.lines[key]}"
            raise _error(path, number, what, hint="keep one of the two")
        section.lines[key] = number
        depth, parts = indent, [value]
    if section and key:
        section.values[key] = _joined(parts)
    return sections


def told(key: str) -> str:
    """`key` as it may be told: what does not look like a key may be a secret that stands in the wrong place."""
    return key if re.fullmatch(r"[a-z_]{1,24}", key) else "a key"


def _joined(parts: list[str]) -> str:
    return "\n".join(parts).strip()


def _lines(path: Path, content: bytes) -> list[str]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        raise _error(path, len(_LINE_END.split(before)), "this is not UTF-8", hint="save the file as UTF-8") from None
    before, nul, _ = text.partition("\0")
    if nul:
        raise _error(path, len(_LINE_END.split(before)), "a NUL byte")
    return _LINE_END.split(text)


def _error(path: Path, line: int, what: str, *, hint: str = "") -> ProfileError:
    return ProfileError(f"{path}, line {line}: {what}", hint=hint)
