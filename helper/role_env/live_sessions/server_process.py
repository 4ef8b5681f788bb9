"""Start the server of `exec --renew`: a daemon that ends with the command.

It is not the command's child, is in a session of its own without a terminal, and has no file of the command open but
stderr. It watches this process, which becomes the command.
"""

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from role_env.deadline import Worker

# Programs that open more take low numbers first.
_MOST_DESCRIPTORS = 1024
_POLL_SECONDS = 1.0
# The longest that the server takes to clean up.
_GRACE_SECONDS = 5.0
_TRIES = 20
_END_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def start(serve: Callable[[Callable[[str], None]], None]) -> str:
    """Run `serve` in a daemon, and return the text that it announces, or an empty text after it has reported a failure.

    `serve` gets the function that announces a text, and calls it once it serves. When this process ends, a SystemExit
    interrupts it, and it may clean up for five seconds. In the daemon `start` raises what `serve` raises.
    """
    _occupy_standard_descriptors()
    inherited = {descriptor for descriptor in range(_MOST_DESCRIPTORS) if _is_open(descriptor)}
    reader, writer = os.pipe()
    command = os.getpid()
    if starter := os.fork():
        os.close(writer)
        with contextlib.suppress(ChildProcessError):  # while SIGCHLD is ignored, the system discards the status
            os.waitpid(starter, 0)
        with os.fdopen(reader, encoding="utf-8") as announced:
            return announced.read()

    def announce(text: str) -> None:
        """Leave the terminal and the command's files, and send `text` to the process that becomes the command."""
        os.setsid()
        _close(inherited)
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            pipe.write(text)

    with contextlib.suppress(KeyboardInterrupt, SystemExit):  # the other process reports the interruption
        if not os.fork():  # the second of a daemon's two forks: its parent ends at once
            os.close(reader)
            _end_with(command)
            serve(announce)
    os._exit(0)


def _end_with(pid: int) -> None:
    """Let this process end when the process `pid` has ended: by SIGTERM, and after five seconds by force."""
    main = threading.get_ident()

    def interrupt(*_: object) -> None:
        for number in _END_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        sys.exit()

    def watch() -> None:
        """Wait for the end of the process. A signal just before a wait of Python's does not interrupt it."""
        _wait_for_end(pid)
        for _ in range(_TRIES):
            signal.pthread_kill(main, signal.SIGTERM)
            time.sleep(_GRACE_SECONDS / _TRIES)
        os._exit(0)

    for number in _END_SIGNALS:
        signal.signal(number, interrupt)
    Worker(watch)


def _wait_for_end(pid: int) -> None:
    """Wait until the process `pid` has ended, also if nobody has waited for it."""
    try:
        if sys.platform == "darwin":
            end = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
            select.kqueue().control([end], 1)
        else:
            end = select.poll()
            end.register(os.pidfd_open(pid), select.POLLIN)
            end.poll()
    except (AttributeError, OSError):  # Linux before 5.3, gVisor, or a Python that was built there
        while _is_alive(pid):
            time.sleep(_POLL_SECONDS)


def _is_alive(pid: int) -> bool:
    """Return whether a process has not ended, by proc_pid_stat(5). The name in parentheses may contain anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _occupy_standard_descriptors() -> None:
    """Open the null device in place of a closed stdin, stdout or stderr, so that no pipe or socket gets its number.

    The command does not inherit it: a closed stream is closed for the command too.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(descriptor)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _close(descriptors: set[int]) -> None:
    """Close `descriptors` except stderr, so that a reader at their other end does not wait for this process."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    for descriptor in {*descriptors, null} - {0, 1, 2}:
        os.close(descriptor)
