"""The credential source for a command that prints the `aliyun` CLI's External-mode document.

The command is split as a shell would split it, but runs without a shell. Its stdout is secret, so no part of it is ever
shown; its stderr is passed on.
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

from role_env import validators
from role_env.context import Context, stderr
from role_env.credentials import AccessKey
from role_env.deadline import Deadline, TimedOut, Worker, within
from role_env.errors import ProfileError, UnreachableError, printable
from role_env.http import responses
from role_env.http.responses import LARGEST_RESPONSE
from role_env.sources.base import Source

# A credential process may ask a person for something, so it gets more time than a request to STS (seconds).
LONGEST_SECONDS = 60.0
LARGEST_STDERR = 64 * 1024
# How long an interruption waits for a process that is being started, to kill it (seconds).
_START_SECONDS = 5.0
_FIELDS = ("access_key_id", "access_key_secret", "sts_token", "expiration")


class Process(Source):
    """A credential source that runs a command, which prints External-mode JSON."""

    kind = "credential_process"
    keys = {"credential_process": validators.command}
    is_cacheable = False
    waits_for = "the credential process"
    choice = "a program that prints credentials"
    questions = (("credential_process", "Command that prints the credentials as JSON"),)

    def _fetch(self, context: Context) -> AccessKey:
        # ROLE_ENV_TIMEOUT limits everything. Without it the process has a limit of its own.
        has_own_time = not context.environ.get("ROLE_ENV_TIMEOUT") and not context.deadline.is_short
        seconds = LONGEST_SECONDS if has_own_time else min(LONGEST_SECONDS, context.deadline.remaining())
        began, (command,) = time.monotonic(), self.values
        try:
            return run(command, context.environ, seconds=seconds, silent=context.messages.silent)
        finally:
            if has_own_time:
                context.deadline.extend(time.monotonic() - began)


def run(command: str, environ: Mapping[str, str], *, seconds: float, silent: bool = False) -> AccessKey:
    """Run `command` in the environment `environ` and return the key that it prints, as Credentials if it expires.

    `command` has passed its check, `validators.command`. With `silent` its stderr is shown only if it fails. Raises
    ProfileError if it cannot run or prints an invalid document, UnreachableError if it does not end within `seconds`.
    """
    words = shlex.split(command)
    name = printable(os.path.basename(words[0]))[:80]
    began, end = time.time(), Deadline(seconds)
    try:
        with _started(lambda: _start(name, words, environ, silent), end) as process:
            output = within(end.remaining(), lambda: _read_output(process))
    except TimedOut:
        raise UnreachableError(
            f"the credential process {name} did not end within {seconds:.0f} seconds",
            hint="run it by hand to see what it waits for",
        ) from None
    if len(output) > LARGEST_RESPONSE:
        raise _invalid(name, f"prints more than {LARGEST_RESPONSE} bytes")
    if status := process.returncode:
        ended = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
        raise ProfileError(f"the credential process {name} {ended}", hint="run it by hand to see why")
    return _key(name, output, began)


def _start(name: str, words: list[str], environ: Mapping[str, str], silent: bool) -> "subprocess.Popen[bytes]":
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
        raise ProfileError(f"credential_process: command {name} not found", hint="give its absolute path") from None
    except (OSError, ValueError) as error:
        what = (error.strerror if isinstance(error, OSError) else None) or "invalid command line"
        raise ProfileError(f"credential_process: the command {name} cannot run: {what}") from None


def _key(name: str, output: bytes, began: float) -> AccessKey:
    document = responses.json_object(output)
    if document is None:
        raise _invalid(name, "does not print a JSON object")
    mode = document.get("mode")
    if mode not in ("StsToken", "AK"):
        raise _invalid(name, "prints a document whose mode is neither StsToken nor AK")
    try:
        if mode == "StsToken" and document.get("expiration"):
            return responses.credentials(document, issued=began, fields=_FIELDS)
        return responses.access_key(document, *_FIELDS[: 2 if mode == "AK" else 3])
    except ValueError as error:
        raise _invalid(name, f"prints an invalid document: {error}") from None


def _invalid(name: str, what: str) -> ProfileError:
    document = '{"mode": "StsToken", "access_key_id": …, "access_key_secret": …, "sts_token": …, "expiration": …}'
    return ProfileError(f"the credential process {name} {what}", hint=f"make it print {document}")


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
