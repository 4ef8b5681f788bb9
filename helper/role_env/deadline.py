"""Deadlines: no wait of role-env is without one."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_STEP_SECONDS = 0.25
# Processor time in one step: less is only the waiting itself.
_MOVED_SECONDS = 0.002


class Late(Exception):
    """The work did not end in time."""


class Deadline:
    """A moment `seconds` from now, by a clock that nobody sets."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self.is_short = False

    def remaining(self) -> float:
        """The seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def soonest(self, seconds: float) -> "Deadline":
        """This one, or another `seconds` from now where that comes first: then `is_short`."""
        if self.remaining() <= seconds:
            return self
        sooner = Deadline(seconds)
        sooner.is_short = True
        return sooner

    def extend(self, seconds: float) -> None:
        """Moves the moment by `seconds`: what a person takes at a prompt is not counted."""
        self._end += seconds


def within(seconds: float, work: Callable[[], T], *, at_most: float = 0) -> T:
    """What `work` returns or raises, or Late when it takes longer than `seconds`.

    With `at_most` the seconds are those in which nothing moves: as long as this process gets on with its work, which
    on a crowded machine takes long, it has up to so many in all.

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
    began = moved = time.monotonic()
    spent = time.process_time()
    while thread.is_alive() and (now := time.monotonic()) < min(moved + seconds, began + max(seconds, at_most)):
        thread.join(min(_STEP_SECONDS, moved + seconds - now))
        if at_most and time.process_time() > spent + _MOVED_SECONDS:
            moved = time.monotonic()
        spent = time.process_time()
    if results:
        return results[0]
    if failures:
        raise failures[0]
    raise Late


def abandoned() -> bool:
    """Whether a thread goes on beside this one: with work that was late or interrupted, or started by a keyring's
    backend. The interpreter would wait for it at its end, or abort over a lock that it holds.
    """
    return threading.active_count() > 1
