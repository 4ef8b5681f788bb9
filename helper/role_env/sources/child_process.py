"""Read the output of a process within a deadline, or kill it and everything that it has started."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from role_env.deadline import Deadline, Worker, within
from role_env.http.responses import LARGEST_RESPONSE

LARGEST_STDERR = 64 * 1024
# How long an interruption waits for a process that is being started, to kill it (seconds).
_START_SECONDS = 5.0


def read_output(start: Callable[[], "subprocess.Popen[bytes]"], end: Deadline) -> tuple[bytes, int]:
    """Return the output and the status of the process that `start` starts, which leads a process group of its own.

    The output is cut off, and the process killed, after one byte more than LARGEST_RESPONSE. A stderr that is a pipe is
    shown if the process fails. Raises what `start` raises, and TimedOut.
    """
    with _started(start, end) as process:
        output = within(end.remaining(), lambda: _output(process))
    return output, process.returncode


@contextmanager
def _started(start: Callable[[], "subprocess.Popen[bytes]"], end: Deadline) -> Iterator["subprocess.Popen[bytes]"]:
    """Yield the started process. If the caller does not wait for its end, kill it and everything that it started."""
    processes: list[subprocess.Popen[bytes]] = []
    held_back = None
    try:
        # In a thread, because an interruption between the fork and the end of Popen would lose the process.
        within(end.remaining(), lambda: processes.append(start()), grace=_START_SECONDS)
        process = processes[0]
        held_back = _HeldBack(process.stderr) if process.stderr else None
        yield process
    except BaseException:  # also an interruption
        for process in processes:
            _kill(process)
        raise
    finally:
        if held_back and process.poll() != 0:
            held_back.show()


def _output(process: "subprocess.Popen[bytes]") -> bytes:
    """Return the output of the process until it ends. Kill the process if it prints too much."""
    if process.stdout is None:
        raise AssertionError("its stdout is a pipe")
    output = process.stdout.read(LARGEST_RESPONSE + 1)
    if len(output) > LARGEST_RESPONSE:
        _kill(process)
    process.wait()
    return output


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the process group: the process and everything that it has started."""
    with suppress(OSError):  # all have ended
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)


class _HeldBack:
    """The stderr of a process, stored until it is known whether the process fails."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._text = bytearray()
        self._stream = stream
        self._thread = Worker(self._read)

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            while piece := os.read(self._stream.fileno(), 65536):
                self._text += piece[: LARGEST_STDERR - len(self._text)]

    def show(self) -> None:
        """Write the stored text to role-env's own stderr."""
        self._thread.join(1)
        if sys.stderr is not None and self._text:
            with suppress(OSError):
                sys.stderr.write(bytes(self._text).decode("utf-8", "backslashreplace"))
                sys.stderr.flush()
