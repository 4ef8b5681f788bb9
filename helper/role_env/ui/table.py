"""Format text for a person: columns, colors, tables and times."""

import os
import sys
import time

from role_env.credentials import shown_minutes
from role_env.errors import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

# SGR, ECMA-48 8.3.117.
BOLD, RED, GREEN, YELLOW, CYAN = "1", "31", "32", "33", "36"
_GAP = "  "
_ELLIPSIS = "…"


def columns(environ: "Mapping[str, str]") -> int:
    """Return COLUMNS, else the columns of the terminal on stdout, else 80.

    The rule is that of `shutil.get_terminal_size`, whose import takes 5 ms.
    """
    configured = environ.get("COLUMNS", "")
    if configured.isdecimal() and int(configured):
        return int(configured)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


def has_colors(environ: "Mapping[str, str]", stream: "TextIO | None") -> bool:
    """Return whether `stream` is a terminal with colors, and NO_COLOR (https://no-color.org) allows them."""
    on_terminal = stream is not None and stream.isatty()
    return on_terminal and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"


def colored(text: str, color: str) -> str:
    """Return `text` in `color`, an SGR number; unchanged if that is empty."""
    return f"\x1b[{color}m{text}\x1b[0m" if color else text


def can_show(text: str) -> bool:
    """Return whether the locale's encoding, which a terminal uses, has these characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _end_of_a_cut() -> str:
    """Return the sign at the end of a text that is cut.

    ROLE_ENV_SIGN is set where a terminal shows such signs two columns wide, as it shows ≠.
    """
    is_narrow = not os.environ.get("ROLE_ENV_SIGN") and can_show(_ELLIPSIS)
    return _ELLIPSIS if is_narrow else "~"


def width(text: str) -> int:
    """Return the columns of `text` on a terminal: two for an East Asian wide letter, none for a combining mark."""
    is_narrow = text.replace(_ELLIPSIS, "").isascii()  # as in most tables
    return len(text) if is_narrow else sum(_width(character) for character in text)


def _width(character: str) -> int:
    if character.isascii() or character == _ELLIPSIS:
        return 1
    import unicodedata

    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(text: str, most: int) -> str:
    """Return `text`, cut to `most` columns with a … (or ~) at its end if it is wider."""
    if width(text) <= most:
        return text
    end = _end_of_a_cut()
    if text.isascii():
        return f"{text[: max(most - 1, 0)]}{end}"[: max(most, 0)]
    kept, room = "", most - 1
    for character in text:
        room -= _width(character)
        if room < 0:
            break
        kept += character
    return (kept + end)[: max(most, 0)]


def width_of(rows: "Sequence[Sequence[str]]") -> int:
    """Return the columns of a terminal that the rows of a table take."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def table(
    rows: "Sequence[Sequence[str]]",
    *,
    most: int | None,
    least: "Mapping[int, int] | None" = None,
    colors: "Sequence[str]" = (),
) -> str:
    """Return the rows, one line each, none wider than `most` columns of the terminal, unless that is None.

    To fit, the columns in `least` (by number) are shortened, in its order, each to at least that width. If that is not
    enough, the ends of the lines are cut. Without `colors`, one for each line, the lines have none.
    """
    lines = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    excess = 0 if most is None else width_of(lines) - most
    for number, narrowest in (least or {}).items():
        taken = max(0, min(excess, widths[number] - narrowest))
        widths[number] -= taken
        excess -= taken
    shown = [_GAP.join(map(_padded, line, widths)).rstrip() for line in lines]
    if most is not None:
        shown = [shorten(line, most) for line in shown]
    pairs = zip(shown, colors or [""] * len(shown), strict=True)
    return "".join(colored(line, color) + "\n" for line, color in pairs)


def _padded(cell: str, most: int) -> str:
    if cell.isascii() and len(cell) <= most:
        return cell.ljust(most)
    cell = shorten(cell, most)
    return cell + " " * (most - width(cell))


def time_left(seconds: float) -> str:
    """Return how long a session lasts, or how long ago it ended, in whole minutes: `42 min left`, `7 h 59 min left`."""
    if seconds <= 0:
        return f"ended {shown_minutes(-seconds)} ago"
    return f"{shown_minutes(seconds)} left" if seconds >= 60 else "under 1 min left"


def brief_time_left(seconds: float) -> str:
    """Return the time for a narrow column, as in a prompt: `42m`, `7h59`."""
    hours, minutes = divmod(max(0, int(seconds)) // 60, 60)
    return f"{hours}h{minutes:02}" if hours else f"{minutes}m"


def clock(moment: int) -> str:
    """Return the local time of day at `moment` (epoch seconds), with the date unless that is today."""
    then, now = time.localtime(moment), time.localtime()
    form = "%H:%M" if then[:3] == now[:3] else "%Y-%m-%d %H:%M"
    return time.strftime(form, then)
