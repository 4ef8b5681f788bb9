"""Long-lived access keys in the system's keyring: load, store, forget. They never go to the kernel keyring or a file.

A key is stored for a profile of one profiles file. A mark in the state folder changes with each login and logout, so
that a session made with another key does not outlive it.
"""

import contextlib
import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from role_env import validators
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import KeyringError
from role_env.keyrings.entry import Entry
from role_env.keyrings.system import SystemKeyring
from role_env.paths import make_private, state_folder

SERVICE = "role-env key "
_HEAD = "role-env key 1"

_HINTS = {
    "darwin": "unlock the login keychain (security unlock-keychain) and try again",
    "win32": "sign in with a password, so that the Credential Manager has a vault, and try again",
}
_HINT = (
    "unlock it, or install gnome-keyring or KeePassXC and run in a session with a D-Bus session bus; where there can be"
    " none, put the key into the profiles file; role-env doctor says more"
)


def load(path: Path, profile: str, context: Context, *, prompts: bool = True) -> AccessKey | None:
    """Return the key of `profile` in the profiles file at `path`, or None.

    Raises KeyringError if the keyring cannot be used; without `prompts` also if it is locked.
    """
    keyring = SystemKeyring(context, prompts=prompts)
    text = keyring.read(_entry(path, profile))
    check(keyring)
    return _parse(text) if text else None


def store(path: Path, profile: str, key: AccessKey, context: Context) -> None:
    """Store the key and read it back. Raises KeyringError, after which nothing new is stored."""
    keyring = SystemKeyring(context)
    entry = _entry(path, profile)
    keyring.write(entry, "\n".join((_HEAD, key.access_key_id, key.access_key_secret)))
    check(keyring)
    stored = keyring.read(entry)
    check(keyring)
    parsed = _parse(stored or "")
    if not parsed or (parsed.access_key_id, parsed.access_key_secret) != (key.access_key_id, key.access_key_secret):
        raise KeyringError("the keyring does not return the key that was stored", hint=hint())
    touch(context.environ)


def check_available(path: Path, profile: str, context: Context) -> None:
    """Raise KeyringError if a key of `profile` could not be stored: no keyring, a locked one, or one without memory."""
    load(path, profile, context)
    if SystemKeyring(context).backend_name().startswith("keyring.backends.null."):
        raise NoKeyring("the keyring that is chosen stores nothing", hint=_HINTS.get(sys.platform, _HINT))


def forget(path: Path, profile: str, context: Context) -> None:
    """Delete the key if there is one. Raises KeyringError."""
    keyring = SystemKeyring(context)
    keyring.forget(_entry(path, profile))
    check(keyring)
    touch(context.environ)


def mark(environ: Mapping[str, str]) -> Path | None:
    """Return the file whose stat changes with each login and logout; None for a user without a state folder."""
    try:
        return state_folder(environ) / "keys"
    except OSError:
        return None


class NoKeyring(KeyringError):
    """There is no keyring at all, so nothing is stored in one."""


def _entry(path: Path, profile: str) -> Entry:
    name = "\0".join((os.path.realpath(path), profile))
    return Entry(SERVICE + hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:24], profile)


def _parse(text: str) -> AccessKey | None:
    """Return the key in `text`, or None if it is damaged or of another format."""
    lines = text.split("\n")
    if len(lines) != 3 or lines[0] != _HEAD:
        return None
    try:
        return AccessKey(validators.key_part(lines[1]), validators.key_part(lines[2]))
    except ValueError:
        return None


def check(keyring: SystemKeyring) -> None:
    """Raise KeyringError, or NoKeyring, if the keyring cannot be used."""
    if keyring.usable:
        return
    kind = NoKeyring if keyring.is_absent else KeyringError
    raise kind(f"the keyring cannot be used: {keyring.reason}", hint=hint())


def hint() -> str:
    """Return what to do about a keyring that cannot be used."""
    return _HINTS.get(sys.platform, _HINT)


def touch(environ: Mapping[str, str]) -> None:
    """Change the mark: whoever has cached a session looks again for what it was made with."""
    path = mark(environ)
    if path:
        with contextlib.suppress(OSError):  # then a session made with another key lasts until it expires
            make_private(path.parent)
            path.write_bytes(b"")
            os.utime(path)
