"""Parse the Markdown of the topics into blocks and the parts of a paragraph.

It supports the part of CommonMark that the topics use: headings, paragraphs, lists, tables, fenced blocks, code, strong
text and links.
"""

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import TypeAlias

from role_env.dataclass import dataclass

_HEADING = re.compile(r"(#+) (.+)")
_FENCE = re.compile(r"```(\S*)$")
_MARKER = re.compile(r"(?:-|\d+\.) ")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_STRONG = re.compile(r"\*\*(.+?)\*\*|(`[^`]+`)")
_PART = re.compile(r"`([^`]+)`|\[([^]]+)\]\([^)]+\)")


class Style(Enum):
    """The style of a part of a paragraph."""

    PLAIN = "plain"
    STRONG = "strong"
    CODE = "code"


@dataclass(frozen=True)
class Heading:
    """A heading. The document's title has level 1."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph on one line, with the marks of its code, strong text and links."""

    text: str


@dataclass(frozen=True)
class Code:
    """A fenced block, such as lines to type or part of a file."""

    language: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table, with its heading as the first row. Cells are marked up like a paragraph."""

    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Item:
    """An item of a list: `-` or a number with a period, and its blocks.

    With `is_close`, the next item follows without a blank line.
    """

    marker: str
    blocks: "Sequence[Block]"
    is_close: bool


Block: TypeAlias = Heading | Paragraph | Code | Table | Item


def parse(text: str) -> list[Block]:
    """Return the blocks of `text`."""
    return _Reader(text.splitlines()).blocks()


def parts(text: str) -> Iterator[tuple[Style, str]]:
    """Yield the parts of a paragraph's text, each with its style. A link gives its text."""
    end = 0
    for found in _STRONG.finditer(text):
        if found[1] is None:  # code, in which an asterisk is not a mark
            continue
        yield from _plain_parts(text[end : found.start()], Style.PLAIN)
        yield from _plain_parts(found[1], Style.STRONG)
        end = found.end()
    yield from _plain_parts(text[end:], Style.PLAIN)


def _plain_parts(text: str, style: Style) -> Iterator[tuple[Style, str]]:
    end = 0
    for found in _PART.finditer(text):
        if found.start() > end:
            yield style, text[end : found.start()]
        yield (Style.CODE, found[1]) if found[1] else (style, found[2])
        end = found.end()
    if end < len(text):
        yield style, text[end:]


class _Reader:
    """A reader of blocks from lines. The lines of an item lose its indentation."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._next = 0

    def blocks(self) -> list[Block]:
        """Return the blocks of all lines, in order."""
        found = []
        while self._next < len(self._lines):
            if self._lines[self._next].strip():
                found.append(self._block(self._lines[self._next]))
            else:
                self._next += 1
        return found

    def _block(self, line: str) -> Block:
        if heading := _HEADING.match(line):
            self._next += 1
            return Heading(len(heading[1]), heading[2])
        if fence := _FENCE.match(line):
            return self._code(fence[1])
        if line.startswith("|"):
            return self._table()
        if marker := _MARKER.match(line):
            return self._item(marker[0])
        return self._paragraph()

    def _code(self, language: str) -> Code:
        end = self._lines.index("```", self._next + 1)
        lines = self._lines[self._next + 1 : end]
        self._next = end + 1
        return Code(language, lines)

    def _table(self) -> Table:
        rows = []
        while self._next < len(self._lines) and self._lines[self._next].startswith("|"):
            cells = _CELL_BORDER.split(self._lines[self._next].strip())[1:-1]
            rows.append([cell.strip().replace("\\|", "|") for cell in cells])
            self._next += 1
        del rows[1]  # the line below the heading
        return Table(rows)

    def _item(self, marker: str) -> Item:
        indent = " " * len(marker)
        lines = [self._lines[self._next].removeprefix(marker)]
        self._next += 1
        while self._next < len(self._lines) and (
            not self._lines[self._next] or self._lines[self._next].startswith(indent)
        ):
            lines.append(self._lines[self._next].removeprefix(indent))
            self._next += 1
        return Item(marker.strip(), parse("\n".join(lines)), is_close=bool(lines[-1]))

    def _paragraph(self) -> Paragraph:
        lines: list[str] = []
        while self._next < len(self._lines) and not (lines and self._is_end(self._lines[self._next])):
            lines.append(self._lines[self._next].strip())
            self._next += 1
        return Paragraph(" ".join(lines))

    def _is_end(self, line: str) -> bool:
        return not line or line.startswith("|") or bool(_FENCE.match(line) or _MARKER.match(line))
