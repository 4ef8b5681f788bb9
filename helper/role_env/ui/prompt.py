"""Questions to a person at the terminal: they go to stderr, so that stdout stays the command's result."""

import getpass
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from role_env.errors import RoleEnvError, UsageError, printable

T = TypeVar("T")


def is_possible() -> bool:
    """Return whether a person can be asked: stdin and stderr are a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def show(line: str) -> None:
    """Show a line that a question is about, with its indentation."""
    indentation = line[: len(line) - len(line.lstrip(" "))]
    _write(f"{indentation}{printable(line)}\n")


def ask(question: str, *, default: str = "", check: Callable[[str], T]) -> T:
    """Return what `check` makes of the answer to `question`, or of `default` if it is empty.

    Asks again while `check` raises ValueError. Raises RoleEnvError if the terminal is closed.
    """
    shown = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        _write(shown)
        answer = _read_line() or default
        try:
            return check(answer)
        except ValueError as error:
            _write(f"  {printable(str(error))}\n")


def is_yes(question: str, *, default: str) -> bool:
    """Return whether the answer to `question` is yes. Raises RoleEnvError if the terminal is closed."""

    def check(answer: str) -> bool:
        if answer.lower() not in ("yes", "y", "no", "n"):
            raise ValueError("type yes or no")
        return answer.lower().startswith("y")

    return ask(question, default=default, check=check)


def ask_hidden(question: str) -> str:
    """Return the answer to `question`, which is not shown while it is typed.

    Raises RoleEnvError if the terminal is closed.
    """
    try:
        return getpass.getpass(f"{question}: ").strip()
    except EOFError:
        raise _closed() from None


def choose(question: str, choices: Sequence[str]) -> int:
    """Return the index of the one of `choices` that is chosen by its number.

    Raises RoleEnvError if the terminal is closed.
    """
    for number, choice in enumerate(choices, 1):
        show(f"{number:>3}  {choice}")

    def check(answer: str) -> int:
        if not answer.isascii() or not answer.isdigit() or not 0 < int(answer) <= len(choices):
            raise ValueError(f"type a number from 1 to {len(choices)}")
        return int(answer) - 1

    return ask(question, check=check)


def _read_line() -> str:
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:  # its text contains a part of what was typed
        raise UsageError("the answer is not text in this locale's encoding") from None
    if not line:
        _write("\n")
        raise _closed()
    return line.strip()


def _closed() -> RoleEnvError:
    return RoleEnvError("the terminal was closed, and nothing was changed")


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
