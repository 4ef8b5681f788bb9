"""Format a topic of the reference as text, for a terminal, with styles, or for a pipe.

It reads the part of Markdown that the topics use: headings, paragraphs, lists, tables, fenced blocks, code, strong text
and links. A line to type is never broken, so that it can be copied into a shell. A part of a file starts at the margin,
so that it can be copied into the file: in an INI file, an indented line has another meaning.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from role_env.ui import filled
from role_env.ui.table import BOLD, CYAN, colored, width

_MARKER = re.compile(r"(?:-|\d+\.) ")
# The beginning of a block that ends a paragraph.
_BLOCK = re.compile(rf"\||```|{_MARKER.pattern}")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_CODE = r"`(?P<code>[^`]+)`"
_PART = re.compile(rf"{_CODE}|\*\*(?P<strong>.+?)\*\*|\[(?P<link>[^]]+)\]\([^)]+\)")
_CODE_OR_WORD = re.compile(rf"{_CODE}|[^\s`]+")
_STYLE = re.compile(r"\x1b\[\d+m")
_FILES = ("crontab", "groovy", "ini", "json", "toml", "yaml")
_WIDEST_PROSE = 80
# The least width of a table's last column. A topic's tables leave it that much on a terminal of 80 columns.
_NARROWEST_COLUMN = 30
_GAP = "  "
_INDENT = "    "
# A space in code, until its line is complete: no line is broken there.
_BLANK = "\x00"


def text_of(document: str, *, columns: int, has_styles: bool) -> str:
    """Return the Markdown text `document` as lines for a terminal with `columns`."""
    lines = _text(document.splitlines(), min(columns, _WIDEST_PROSE), columns)
    text = "".join(f"{line.rstrip()}\n" for line in lines).replace(_BLANK, " ")
    return text if has_styles else _STYLE.sub("", text)


def _text(lines: Iterable[str], prose: int, columns: int) -> list[str]:
    shown: list[str] = []
    is_close = True
    for block in _blocks(lines):
        shown += ([] if is_close else [""]) + _block(block, prose, columns)
        is_close = bool(_MARKER.match(block[0]) and block[-1])
    return shown


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the lines of each heading, paragraph, table, fenced block and item of a list, in order.

    An item has the blank lines before the next block, too.
    """
    block: list[str] = []
    for line in lines:
        if block and not _continues(block, line):
            yield block
            block = []
        if block or line:
            block.append(line)
    if block:
        yield block


def _continues(block: Sequence[str], line: str) -> bool:
    if block[0].startswith("```"):
        return len(block) == 1 or block[-1] != "```"
    if block[0].startswith("|"):
        return line.startswith("|")
    if marker := _MARKER.match(block[0]):
        return not line or line.startswith(" " * len(marker[0]))
    return bool(line) and not _BLOCK.match(line)


def _block(block: Sequence[str], prose: int, columns: int) -> list[str]:
    first, *others = block
    if first.startswith("#"):
        return [colored(_capitals(first.lstrip("# ")), BOLD)]
    if first.startswith("```"):
        indent = "" if first[3:] in _FILES else _INDENT
        return [indent + _code(line) if line else "" for line in others[:-1]]
    if first.startswith("|"):
        rows = [_CELL_BORDER.split(line.strip())[1:-1] for line in (first, *others[1:])]
        return _table([[cell.strip().replace("\\|", "|") for cell in row] for row in rows], columns)
    if marker := _MARKER.match(first):
        indent = " " * len(marker[0])
        inner = [line[len(indent) :] for line in block]
        return _indented(_text(inner, prose - len(indent), columns - len(indent)), marker[0], indent)
    return _wrapped(" ".join(line.strip() for line in block), prose)


def _table(rows: Sequence[Sequence[str]], columns: int) -> list[str]:
    """Return a table whose last column takes the room that the others leave, and as many lines as it needs."""
    widths = [max(_width_of(_styled(cell)) for cell in column) for column in zip(*rows, strict=True)]
    room = max(_NARROWEST_COLUMN, columns - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1))
    lines = []
    for number, row in enumerate(rows):
        cells = [_styled(cell) if number else colored(cell, BOLD) for cell in row]
        head = "".join(_padded(cell, most) + _GAP for cell, most in zip(cells[:-1], widths, strict=False))
        first, *others = filled(cells[-1].split(" "), room, _width_of)
        lines += [head + first, *(" " * _width_of(head) + line for line in others)]
    return lines


def _indented(lines: Iterable[str], first: str, others: str) -> list[str]:
    return [(others if number else first) + line if line else line for number, line in enumerate(lines)]


def _wrapped(text: str, most: int) -> list[str]:
    return filled(_words(text), most, _width_of)


def _words(text: str) -> list[str]:
    return _styled(text).split(" ")


def _styled(text: str) -> str:
    """Return `text` with styles: those of code, and those of each word of strong text. A link is its text."""

    def styled(part: re.Match[str]) -> str:
        if part["code"]:
            return _code(part["code"])
        return part["link"] or _CODE_OR_WORD.sub(strong, part["strong"])

    def strong(word: re.Match[str]) -> str:
        return _code(word["code"]) if word["code"] else colored(word[0], BOLD)

    return _PART.sub(styled, text)


def _code(text: str) -> str:
    return colored(text.replace(" ", _BLANK), CYAN)


def _capitals(text: str) -> str:
    return re.sub(rf"{_CODE}|[^`]+", lambda part: part["code"] or part[0].upper(), text)


def _padded(text: str, most: int) -> str:
    return text + " " * (most - _width_of(text))


def _width_of(text: str) -> int:
    return width(_STYLE.sub("", text))
