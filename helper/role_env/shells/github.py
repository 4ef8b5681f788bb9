"""A session for the later steps of a GitHub job, by the runner's workflow commands and its files.

The log is public, as a rule: the runner is told to mask each secret before anything else. Then the variables go into
the file that GITHUB_ENV names, and what later steps may want to know into that of GITHUB_OUTPUT. See
https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping

from role_env import timestamps, variables
from role_env.credentials import Session
from role_env.errors import ProfileError, RoleEnvError
from role_env.shells import export as exporters
from role_env.ui import stdout as output

_ESCAPES = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})


class Step:
    """A step of a job whose variables are `environ`.

    `variables_file` and `outputs_file` are open descriptors, None where the runner gives no file.
    """

    def __init__(self, environ: Mapping[str, str], variables_file: int, outputs_file: int | None) -> None:
        self._environ = environ
        self._variables_file = variables_file
        self._outputs_file = outputs_file

    def export(self, session: Session) -> None:
        """Masks the secrets of `session`, sets its variables for the later steps, and tells its end and its role.

        Raises RoleEnvError when it cannot be written; then no variable is set.
        """
        output.write("".join(f"::add-mask::{value.translate(_ESCAPES)}\n" for value in _to_mask(session)))
        if self._outputs_file is not None:
            expiration = timestamps.format_utc(session.credentials.expiration)
            _append(self._outputs_file, {"expiration": expiration, "role_arn": session.role_arn})
        _append(self._variables_file, {**self._outranking(session), **dict(variables.assignments(session))})

    def _outranking(self, session: Session) -> dict[str, str]:
        """Return the variables that must not stand beside the session, each empty, since a step cannot unset one."""
        after = exporters.environment(session, self._environ)
        return {name: "" for name, value in self._environ.items() if value and name not in after}


@contextlib.contextmanager
def opened(environ: Mapping[str, str]) -> Iterator[Step]:
    """Yield the step that this process runs in. Raises ProfileError outside one, or if its files cannot be opened."""
    if not environ.get("GITHUB_ENV"):
        raise ProfileError(
            "--format github is for a step of a GitHub job, and GITHUB_ENV is not set",
            hint='elsewhere in CI: eval "$(role-env PROFILE || echo false)"',
        )
    with contextlib.ExitStack() as files:
        descriptors = [_opened(name, environ, files) for name in ("GITHUB_ENV", "GITHUB_OUTPUT") if environ.get(name)]
        yield Step(environ, descriptors[0], descriptors[1] if len(descriptors) > 1 else None)


def _opened(name: str, environ: Mapping[str, str], files: contextlib.ExitStack) -> int:
    try:
        descriptor = os.open(environ[name], os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no path"
        raise ProfileError(f"the file that {name} names cannot be opened: {reason}") from None
    files.callback(os.close, descriptor)
    return descriptor


def _to_mask(session: Session) -> Iterator[str]:
    """Yield the values to mask, of each key the ID first, which is not a secret.

    After half a line of somebody else's the runner takes the next line for no command, and shows it.
    """
    for key in filter(None, (session.credentials, session.base)):
        yield from filter(None, (key.access_key_id, key.access_key_secret, key.security_token))


def _append(descriptor: int, values: Mapping[str, str]) -> None:
    """Append all of `values` in one write, or nothing."""
    size = os.fstat(descriptor).st_size
    # What stands there may end without a line break.
    text = "".join(("\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else "", *map(_block, values.items())))
    data = text.encode("utf-8", "surrogateescape")
    try:
        written = os.write(descriptor, data)
        reason = "" if written == len(data) else "no space is left"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    if reason:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)
        raise RoleEnvError(f"the step's file could not be written: {reason}")


def _block(item: tuple[str, str]) -> str:
    """Return a variable with its value between two lines that nobody can guess.

    No value can end it and begin another.
    """
    name, value = item
    delimiter = f"role_env_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
