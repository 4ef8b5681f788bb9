"""The journal of a rotation, in the OS keyring.

With it, every step can be repeated after a crash. It contains both keys, so that no crash loses a secret that RAM has
sent.
"""

from contextlib import suppress

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import KeyringError
from role_env.keyrings import Entry, vault

SERVICE = "role-env rotation "
"""The prefix of the services of these entries."""
_HEAD = "role-env rotation 1"


class Unreadable(KeyringError):
    """The journal is damaged, or was written by a newer role-env."""


class Journal:
    """A rotation from the key `old` to the key `new`, stored as `entry`.

    Times are RAM's (epoch seconds). `started_at` is 0 until CreateAccessKey may have been sent, and before that the
    journal is not stored. `new` is None until the answer is stored. `retired_at` is when role-env had made the old key
    inactive, else 0.
    """

    def __init__(
        self, entry: Entry, old: AccessKey, new: AccessKey | None = None, *, started_at: int = 0, retired_at: int = 0
    ) -> None:
        self.entry = entry
        self.old = old
        self.new = new
        self.started_at = started_at
        self.retired_at = retired_at

    @property
    def keys(self) -> list[AccessKey]:
        """The keys in the journal, the old one first."""
        return [self.old, *([self.new] if self.new else [])]

    @property
    def old_id(self) -> str:
        """The ID of the old key."""
        return self.old.access_key_id

    @property
    def new_id(self) -> str:
        """The ID of the new key, empty until it is created."""
        return self.new.access_key_id if self.new else ""

    @property
    def expected(self) -> AccessKey:
        """The key to store if the profile has none."""
        return self.new if self.new and self.retired_at else self.old

    def names(self, access_key_id: str) -> bool:
        """Return whether the journal contains the key `access_key_id`."""
        return any(key.access_key_id == access_key_id for key in self.keys)


def load(entry: Entry, context: Context) -> Journal | None:
    """Return the journal stored as `entry`, or None. Raises KeyringError, Unreadable."""
    text = vault.read(entry, context)
    if not text:
        return None
    with suppress(ValueError):
        head, started_at, retired_at, *keys = text.split("\n")
        old_id, old_secret, old_created, new_id, new_secret, new_created = keys
        if head == _HEAD:
            return Journal(
                entry,
                AccessKey(old_id, old_secret, created=int(old_created)),
                AccessKey(new_id, new_secret, created=int(new_created)) if new_id else None,
                started_at=int(started_at),
                retired_at=int(retired_at),
            )
    raise Unreadable(f"the journal of the rotation of {entry.username} is damaged, or of a newer role-env")


def store(journal: Journal, context: Context) -> None:
    """Store `journal` as its entry. Raises KeyringError."""
    lines = [_HEAD, str(journal.started_at), str(journal.retired_at)]
    for key in (journal.old, journal.new or AccessKey("", "")):
        lines += [key.access_key_id, key.access_key_secret, str(key.created)]
    vault.write(journal.entry, "\n".join(lines), context)
