"""Write to stdout, unbuffered: all of a text, or raise an error. Write to stderr what can be written."""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from role_env.errors import RoleEnvError

before_message: "Callable[[], None] | None" = None
"""The function that removes the unfinished line of `waiting`, if there can be one."""


def write(text: str) -> None:
    """Write all of `text` as UTF-8, in any locale.

    Raises BrokenPipeError if the reader has closed the pipe, and RoleEnvError if stdout is closed or full.
    """
    if sys.stdout is None:
        raise _error("stdout is closed")
    data = text.encode("utf-8", "surrogateescape")
    try:
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _error(f"stdout could not be written: {error.strerror}") from None


def write_json(document: object) -> None:
    """Write `document` as JSON for programs and people."""
    import json  # takes 3 ms, and commands that a shell waits for do not need it

    write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def write_message(line: str) -> None:
    """Write `line` and a line break to stderr, in place of the line about a wait."""
    if before_message:
        before_message()
    write_stderr(line + "\n")


def write_stderr(text: str) -> None:
    """Write `text` to stderr as it is, unless stderr is closed."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # a closed stderr must not turn a good session into a failure, now or at Python's exit
            sys.stderr = None


def _error(text: str) -> "RoleEnvError":
    from role_env.errors import RoleEnvError  # a cached session needs no error

    return RoleEnvError(text)
