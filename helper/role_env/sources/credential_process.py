"""The credential source for a command that prints the `aliyun` CLI's External-mode document.

The command is split as a shell would split it, but runs without a shell. Its stdout is secret, so no part of it is ever
shown; its stderr is passed on.
"""

import os
import shlex
import subprocess
import time
from collections.abc import Mapping

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.deadline import Deadline, TimedOut
from role_env.errors import ProfileError, UnreachableError, printable
from role_env.http import responses
from role_env.http.responses import LARGEST_RESPONSE
from role_env.sources import rows
from role_env.sources.base import Source
from role_env.sources.child_process import read_output

# A credential process may ask a person for something, so it gets more time than a request to STS (seconds).
LONGEST_SECONDS = 60.0
_FIELDS = ("access_key_id", "access_key_secret", "sts_token", "expiration")


class Process(Source):
    """A credential source that runs a command, which prints External-mode JSON."""

    row = rows.PROCESS

    def __init__(self, profile: str, where: str, command: str) -> None:
        super().__init__(profile, where)
        self.command = command

    def identity(self, context: Context) -> list[str]:
        """Return the command."""
        return [self.command]

    def _fetch(self, context: Context) -> AccessKey:
        # ROLE_ENV_TIMEOUT limits everything. Without it the process has a limit of its own.
        has_own_time = not context.environ.get("ROLE_ENV_TIMEOUT") and not context.deadline.is_short
        seconds = LONGEST_SECONDS if has_own_time else min(LONGEST_SECONDS, context.deadline.remaining())
        began = time.monotonic()
        try:
            return run(self.command, context.environ, seconds=seconds, silent=context.messages.silent)
        finally:
            if has_own_time:
                context.deadline.extend(time.monotonic() - began)


def run(command: str, environ: Mapping[str, str], *, seconds: float, silent: bool = False) -> AccessKey:
    """Run `command` in the environment `environ` and return the key that it prints, as Credentials if it expires.

    With `silent` its stderr is shown only if it fails. Raises ProfileError for an invalid command or document, and
    UnreachableError if it does not end within `seconds`.
    """
    words = _words(command)
    name = printable(os.path.basename(words[0]))[:80]  # noqa: PTH119  it need not be a path
    began, end = time.time(), Deadline(seconds)
    try:
        output, status = read_output(lambda: _start(name, command, words, environ, silent), end)
    except TimedOut:
        raise UnreachableError(
            f"the credential process {name} did not end within {seconds:.0f} seconds",
            hint="run it by hand to see what it waits for",
        ) from None
    if len(output) > LARGEST_RESPONSE:
        raise _invalid(name, f"prints more than {LARGEST_RESPONSE} bytes")
    if status:
        ended = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
        raise ProfileError(f"the credential process {name} {ended}", hint="run it by hand to see why")
    return _key(name, output, began)


def _words(command: str) -> list[str]:
    """Return the words of the command. Raises ProfileError without quoting them, since one may be a secret."""
    try:
        words = shlex.split(command, posix=os.name == "posix")
    except ValueError:
        raise ProfileError("credential_process has an unclosed quote", hint="quote it as for a shell") from None
    if not words or not words[0] or "\0" in command:
        raise ProfileError("credential_process has no command")
    return words


def _start(
    name: str, command: str, words: list[str], environ: Mapping[str, str], silent: bool
) -> "subprocess.Popen[bytes]":
    """Start the process. Raises ProfileError, which contains only the name from the command."""
    try:
        return subprocess.Popen(  # noqa: S603  the words are the user's own, and no shell reads them
            words if os.name == "posix" else command,
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
    """Return the key in the document `output`. Raises ProfileError without quoting the document."""
    document = responses.json_object(output)
    if document is None:
        raise _invalid(name, "does not print a JSON object")
    mode = document.get("mode")
    if mode not in ("StsToken", "AK"):
        raise _invalid(name, "prints a document whose mode is neither StsToken nor AK")
    try:
        if mode == "AK":
            return responses.access_key(document, *_FIELDS[:2])
        if not document.get("expiration"):
            return responses.access_key(document, *_FIELDS[:3])
        return responses.credentials(document, issued=began, fields=_FIELDS)
    except ValueError as error:
        raise _invalid(name, f"prints an invalid document: {error}") from None


def _invalid(name: str, what: str) -> ProfileError:
    document = '{"mode": "StsToken", "access_key_id": …, "access_key_secret": …, "sts_token": …, "expiration": …}'
    return ProfileError(f"the credential process {name} {what}", hint=f"make it print {document}")
