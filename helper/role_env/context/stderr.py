"""Write to stderr what can be written."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

before_line: "Callable[[], None] | None" = None
"""The function that removes the unfinished line of `waiting`, if there can be one."""


def write_line(line: str) -> None:
    """Write `line` and a line break, in place of the line about a wait."""
    if before_line:
        before_line()
    write(line + "\n")


def write(text: str) -> None:
    """Write `text` as it is, unless stderr is closed."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # a closed stderr must not turn a good session into a failure, now or at Python's exit
            sys.stderr = None
