"""The journal of a key rotation, in the OS keyring: with it every step can be repeated after a crash.

It contains both keys, so that no state of a rotation loses a secret that we had received.
"""

import enum
from pathlib import Path

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.keyrings import vault
from role_env.keyrings.entry import Entry, profile_entry

_HEAD = "role-env rotation 1"
_SERVICE = "role-env rotation "


class Step(enum.Enum):
    """The last step of a rotation that is known to be done."""

    STARTED = "started"
    CREATED = "created"
    SWAPPED = "swapped"
    RETIRED = "retired"
    ABORTING = "aborting"


class Journal:
    """A rotation of the key `old` by the key `new`, which is None before it is created.

    `swapped_at` is in epoch seconds, 0 before the swap.
    """

    __slots__ = ("new", "old", "started_at", "step", "swapped_at")

    def __init__(
        self, step: Step, old: AccessKey, *, started_at: int, new: AccessKey | None = None, swapped_at: int = 0
    ) -> None:
        self.step = step
        self.old = old
        self.new = new
        self.started_at = started_at
        self.swapped_at = swapped_at


def journal_entry(path: Path, profile: str) -> Entry:
    """Return the entry of the journal of the rotation of `profile`'s key."""
    return profile_entry(_SERVICE, path, profile)


def load(path: Path, profile: str, context: Context) -> Journal | None:
    """Return the journal of the rotation of `profile`'s key, or None if there is none. Raises KeyringError."""
    text = vault.read(journal_entry(path, profile), context)
    lines = text.split("\n") if text else []
    if len(lines) != 10 or lines[0] != _HEAD:
        return None
    _, step, started_at, swapped_at, old_id, old_secret, old_created, new_id, new_secret, new_created = lines
    return Journal(
        Step(step),
        AccessKey(old_id, old_secret, created=int(old_created)),
        started_at=int(started_at),
        new=AccessKey(new_id, new_secret, created=int(new_created)) if new_id else None,
        swapped_at=int(swapped_at),
    )


def store(path: Path, profile: str, journal: Journal, context: Context) -> None:
    """Write the journal and read it back. Raises KeyringError, after which nothing has changed."""
    lines = [_HEAD, journal.step.value, str(journal.started_at), str(journal.swapped_at)]
    for key in (journal.old, journal.new or AccessKey("", "")):
        lines += [key.access_key_id, key.access_key_secret, str(key.created)]
    vault.write(journal_entry(path, profile), "\n".join(lines), context)


def delete(path: Path, profile: str, context: Context) -> None:
    """Remove the journal, if there is one. Raises KeyringError."""
    vault.delete(journal_entry(path, profile), context)
