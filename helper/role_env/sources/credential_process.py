"""Credentials from a program: it prints the External-mode document of the `aliyun` CLI.

The command is split as a shell would split it, and no shell runs it. What it prints is a secret, so nothing of it is
ever shown; its stderr is its own.
"""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO

from role_env.credentials import AccessKey
from role_env.deadline import Deadline, TimedOut, within
from role_env.errors import ProfileError, UnreachableError, printable
from role_env.sts import responses
from role_env.sts.responses import LARGEST_RESPONSE

LONGEST_SECONDS = 60.0
LARGEST_STDERR = 64 * 1024
_FIELDS = ("access_key_id", "access_key_secret", "sts_token", "expiration")


def run(command: str, environ: Mapping[str, str], *, deadline: Deadline, silent: bool = False) -> AccessKey:
    """The key that `command` prints when it runs in the environment `environ`: Credentials when it tells their end.

    With `silent` its stderr is shown only when it fails. Raises ProfileError for a command that is wrong, and
    UnreachableError when it does not end within 60 s, or by the deadline if that is sooner.
    """
    words = _words(command)
    name = printable(os.path.basename(words[0]))[:80]  # noqa: PTH119  it need not be a path
    seconds = min(LONGEST_SECONDS, deadline.remaining())
    began = time.time()
    with _started(name, command, words, environ, silent) as process:
        try:
            output = within(seconds, lambda: _output(process))
        except TimedOut:
            raise UnreachableError(
                f"the credential process {name} did not end within {seconds:.0f} seconds",
                hint="run it by hand: does it wait for something?",
            ) from None
        status = process.returncode
    if len(output) > LARGEST_RESPONSE:
        raise _wrong(name, f"prints more than {LARGEST_RESPONSE} bytes")
    if status:
        ended = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
        raise ProfileError(f"the credential process {name} {ended}", hint="run it by hand to see why")
    return _key(name, output, began)


def _words(command: str) -> list[str]:
    """The command as words. Raises ProfileError; the words may hold a secret and are not told."""
    try:
        words = shlex.split(command, posix=os.name == "posix")
    except ValueError:
        raise ProfileError("credential_process has a quote without its end", hint="write it as for a shell") from None
    if not words or not words[0] or "\0" in command:
        raise ProfileError("credential_process holds no command")
    return words


@contextmanager
def _started(
    name: str, command: str, words: list[str], environ: Mapping[str, str], silent: bool
) -> Iterator["subprocess.Popen[bytes]"]:
    """The process. When it was not waited for to its end, it is killed with all that it has started."""
    try:
        process = subprocess.Popen(  # noqa: S603  the words are the user's own, and no shell reads them
            words if os.name == "posix" else command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if silent else None,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise ProfileError(f"credential_process: there is no command {name}", hint="give its whole path") from None
    except (OSError, ValueError) as error:
        what = (error.strerror if isinstance(error, OSError) else None) or "it is no command line"
        raise ProfileError(f"credential_process: the command {name} cannot run: {what}") from None
    told = _Told(process.stderr) if process.stderr else None
    try:
        yield process
    except BaseException:  # an interruption too
        _kill(process)
        raise
    finally:
        if told and process.poll() != 0:
            told.show()


def _output(process: "subprocess.Popen[bytes]") -> bytes:
    """What the process prints until it ends; what prints without end is ended."""
    if process.stdout is None:
        raise AssertionError("its stdout is a pipe")
    output = process.stdout.read(LARGEST_RESPONSE + 1)
    if len(output) > LARGEST_RESPONSE:
        _kill(process)
    process.wait()
    return output


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Ends the process and what it has started, which is of its group unless it has made one of its own."""
    with suppress(OSError):  # all gone
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)


class _Told:
    """What a process says on stderr, held back."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._text = bytearray()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            while piece := os.read(stream.fileno(), 65536):
                self._text += piece[: LARGEST_STDERR - len(self._text)]

    def show(self) -> None:
        """Passes it on."""
        self._thread.join(1)
        if sys.stderr is not None and self._text:
            with suppress(OSError):
                sys.stderr.write(bytes(self._text).decode("utf-8", "backslashreplace"))
                sys.stderr.flush()


def _key(name: str, output: bytes, began: float) -> AccessKey:
    """The key in the document `output`. Raises ProfileError, which tells nothing of it."""
    document = responses.json_object(output)
    if document is None:
        raise _wrong(name, "prints no JSON object")
    mode = document.get("mode")
    if mode not in ("StsToken", "AK"):
        raise _wrong(name, "prints a document whose mode is neither StsToken nor AK")
    key_id, secret, token, end = _FIELDS
    try:
        if mode == "AK":
            return responses.access_key(document, key_id, secret)
        if not document.get(end):
            return responses.access_key(document, key_id, secret, token)
        return responses.credentials(document, issued=began, fields=_FIELDS)
    except ValueError as error:
        raise _wrong(name, f"prints a document that does not serve: {error}") from None


def _wrong(name: str, what: str) -> ProfileError:
    document = '{"mode": "StsToken", "access_key_id": …, "access_key_secret": …, "sts_token": …, "expiration": …}'
    return ProfileError(f"the credential process {name} {what}", hint=f"it has to print {document}")
