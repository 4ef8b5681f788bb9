"""Deadlines: no wait of role-env is without one."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Threads whose work came too late still sit in it; the interpreter would wait for some of them at its end.
_abandoned: "list[threading.Thread]" = []


class Late(Exception):
    """The work did not end in time."""


class Deadline:
    """A moment `seconds` from now, by a clock that nobody sets."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """The seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def extend(self, seconds: float) -> None:
        """Moves the moment by `seconds`: what a person takes at a prompt is not counted."""
        self._end += seconds


def within(seconds: float, work: Callable[[], T], *, slow: Callable[[], None] | None = None) -> T:
    """What `work` returns or raises, or Late when it takes longer than `seconds`. `slow` is called after one second.

    The work runs in a daemon thread, since neither a name lookup nor a keyring can be interrupted otherwise
    (an exception out of a signal handler is swallowed by keyring's own handlers).
    """
    results: list[T] = []
    failures: list[Exception] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as failure:  # raised again below
            failures.append(failure)
        except BaseException as failure:  # a library's SystemExit must not end the command as if all were well
            failures.append(RuntimeError(type(failure).__name__))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(min(seconds, 1))
    if slow and thread.is_alive():
        slow()
    thread.join(max(0, seconds - 1))
    if results:
        return results[0]
    if failures:
        raise failures[0]
    _abandoned.append(thread)
    raise Late


def abandoned() -> bool:
    """Whether late work still goes on, so that the process should end without waiting for it."""
    return any(thread.is_alive() for thread in _abandoned)
