"""Write to stderr: whole lines, which replace the line about a wait."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

before_line: "Callable[[], None] | None" = None
"""The function that removes the unfinished line of `waiting`, if there can be one."""


def write_line(line: str) -> None:
    """Write `line` and a line break."""
    if before_line:
        before_line()
    put(line + "\n")


def put(text: str) -> None:
    """Write `text` as it is."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # a closed stderr must not turn a good session into a failure, now or at Python's exit
            sys.stderr = None
