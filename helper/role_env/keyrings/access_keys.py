"""Store long-lived access keys in the OS keyring, each for one profile of one profiles file.

A mark in the state folder changes whenever a key changes, so that no cached session outlives its key.
"""

import contextlib
import time
from collections.abc import Mapping

from role_env import paths
from role_env.context import Context
from role_env.credentials import AccessKey, has_form_of_secret
from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies
from role_env.keyrings import Entry, profile_entry, vault
from role_env.validators import key_part

SERVICE = "role-env key "
ROTATE_AFTER_DAYS = 90
"""The age at which `list` and `doctor` suggest rotating a key."""
_HEAD = "role-env key 1"
_MARK = "keys"


class SwappedKey(ProfileError):
    """The ID of the key that the keyring has for `profile` is its secret. Another program has stored it."""

    def __init__(self, profile: str) -> None:
        super().__init__(
            f"the access key of {profile} in the keyring: the ID and the secret are swapped",
            hint=f"store it again, the ID first: `role-env login {profile}`",
        )


def entry_of(path: str, profile: str) -> Entry:
    """Return the entry of the key of `profile` in the profiles file at `path`."""
    return profile_entry(SERVICE, path, profile)


def load(entry: Entry, context: Context) -> AccessKey | None:
    """Return the key stored as `entry`, or None. Raises KeyringError, and SwappedKey for a secret in the ID's place."""
    text = vault.read(entry, context)
    key = _parse(text) if text else None
    if key and has_form_of_secret(key.access_key_id):
        raise SwappedKey(entry.username)
    return key


def store(entry: Entry, key: AccessKey, context: Context) -> None:
    """Store the key, and read it back. Raises KeyringError; an earlier key may then still be stored."""
    lines = [_HEAD, key.access_key_id, key.access_key_secret]
    if key.created:
        lines.append(str(key.created))
    vault.write(entry, "\n".join(lines), context)
    touch(context.environ)


def delete(entry: Entry, context: Context) -> None:
    """Delete the key, if there is one. Raises KeyringError."""
    vault.delete(entry, context)
    touch(context.environ)


def age_in_days(created: int) -> int | None:
    """Return the days since `created` (epoch seconds), when a key was; None if that is 0, since it is not known."""
    return max(0, int(time.time()) - created) // 86400 if created else None


def touch(environ: Mapping[str, str]) -> None:
    """Change the mark, so that every cached session checks its source again."""
    with contextlib.suppress(OSError):  # a session of the former key then stays cached until it expires
        paths.touch(environ, _MARK)


def watch_mark(dependencies: Dependencies) -> None:
    """Record the mark in `dependencies`, so that a change of any key counts. There is none without a state folder."""
    with contextlib.suppress(OSError):
        dependencies.watch(f"{paths.state_folder(dependencies.environ)}/{_MARK}")


def _parse(text: str) -> AccessKey | None:
    """Return the key in `text`, or None for another format. Its creation time, the fourth line, may be missing."""
    lines = text.split("\n")
    if len(lines) not in (3, 4) or lines[0] != _HEAD:
        return None
    try:
        return AccessKey(key_part(lines[1]), key_part(lines[2]), created=int(lines[3]) if lines[3:] else 0)
    except ValueError:
        return None
