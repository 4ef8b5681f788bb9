"""Remove a profile's section from a file. Every byte outside of it stays."""

import re

from role_env.dataclass import dataclass
from role_env.profiles import ini
from role_env.profiles.sections import SECRETS

_LINES = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_SECRET_LINE = re.compile(rf"(?i)([\s#;]*(?:{'|'.join(SECRETS)})\s*=).*")
_COMMENT = (b"#", b";")


@dataclass(frozen=True)
class Removal:
    """The `text` of a section as it may be shown, without its secrets, and the `content` of the file without it."""

    text: str
    content: bytes


def without_section(path: str, content: bytes, name: str) -> Removal | None:
    """Return the removal of the section `name`, and of the comment lines directly above it; None if there is none.

    A comment directly above the next section belongs to that. Raises ProfileError for a file with invalid syntax.
    """
    sections = ini.parse(path, content)
    if name not in sections:
        return None
    lines = [line for line in _LINES.findall(content) if line]
    first = sections[name].line - 1
    following = [section.line - 1 for section in sections.values() if section.line - 1 > first]
    begin = _with_comments(lines, first)
    end = _with_comments(lines, min(following)) if following else len(lines)
    if end == len(lines):  # no empty lines are left at the end of the file
        while begin and not lines[begin - 1].strip():
            begin -= 1
    removed = b"".join(lines[begin:end]).decode("utf-8-sig").strip()
    shown = "\n".join(_SECRET_LINE.sub(r"\1 ...", line) for line in removed.splitlines())
    return Removal(shown, b"".join(lines[:begin] + lines[end:]))


def _with_comments(lines: list[bytes], begin: int) -> int:
    """Return the index of the first of the comment lines that are directly above the line `begin`, or `begin`."""
    while begin and lines[begin - 1].strip().startswith(_COMMENT):
        begin -= 1
    return begin
