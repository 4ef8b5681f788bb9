"""Format a topic of the reference as text, for a terminal, with styles, or for a pipe.

A line to type is never broken, so that it can be copied into a shell. A part of a file starts at the margin, so that it
can be copied into the file: in an INI file, an indented line has another meaning.
"""

import re
from collections.abc import Iterable, Sequence

from role_env.ui import markdown
from role_env.ui.markdown import Block, Code, Heading, Item, Paragraph, Style, Table
from role_env.ui.table import width

_FILES = ("ini", "json", "toml", "yaml")
_WIDEST_PROSE = 80
# The least width of a table's last column. If there is less room, the table is shown row by row.
_NARROWEST_COLUMN = 30
_GAP = "  "
_INDENT = "    "

# Two of these marks enclose a styled part until its line is complete; they have no width. Until then, each space in
# code is _BLANK, at which no line is broken.
_BLANK = "\x00"
_MARKS = {Style.CODE: ("\x01", "\x02"), Style.STRONG: ("\x03", "\x04")}
_SGR = {"\x01": "\x1b[36m", "\x02": "\x1b[0m", "\x03": "\x1b[1m", "\x04": "\x1b[0m"}
_ANY_MARK = re.compile("[\x01-\x04]")


def text_of(document: str, *, columns: int, has_styles: bool) -> str:
    """Return the Markdown text `document` as lines for a terminal with `columns`."""
    lines = _blocks(markdown.parse(document), min(columns, _WIDEST_PROSE), columns)
    text = "".join(f"{line.rstrip()}\n" for line in lines).replace(_BLANK, " ")
    return _ANY_MARK.sub(lambda mark: _SGR[mark[0]] if has_styles else "", text)


def _blocks(blocks: Sequence[Block], prose: int, columns: int) -> list[str]:
    """Return the lines of blocks in `columns`; paragraphs use at most `prose` columns."""
    lines: list[str] = []
    is_close = True
    for block in blocks:
        lines += ([] if is_close else [""]) + _block(block, prose, columns)
        is_close = isinstance(block, Item) and block.is_close
    return lines


def _block(block: Block, prose: int, columns: int) -> list[str]:
    match block:
        case Heading(text=text):
            return [_marked(Style.STRONG, _capitals(text))]
        case Paragraph(text=text):
            return _wrapped(text, prose)
        case Code(language=language, lines=lines):
            indent = "" if language in _FILES else _INDENT
            return [indent + _marked(Style.CODE, line.replace(" ", _BLANK)) for line in lines]
        case Table(rows=rows):
            return _table(rows, prose, columns)
        case Item(marker=marker, blocks=inner):
            head = f"{marker} "
            return _indented(_blocks(inner, prose - len(head), columns - len(head)), head, " " * len(head))


def _table(rows: Sequence[Sequence[str]], prose: int, columns: int) -> list[str]:
    """Return a table in columns if they fit, with its last column wrapped if necessary; else row by row."""
    widths = [max(_width_of(_styled(cell)) for cell in column) for column in zip(*rows, strict=True)]
    room = columns - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1)
    longest_word = max(_width_of(word) for row in rows for word in _words(row[-1]) or [""])
    if room >= min(widths[-1], max(longest_word, _NARROWEST_COLUMN)):
        return _in_columns(rows, widths, room)
    return _row_by_row(rows, prose)


def _in_columns(rows: Sequence[Sequence[str]], widths: list[int], room: int) -> list[str]:
    lines = []
    for number, row in enumerate(rows):
        cells = [_styled(cell) for cell in row] if number else [_marked(Style.STRONG, _plain(cell)) for cell in row]
        head = "".join(_padded(cell, most) + _GAP for cell, most in zip(cells[:-1], widths, strict=False))
        first, *others = _filled(cells[-1].split(" "), room)
        lines += [head + first, *(" " * _width_of(head) + line for line in others)]
    return lines


def _row_by_row(rows: Sequence[Sequence[str]], prose: int) -> list[str]:
    """Return each row as its first cell with the others below it, labeled by headings except for lines to type."""
    (_, *headings), *others = rows
    lines: list[str] = []
    for first, *cells in others:
        lines += [] if not lines else [""]
        lines += _wrapped(first, prose)
        for heading, cell in zip(headings, cells, strict=True):
            name = "" if len(headings) == 1 or _is_line_to_type(cell) else f"{_plain(heading)}: "
            lines += _indented(_wrapped(name + cell, prose - len(_INDENT)) if cell else [], _INDENT, _INDENT)
    return lines


def _is_line_to_type(cell: str) -> bool:
    return bool(re.fullmatch(r"`[^`]+ [^`]+`", cell))


def _indented(lines: Iterable[str], first: str, others: str) -> list[str]:
    return [(others if number else first) + line if line else line for number, line in enumerate(lines)]


def _wrapped(text: str, most: int) -> list[str]:
    return _filled(_words(text), most)


def _filled(words: Sequence[str], most: int) -> list[str]:
    """Return lines of at most `most` columns; a wider word gets a line of its own."""
    lines: list[str] = []
    room = 0
    for word in words:
        room -= _width_of(word) + 1
        if lines and room >= 0:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
            room = most - _width_of(word)
    return lines


def _words(text: str) -> list[str]:
    """Return the words of `text`, at which a line may be broken. Code is one word."""
    return _styled(text).split(" ")


def _styled(text: str) -> str:
    """Return `text` with marks for its styles, around each word of strong text."""
    pieces = []
    for style, part in markdown.parts(text):
        if style is Style.CODE:
            pieces.append(_marked(style, part.replace(" ", _BLANK)))
        elif style is Style.STRONG:
            pieces.append(re.sub(r"\S+", lambda word: _marked(Style.STRONG, word[0]), part))
        else:
            pieces.append(part)
    return "".join(pieces)


def _capitals(text: str) -> str:
    """Return the text of a heading in capital letters, except for code."""
    return "".join(part if style is Style.CODE else part.upper() for style, part in markdown.parts(text))


def _plain(text: str) -> str:
    """Return `text` without its marks."""
    return "".join(part for _, part in markdown.parts(text))


def _marked(style: Style, text: str) -> str:
    begin, end = _MARKS[style]
    return f"{begin}{text}{end}" if text else text


def _padded(text: str, most: int) -> str:
    return text + " " * (most - _width_of(text))


def _width_of(text: str) -> int:
    return width(_ANY_MARK.sub("", text))
