"""Ask a person questions at the terminal, on stderr, so that stdout contains only the command's result."""

import contextlib
import getpass
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from role_env import validators
from role_env.errors import RoleEnvError, UsageError, printable

T = TypeVar("T")

# What Ctrl-Z sends, and what `fg` sends.
_JOB_CONTROL = (signal.SIGTSTP, signal.SIGCONT)
# The greatest number of digits of a choice's number. A longer number is an account's ID.
_MOST_DIGITS = 5


def is_possible() -> bool:
    """Return whether a person can be asked: stdin and stderr are a terminal, and the process may read from it.

    A process in the background may not, such as one in zsh's `source <(…)`: the question would stop it.
    """
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        return False
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:  # the terminal is not the one that controls the process, and anybody may read from it
        return True


def show(line: str) -> None:
    """Show an indented line that belongs to a question."""
    indentation = line[: len(line) - len(line.lstrip(" "))]
    _write(f"{indentation}{printable(line)}\n")


def ask(question: str, *, default: str = "", check: Callable[[str], T]) -> T:
    """Ask `question`, and return what `check` returns for the answer, or for `default` if that is empty.

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
        answer = _plain_word(answer)
        if answer not in ("yes", "y", "no", "n"):
            raise ValueError("type yes or no")
        return answer.startswith("y")

    return ask(question, default=default, check=check)


def is_agreed(question: str) -> bool:
    """Return whether the answer to `question` is yes, as Enter is. Raises RoleEnvError if the terminal is closed."""
    while True:
        _write(f"{question} [Y/n] ")
        answer = _plain_word(_read_line())
        if answer in ("", "y", "yes", "n", "no"):
            return not answer.startswith("n")
        _write("  type y or n, or press Ctrl-C\n")


def _plain_word(answer: str) -> str:
    """Return `answer` in lower case and in plain letters: an input method for Japanese writes them full-width."""
    return validators.plain(answer).strip().lower()


def ask_hidden(question: str) -> str:
    """Ask `question`, and return the answer, which is hidden while it is typed. Raises RoleEnvError as `ask` does."""
    try:
        return again_after_stop(lambda: getpass.getpass(f"{question}: ").strip())
    except EOFError:
        raise ClosedTerminal from None


def again_after_stop(read: Callable[[], T]) -> T:
    """Return what `read` returns. After Ctrl-Z and `fg` it is called again, since shells turn the terminal's echo on.

    It turns the echo off, and on again when it ends or raises.
    """
    while True:
        try:
            with _interrupted_by(*_JOB_CONTROL):
                return read()
        except _JobControl as signaled:  # the echo is on
            if signaled.number != signal.SIGCONT:
                os.kill(os.getpid(), signaled.number)


@contextlib.contextmanager
def _interrupted_by(*numbers: int) -> Iterator[None]:
    """Raise _JobControl in the block at the first of these signals, except those that are ignored."""

    def interrupt(number: int, _frame: object) -> None:
        restore()
        raise _JobControl(number)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: handler for number, handler in before.items() if handler == signal.SIG_DFL}
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        restore()


class Menu:
    """A numbered list of `choices`, of which a person takes one or several.

    `lines` are shown in their place; they contain no control characters from outside. An answer that is one of `names`
    takes that choice, even if others contain it.
    """

    def __init__(self, choices: Sequence[str], *, lines: Sequence[str] = (), names: Sequence[str] = ()) -> None:
        self._choices = choices
        self._lines = lines or [printable(choice) for choice in choices]
        self._names = list(names)
        self._left = set(range(len(choices)))

    def choose(self, question: str) -> int:
        """Show the list, and return the index of the choice. Raises RoleEnvError if the terminal is closed."""
        self._show()
        return ask(question, check=self.read)

    def choose_or_none(self, question: str) -> int | None:
        """Show the list, and return the index of the choice; None for an empty answer and for a closed terminal."""
        self._show()
        try:
            return ask(question, check=lambda answer: self.read(answer) if answer else None)
        except ClosedTerminal:
            return None

    def choose_several(self, question: str) -> list[int]:
        """Show the list, and return the indexes of the choices, taken by their numbers or by a part of them.

        Raises RoleEnvError if the terminal is closed.
        """
        self._show()
        return ask(question, default="all", check=lambda answer: read_choices(answer, self._choices))

    def read(self, answer: str) -> int:
        """Return the index of the choice that `answer` takes: its number, its name, or a part that no other choice has.

        If several have it, the list is narrowed to them and shown. Raises ValueError if none is taken.
        """
        answer = validators.plain(answer)  # such as １, from a Japanese keyboard
        is_number = answer.isascii() and answer.isdecimal() and len(answer) <= _MOST_DIGITS
        if is_number and 0 < int(answer) <= len(self._choices):
            return int(answer) - 1
        if answer in self._names:
            return self._names.index(answer)
        found = _containing(answer, self._choices) if answer else set()
        if not found and (is_number or not answer):
            raise ValueError(f"type a number from 1 to {len(self._choices)}, or a part of a name")
        if not found:
            raise ValueError(f"none of them contains {answer}")
        narrowed = found & self._left or found
        if len(narrowed) == 1:
            return narrowed.pop()
        self._left = narrowed
        self._show()
        raise ValueError(f"{len(narrowed)} of them contain {answer}: type more of one, or its number")

    def _show(self) -> None:
        for index in sorted(self._left):
            _write(f"{index + 1:>3}  {self._lines[index]}\n")


def read_choices(text: str, choices: Sequence[str]) -> list[int]:
    """Return the indexes chosen by `all`, by `none`, by numbers from 1 such as `1,3-5`, or by parts of `choices`.

    Raises ValueError for a number that is too high, and for a text that none of `choices` contains.
    """
    if text in ("all", "none"):
        return list(range(len(choices))) if text == "all" else []
    chosen: set[int] = set()
    for part in filter(None, (part.strip() for part in validators.plain(text).split(","))):
        found = _read_numbers(part, len(choices)) or _containing(part, choices)
        if not found:
            raise ValueError(f"none of them contains {part}")
        chosen |= found
    if not chosen:
        raise ValueError(f"type all, none, numbers from 1 to {len(choices)} such as 1,3-5, or a part of a name")
    return sorted(chosen)


def _read_numbers(part: str, count: int) -> set[int]:
    """Return the indexes for `3` or `3-5`; none for any other text, and for an ID, which has more digits."""
    first, dash, last = part.partition("-")
    numbers = [text.strip() for text in ((first, last) if dash else (first, first))]
    if not all(number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS for number in numbers):
        return set()
    low, high = map(int, numbers)
    if not 1 <= low <= high <= count:
        raise ValueError(f"the numbers are 1 to {count}")
    return set(range(low - 1, high))


def _containing(part: str, choices: Sequence[str]) -> set[int]:
    return {index for index, choice in enumerate(choices) if part.casefold() in choice.casefold()}


def _read_line() -> str:
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:  # its text contains part of the input
        raise UsageError("the answer is not text in this locale's encoding") from None
    if not line:
        _write("\n")
        raise ClosedTerminal
    return line.strip()


class _JobControl(Exception):
    """The signal `number` has come: the process is to stop, or goes on after a stop."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class ClosedTerminal(RoleEnvError):
    """The person has pressed Ctrl-D, or the terminal is gone."""

    def __init__(self) -> None:
        super().__init__("the terminal was closed, and nothing was changed")


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
