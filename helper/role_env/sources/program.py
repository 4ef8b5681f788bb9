"""Run the program of a source, a credential process or a SAML process, and return what it prints.

The command is split as a shell would split it, but runs without a shell. Its stdout is secret, so no part of it is ever
shown; its stderr is passed on. `kind` is what messages call the program.
"""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO

from role_env.context import Context, stderr
from role_env.deadline import Deadline, TimedOut, Worker, within
from role_env.errors import ProfileError, UnreachableError, printable
from role_env.http.responses import LARGEST_RESPONSE

# A program may ask a person for something, so it gets more time than a request to STS (seconds).
LONGEST_SECONDS = 60.0
LARGEST_STDERR = 64 * 1024
# How long an interruption waits for a process that is being started, to kill it (seconds).
_START_SECONDS = 5.0


def shown(command: str, kind: str) -> str:
    """Return what messages call the program of `command`: by its name, since a later word may be a secret."""
    return f"the {kind} {printable(os.path.basename(shlex.split(command)[0]))[:80]}"


@contextmanager
def own_seconds(context: Context) -> Iterator[float]:
    """Yield the seconds that a program may take. Unless ROLE_ENV_TIMEOUT limits everything, it has time of its own."""
    has_own_time = not context.environ.get("ROLE_ENV_TIMEOUT") and not context.deadline.is_short
    began = time.monotonic()
    try:
        yield LONGEST_SECONDS if has_own_time else min(LONGEST_SECONDS, context.deadline.remaining())
    finally:
        if has_own_time:
            context.deadline.extend(time.monotonic() - began)


def run(command: str, environ: Mapping[str, str], *, kind: str, seconds: float, silent: bool = False) -> bytes:
    """Run `command` in the environment `environ` and return what it prints, at most LARGEST_RESPONSE bytes.

    `command` has passed its check, `validators.command`. With `silent` its stderr is shown only if it fails. Raises
    ProfileError if it cannot run, fails or prints more, UnreachableError if it does not end within `seconds`.
    """
    words, name = shlex.split(command), shown(command, kind)
    end = Deadline(seconds)
    try:
        with _started(lambda: _start(kind, words, environ, silent), end) as process:
            output = within(end.remaining(), lambda: _read_output(process))
    except TimedOut:
        raise UnreachableError(
            f"{name} did not end within {seconds:.0f} seconds", hint="run it by hand to see what it waits for"
        ) from None
    if len(output) > LARGEST_RESPONSE:
        raise ProfileError(f"{name} prints more than {LARGEST_RESPONSE} bytes", hint="run it by hand to see why")
    if status := process.returncode:
        ended = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
        raise ProfileError(f"{name} {ended}", hint="run it by hand to see why")
    return output


def _start(kind: str, words: list[str], environ: Mapping[str, str], silent: bool) -> "subprocess.Popen[bytes]":
    key, name = kind.lower().replace(" ", "_"), printable(os.path.basename(words[0]))[:80]
    try:
        return subprocess.Popen(  # noqa: S603  the words are the user's own, and no shell reads them
            words,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if silent else None,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise ProfileError(f"{key}: command {name} not found", hint="give its absolute path") from None
    except (OSError, ValueError) as error:
        what = (error.strerror if isinstance(error, OSError) else None) or "invalid command line"
        raise ProfileError(f"{key}: the command {name} cannot run: {what}") from None


# -- a process within a deadline; else it is killed with everything that it has started --


@contextmanager
def _started(start: Callable[[], "subprocess.Popen[bytes]"], end: Deadline) -> Iterator["subprocess.Popen[bytes]"]:
    """Yield the process that `start` starts, which leads a process group of its own.

    If the caller does not wait for its end, kill it and everything that it started. A stderr that is a pipe is shown if
    the process fails. Raises what `start` raises, and TimedOut.
    """
    processes: list[subprocess.Popen[bytes]] = []
    held_back: Worker | None = None
    shown = bytearray()
    try:
        # In a thread, because an interruption between the fork and the end of Popen would lose the process.
        within(end.remaining(), lambda: processes.append(start()), grace=_START_SECONDS)
        process = processes[0]
        held_back = Worker(partial(_read_stderr, process.stderr, shown)) if process.stderr else None
        yield process
    except BaseException:  # also an interruption
        for process in processes:
            _kill(process)
        raise
    finally:
        if held_back and process.poll() != 0:
            held_back.join(1)
            stderr.write(shown.decode("utf-8", "backslashreplace"))


def _read_output(process: "subprocess.Popen[bytes]") -> bytes:
    if process.stdout is None:
        raise AssertionError("its stdout is a pipe")
    output = process.stdout.read(LARGEST_RESPONSE + 1)
    if len(output) > LARGEST_RESPONSE:
        _kill(process)
    process.wait()
    return output


def _read_stderr(stream: IO[bytes], shown: bytearray) -> None:
    """Add the beginning of what comes from `stream` to `shown`, and discard the rest, so that the process can go on."""
    while part := os.read(stream.fileno(), LARGEST_STDERR):
        shown += part[: LARGEST_STDERR - len(shown)]


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):  # all have ended
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)
