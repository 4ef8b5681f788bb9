"""Set a session for the later steps of a GitHub job, by the runner's workflow commands and files.

The log is usually public, so the first output asks the runner to mask each secret. Then the variables go into the file
that GITHUB_ENV names, and the session's expiration and role into that of GITHUB_OUTPUT. See
https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions.
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping

from role_env import shells, ui, validators
from role_env.credentials import Session, format_utc
from role_env.errors import ProfileError, RoleEnvError
from role_env.shells import export as exporters


def export(obtain: Callable[[], Session], environ: Mapping[str, str]) -> None:
    """Obtain a session, mask its secrets, set its variables for the later steps, and write the step's outputs.

    Before it calls `obtain`, it raises ProfileError outside of a step, or if the step's files cannot be opened. Raises
    what `obtain` raises, ProfileError for a value with a line break or another control character, and RoleEnvError if
    a file cannot be written; then no variable is set.
    """
    variables_file, *outputs_files = _open_files(environ)
    session = obtain()
    outputs = {"expiration": format_utc(session.credentials.expiration), "role_arn": session.role_arn}
    written = exporters.document_variables(session, environ)
    _check_lines({**outputs, **written})
    ui.write("".join(f"::add-mask::{value.replace('%', '%25')}\n" for value in _to_mask(session)))
    for file in outputs_files:
        _append(file, outputs)
    _append(variables_file, written)


def take_away_session(environ: Mapping[str, str]) -> None:
    """If an earlier step has set a session, leave the later steps without any account. Raises RoleEnvError.

    A step cannot unset a variable, so each one is set to an empty text.
    """
    if found := shells.no_account(environ):
        variables_file, *_ = _open_files(environ)
        _append(variables_file, exporters.values_after(found, environ))


def _open_files(environ: Mapping[str, str]) -> list[int]:
    if not environ.get("GITHUB_ENV"):
        raise ProfileError(
            "--format github is for a step of a GitHub job, and GITHUB_ENV is not set",
            hint='elsewhere in CI: eval "$(role-env PROFILE || echo false)"',
        )
    return [_open(name, environ[name]) for name in ("GITHUB_ENV", "GITHUB_OUTPUT") if environ.get(name)]


def _open(name: str, path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a path"
        raise ProfileError(f"the file that {name} names cannot be opened: {reason}") from None


def _check_lines(values: Mapping[str, str]) -> None:
    """Raise ProfileError for a value of several lines, which the log's commands and the files cannot contain."""
    for name, value in values.items():
        try:
            validators.one_line(value)
        except ValueError as error:
            raise ProfileError(f"{name} {error}, and nothing was set", hint="give it another value") from None


def _to_mask(session: Session) -> Iterator[str]:
    """Yield the values to mask. The first is the key's ID, which is not a secret.

    If another program has left an unfinished line, the runner does not recognize the first command and shows it.
    """
    for key in filter(None, (session.credentials, session.base_key)):
        yield from filter(None, (key.access_key_id, key.access_key_secret, key.security_token))


def _append(descriptor: int, values: Mapping[str, str]) -> None:
    size = os.fstat(descriptor).st_size
    # The file's content may end without a line break.
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
    """Return a variable with its value between two unguessable lines, so that no value can set another variable."""
    name, value = item
    delimiter = f"role_env_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
