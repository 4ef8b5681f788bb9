"""Deadlines, and work that must end by one: role-env never waits without a deadline."""

import _thread
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

_STEP_SECONDS = 0.25
# Processor time in one step: less is only the waiting itself.
_MOVED_SECONDS = 0.002
# With so many processes waiting for each processor, one that needs milliseconds can take seconds.
_CROWD = 8


class TimedOut(Exception):
    """The work did not end in time."""


class NoThread(MemoryError):
    """The process cannot start another thread."""


class Deadline:
    """A moment `seconds` from now, by the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
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


def is_crowded(load: str = "/proc/loadavg", *, crowd: int = _CROWD) -> bool:
    """Return whether so many processes want to run that a healthy service may take seconds; `load` is Linux's file.

    It is more than `crowd` for each processor.
    """
    try:
        with open(load, encoding="utf-8") as file:  # noqa: PTH123
            runnable = int(file.read().split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return False
    return runnable > crowd * (os.cpu_count() or 1)


def is_busy() -> bool:
    """Return whether a process waits for a processor."""
    return is_crowded(crowd=1)


def idle_seconds(thread: str = "/proc/thread-self/schedstat") -> float:
    """Return a clock that stops while this thread runs, or waits for a processor as `thread`, Linux's file, says."""
    try:
        with open(thread, encoding="utf-8") as file:  # noqa: PTH123
            queued = int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        queued = 0.0
    return time.monotonic() - time.thread_time() - queued


class Worker:
    """A daemon thread that does `work`, and does not keep the command from ending. Raises NoThread.

    It has to be a thread, since neither a name lookup nor a keyring can be interrupted otherwise (keyring's own
    handlers swallow an exception raised by a signal handler).

    `threading.Thread.start` waits until the thread has reported itself, and forever for one that dies before that, as
    threads do where memory is short.
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
        """Return whether the work has not ended."""
        return self._running.locked()

    def join(self, seconds: float = _thread.TIMEOUT_MAX) -> None:
        """Wait until the work has ended, at most so many seconds."""
        if self._running.acquire(timeout=max(0.0, seconds)):
            self._running.release()

    def result(self) -> "Any":
        """Return what the work returns, when it has ended, or raise what it raises."""
        self.join()
        if self._failure:
            raise self._failure
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work()
        except Exception as failure:  # raised again by `result`
            self._failure = failure
        except BaseException as failure:  # a library's SystemExit must not end the command as if all were well
            self._failure = RuntimeError(type(failure).__name__)
        finally:
            self._running.release()


def within(seconds: float, work: "Callable[[], T]", *, at_most: float = 0, grace: float = 0) -> "T":
    """Return what `work` returns, or raise what it raises; raise TimedOut if it takes longer than `seconds`.

    With `at_most`, only the seconds in which nothing moves count: as long as this process uses the processor, which on
    a busy machine takes long, the work may take `at_most` seconds in all. When this is interrupted, the work has
    `grace` more seconds to end. Raises NoThread.
    """
    thread = Worker(work)
    began = moved = time.monotonic()
    spent = time.process_time()
    try:
        while thread.is_alive() and (now := time.monotonic()) < min(moved + seconds, began + max(seconds, at_most)):
            thread.join(min(_STEP_SECONDS, moved + seconds - now))
            if at_most and time.process_time() > spent + _MOVED_SECONDS:
                moved = time.monotonic()
            spent = time.process_time()
    except BaseException:
        thread.join(grace)
        raise
    if thread.is_alive():
        raise TimedOut
    result: T = thread.result()
    return result
