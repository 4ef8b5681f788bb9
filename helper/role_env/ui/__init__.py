"""Write to stdout, unbuffered: all of a text, or raise an error. Wrap texts for a person.

What a command prints and asks is in `ui/`; its messages, which go to stderr, are in `context/`.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


def filled(words: "Sequence[str]", most: int, width: "Callable[[str], int]" = len) -> "list[str]":
    """Return the words as lines of at most `most` columns; a wider word, such as a path, gets a line of its own."""
    lines: list[str] = []
    room = 0
    for word in words:
        room -= width(word) + 1
        if lines and room >= 0:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
            room = most - width(word)
    return lines


def wrapped(text: str, most: int, *, first: str, others: str) -> str:
    """Return `text` wrapped at `most` columns; the first line begins with `first`, others with `others`, as wide."""
    lines = filled(text.split(), most - len(first))
    return "".join(f"{others if number else first}{line}\n" for number, line in enumerate(lines))


def _error(text: str) -> "RoleEnvError":
    from role_env.errors import RoleEnvError  # a cached session needs no error

    return RoleEnvError(text)
