"""What goes to stderr: whole lines, in place of the line that says what is being waited for."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

before_line: "Callable[[], None] | None" = None
"""Takes back a line without an end that `waiting` has written, if there can be one."""


def write_line(line: str) -> None:
    """Write `line` and its end."""
    if before_line:
        before_line()
    put(line + "\n")


def put(text: str) -> None:
    """Write `text` as it is."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # a closed stderr must not turn a good session into a failure, now or at Python's end
            sys.stderr = None
