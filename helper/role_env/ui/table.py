"""How things are shown to a person: the width of text, what a terminal can show, how long a session lasts."""

import os
import sys
import time

from role_env.errors import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

# SGR, ECMA-48 8.3.117.
BOLD, RED, GREEN, YELLOW = "1", "31", "32", "33"
_GAP = "  "
_ELLIPSIS = "…"
# The columns that a shortened cell keeps at least: fewer would say nothing.
_NARROWEST = 6


def columns(environ: "Mapping[str, str]") -> int:
    """Return COLUMNS or, without it, the columns of the terminal on stdout; 80 if there is neither.

    As `shutil.get_terminal_size` does it, which imports 5 ms of compression.
    """
    configured = environ.get("COLUMNS", "")
    if configured.isdecimal() and int(configured):
        return int(configured)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


def has_colors(environ: "Mapping[str, str]", stream: "TextIO | None") -> bool:
    """Return whether `stream` is a terminal with colors, and NO_COLOR (https://no-color.org) does not forbid them."""
    on_terminal = stream is not None and stream.isatty()
    return on_terminal and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"


def colored(text: str, color: str) -> str:
    """Return `text` in `color`, an SGR number; unchanged if that is empty."""
    return f"\x1b[{color}m{text}\x1b[0m" if color else text


def can_show(text: str) -> bool:
    """Return whether the locale's encoding, in which a terminal shows stdout, has these characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def width(text: str) -> int:
    """Return the columns of `text` on a terminal: two for an East Asian wide letter, none for a combining mark."""
    return len(text) if text.isascii() else sum(_width(character) for character in text)


def _width(character: str) -> int:
    if character.isascii() or character == _ELLIPSIS:  # which is all that most tables have
        return 1
    import unicodedata

    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fitted(text: str, most: int) -> str:
    """Return `text`, or as much of it as fits `most` columns with a … behind it."""
    if width(text) <= most:
        return text
    end = _ELLIPSIS if can_show(_ELLIPSIS) else "~"
    kept, room = "", most - 1
    for character in text:
        room -= _width(character)
        if room < 0:
            break
        kept += character
    return (kept + end)[: max(most, 0)]


def wrapped(text: str, most: int, *, first: str, others: str) -> str:
    """Return `text` in lines of at most `most` columns, the first one behind `first`, the others behind `others`.

    A word, such as a path, stays whole.
    """
    import textwrap

    wrapper = textwrap.TextWrapper(most, first, others, break_long_words=False, break_on_hyphens=False)
    return "".join(f"{line}\n" for line in wrapper.wrap(text))


def table(
    heading: "Sequence[str]",
    rows: "Sequence[Sequence[str]]",
    *,
    most: int,
    yielding: "Sequence[Sequence[int]]",
    colors: "Sequence[str]" = (),
) -> str:
    """Return the rows below the heading, a line each, none wider than `most` columns.

    Where they would be, columns are shortened: the widest of the first group of `yielding` (numbers of columns) until
    each of the group is at its narrowest, then the next group. `colors` are those of the lines, the heading's first;
    without it no line has one.
    """
    lines = [[printable(cell) for cell in row] for row in (heading, *rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - most
    for group in yielding:
        while excess > 0 and widths[widest := max(group, key=widths.__getitem__)] > _NARROWEST:
            widths[widest] -= 1
            excess -= 1
    shown = [fitted(_GAP.join(map(_padded, line, widths)).rstrip(), most) for line in lines]
    pairs = zip(shown, colors or [""] * len(shown), strict=True)
    return "".join(colored(line, color) + "\n" for line, color in pairs)


def _padded(cell: str, most: int) -> str:
    if cell.isascii() and len(cell) <= most:
        return cell.ljust(most)
    cell = fitted(cell, most)
    return cell + " " * (most - width(cell))


def time_left(seconds: float) -> str:
    """Return in whole minutes how long a session lasts, or how long ago it ended: `42 min left`."""
    if seconds <= 0:
        return f"ended {int(-seconds) // 60} min ago"
    return f"{int(seconds) // 60} min left" if seconds >= 60 else "under 1 min left"


def clock(moment: int) -> str:
    """Return the local time of day at `moment` (seconds since the epoch), with the date if that is not today's."""
    then, now = time.localtime(moment), time.localtime()
    form = "%H:%M" if then[:3] == now[:3] else "%Y-%m-%d %H:%M"
    return time.strftime(form, then)
