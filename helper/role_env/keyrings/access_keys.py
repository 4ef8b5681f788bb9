"""Long-lived access keys in the OS keyring, each for a profile of one profiles file.

A mark in the state folder changes with each change of a key, so that no session outlives the key it was made with.
"""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

from role_env import paths
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.fingerprint import Fingerprint
from role_env.keyrings import vault
from role_env.keyrings.entry import Entry, profile_entry
from role_env.validators import key_part

SERVICE = "role-env key "
ROTATE_AFTER_DAYS = 90
"""The age at which `list` and `doctor` suggest to rotate a key."""
_HEAD = "role-env key 1"
_MARK = "keys"


def entry_of(path: Path, profile: str) -> Entry:
    """Return the entry of the key of `profile` in the profiles file at `path`."""
    return profile_entry(SERVICE, path, profile)


def entries(context: Context) -> list[Entry]:
    """Return the entries of all keys that can be found, of any profiles file. Raises KeyringError."""
    return vault.entries(SERVICE, context)


def load(path: Path, profile: str, context: Context, *, prompts: bool = True) -> AccessKey | None:
    """Return the key of `profile` in the profiles file at `path`, or None.

    Raises KeyringError if the keyring cannot be used; without `prompts` also if it is locked.
    """
    return load_entry(entry_of(path, profile), context, prompts=prompts)


def load_entry(entry: Entry, context: Context, *, prompts: bool = True) -> AccessKey | None:
    """Return the key that is stored as `entry`, or None. Raises as `load`."""
    text = vault.read(entry, context, prompts=prompts)
    return _parse(text) if text else None


def store(path: Path, profile: str, key: AccessKey, context: Context) -> None:
    """Store the key, and read it back. Raises KeyringError; an earlier key may then still be stored."""
    store_entry(entry_of(path, profile), key, context)


def store_entry(entry: Entry, key: AccessKey, context: Context) -> None:
    """Store the key as `entry`, as `store` does."""
    lines = [_HEAD, key.access_key_id, key.access_key_secret]
    if key.created:
        lines.append(str(key.created))
    vault.write(entry, "\n".join(lines), context)
    touch(context.environ)


def delete(path: Path, profile: str, context: Context) -> None:
    """Delete the key, if there is one. Raises KeyringError."""
    vault.delete(entry_of(path, profile), context)
    touch(context.environ)


def check_available(path: Path, profile: str, context: Context, *, prompts: bool = True) -> None:
    """Raise KeyringError if a key of `profile` could not be stored; without `prompts` also if that needs a person."""
    vault.check_available(entry_of(path, profile), context, prompts=prompts)


def age(key: AccessKey) -> int | None:
    """Return the days since `key` was created, or None if that is unknown."""
    return max(0, int(time.time()) - key.created) // 86400 if key.created else None


def watch_mark(fingerprint: Fingerprint) -> None:
    """Add the mark, whose stat changes with each change of a key; a user without a state folder has none."""
    with contextlib.suppress(OSError):
        fingerprint.watch(f"{paths.state_folder(fingerprint.environ)}/{_MARK}")


def _parse(text: str) -> AccessKey | None:
    """Return the key in `text`, or None if it is damaged or of another format.

    The fourth line, the time of its creation, is missing where RAM did not say it.
    """
    lines = text.split("\n")
    if len(lines) not in (3, 4) or lines[0] != _HEAD:
        return None
    try:
        return AccessKey(key_part(lines[1]), key_part(lines[2]), created=int(lines[3]) if lines[3:] else 0)
    except ValueError:
        return None


def touch(environ: Mapping[str, str]) -> None:
    """Change the mark: whoever has cached a session looks again for what it was made with."""
    with contextlib.suppress(OSError):  # then a session that was made with another key lasts until its end
        paths.touch(environ, _MARK)
