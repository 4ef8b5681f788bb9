"""Long-lived access keys in the OS keyring: load, store, forget. They never go to the kernel's keyring or to a file.

A key is kept for a profile of one profiles file. A mark in the state folder changes with each login and logout, so
that a session made with another key does not outlive it.
"""

import contextlib
import hashlib
import os
import sys
from pathlib import Path

from role_env import validators as keys
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
    "unlock it, or install one (gnome-keyring, KeePassXC) and run in a session that has a D-Bus session bus; where"
    " there can be none, put the key into the profiles file; role-env doctor tells more"
)


def load(path: Path, profile: str, context: Context, *, prompts: bool = True) -> AccessKey | None:
    """The key of `profile` in the profiles file at `path`, or None. Raises KeyringError when it cannot be told; without
    `prompts` also when the keyring is locked.
    """
    keyring = _keyring(context, prompts=prompts)
    text = keyring.read(_entry(path, profile))
    _check(keyring)
    return _parsed(text) if text else None


def store(path: Path, profile: str, key: AccessKey, context: Context) -> None:
    """Keeps the key, and reads it back. Raises KeyringError, after which nothing is kept that was not before."""
    keyring = _keyring(context)
    entry = _entry(path, profile)
    keyring.write(entry, "\n".join((_HEAD, key.access_key_id, key.access_key_secret)))
    _check(keyring)
    kept = keyring.read(entry)
    _check(keyring)
    parsed = _parsed(kept or "")
    if not parsed or (parsed.access_key_id, parsed.access_key_secret) != (key.access_key_id, key.access_key_secret):
        raise KeyringError("the keyring does not give back what it was given", hint=_HINTS.get(sys.platform, _HINT))
    _touch()


def forget(path: Path, profile: str, context: Context) -> None:
    """Removes the key, if there is one. Raises KeyringError."""
    keyring = _keyring(context)
    keyring.forget(_entry(path, profile))
    _check(keyring)
    _touch()


def mark() -> Path | None:
    """The file whose stat changes with each login and logout; None for a user without a place for it."""
    try:
        return state_folder() / "keys"
    except OSError:
        return None


class NoKeyring(KeyringError):
    """There is no keyring at all, so that nothing is kept in one."""


def _keyring(context: Context, *, prompts: bool = True) -> SystemKeyring:
    return SystemKeyring(context, prompts=prompts)


def _entry(path: Path, profile: str) -> Entry:
    name = "\0".join((os.path.realpath(path), profile))
    return Entry(SERVICE + hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:24], profile)


def _parsed(text: str) -> AccessKey | None:
    """The key in `text`, or None when it is damaged or of another format."""
    lines = text.split("\n")
    if len(lines) != 3 or lines[0] != _HEAD:
        return None
    try:
        return AccessKey(keys.key_part(lines[1]), keys.key_part(lines[2]))
    except ValueError:
        return None


def _check(keyring: SystemKeyring) -> None:
    if keyring.usable:
        return
    kind = NoKeyring if keyring.absent else KeyringError
    raise kind(f"the keyring cannot be used: {keyring.fault}", hint=_HINTS.get(sys.platform, _HINT))


def _touch() -> None:
    path = mark()
    if path:
        with contextlib.suppress(OSError):  # then a session that was made with another key lasts until its end
            make_private(path.parent)
            path.write_bytes(b"")
            os.utime(path)
