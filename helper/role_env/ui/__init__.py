"""Write to stdout, unbuffered: all of a text, or raise an error."""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from role_env.errors import RoleEnvError


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


def _error(text: str) -> "RoleEnvError":
    from role_env.errors import RoleEnvError  # a cached session needs no error

    return RoleEnvError(text)
