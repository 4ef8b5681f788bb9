"""Deadlines, and work that must end by one. Every wait of role-env has a deadline."""

import _thread
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    S = TypeVar("S")
    T = TypeVar("T")

STEP_SECONDS = 0.25
"""The longest that a wait delays Ctrl-C."""
# With more runnable processes for each processor, all work takes several times as long.
_CROWD = 2


class TimedOut(Exception):
    """The work did not end in time."""


class NoThread(MemoryError):
    """The process cannot start another thread."""


class Deadline:
    """A moment `seconds` after `began`, by the monotonic clock; by default from now."""

    def __init__(self, seconds: float, *, began: float | None = None) -> None:
        self._end = (time.monotonic() if began is None else began) + seconds
        self.is_short = False

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def soonest(self, seconds: float) -> "Deadline":
        """Return this deadline, or one `seconds` from now if that is earlier; its `is_short` is then True."""
        if self.remaining() <= seconds:
            return self
        sooner = Deadline(seconds)
        sooner.is_short = True
        return sooner

    def extend(self, seconds: float) -> None:
        """Move the moment by `seconds`: the time that a person takes at a prompt is not counted."""
        self._end += seconds


def is_crowded() -> bool:
    """Return whether so many processes are runnable that a healthy service may take seconds. Only Linux reports it."""
    try:
        with open("/proc/loadavg", encoding="utf-8") as file:
            return int(file.read().split()[3].partition("/")[0]) > _CROWD * (os.cpu_count() or 1)
    except OSError:
        return False


class Worker:
    """A daemon thread that does `work`; the command can end before it does. Raises NoThread.

    A thread is the only way to stop waiting for a name lookup or a keyring: keyring's own handlers swallow an exception
    raised by a signal handler.

    `threading.Thread.start` waits until the thread has reported its start: an interruption there would lose a thread
    that has begun, and a thread that dies before that, as when memory is short, would be waited for forever.
    """

    def __init__(self, work: "Callable[[], object]") -> None:
        self._work = work
        self._result: object = None
        self._failure: Exception | None = None
        self._running = _thread.allocate_lock()
        self._running.acquire()
        try:
            _thread.start_new_thread(self._run, ())
        except RuntimeError:
            raise NoThread from None

    def is_alive(self) -> bool:
        """Return whether the work is still running."""
        return self._running.locked()

    def join(self, seconds: float = _thread.TIMEOUT_MAX) -> None:
        """Wait at most `seconds` for the work to end, in steps: a signal just before a wait does not interrupt it."""
        end = time.monotonic() + seconds
        while self.is_alive() and (left := end - time.monotonic()) > 0:
            if self._running.acquire(timeout=min(STEP_SECONDS, left)):
                self._running.release()

    def result(self) -> "Any":
        """Return what the work returned, or raise what it raised. Requires that the work has ended."""
        self.join()
        if self._failure:
            raise self._failure
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work()
        except Exception as failure:  # raised again by `result`
            self._failure = failure
        except BaseException as failure:  # a library's SystemExit must not end the command as a success
            self._failure = RuntimeError(type(failure).__name__)
        finally:
            self._running.release()


def within(seconds: float, work: "Callable[[], T]", *, grace: float = 0) -> "T":
    """Return what `work` returns, or raise what it raises; raise TimedOut if it takes longer than `seconds`.

    After an interruption, the work has `grace` more seconds to end. Raises NoThread.
    """
    thread = Worker(work)
    try:
        thread.join(seconds)
    except BaseException:
        thread.join(grace)
        raise
    if thread.is_alive():
        raise TimedOut
    result: T = thread.result()
    return result


def at_once(work: "Callable[[S], T]", items: "Iterable[S]", *, most: int) -> "list[T]":
    """Return what `work` returns for each of `items`, by at most `most` threads. Raises what one of them raises first.

    Raises NoThread. The work has deadlines of its own.
    """
    given = list(items)
    left = iter(range(len(given)))  # taking its next number is one step, which no other thread interrupts
    done: dict[int, T] = {}

    def work_on() -> None:
        for number in left:
            done[number] = work(given[number])

    for worker in [Worker(work_on) for _ in range(min(most, len(given)))]:
        worker.result()
    return [done[number] for number in range(len(given))]
