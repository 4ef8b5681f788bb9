"""The journal of a key rotation, in the OS keyring. With it, every step can be repeated after a crash.

It contains both keys, so that no crash loses a secret that RAM has sent.
"""

import contextlib
import enum

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import KeyringError
from role_env.keyrings import Entry, profile_entry, vault

_HEAD = "role-env rotation 1"
SERVICE = "role-env rotation "


class Step(enum.Enum):
    """The last step of a rotation known to be done.

    `STARTED` is never stored, as nothing has been sent yet. `CREATING` means that CreateAccessKey may have been sent.
    `CREATED` is also the step of a rotation that goes back.
    """

    STARTED = "started"
    CREATING = "creating"
    CREATED = "created"
    SWAPPED = "swapped"
    RETIRED = "retired"


class Unreadable(KeyringError):
    """The journal is damaged, or was written by a newer role-env."""


class Journal:
    """A rotation from the key `old` to the key `new` (None until it is created), stored as `entry`.

    Times are RAM's (epoch seconds): `started_at`, and `retired_at`, when role-env made the old key inactive, else 0.
    """

    def __init__(
        self,
        entry: Entry,
        step: Step,
        old: AccessKey,
        *,
        started_at: int,
        new: AccessKey | None = None,
        retired_at: int = 0,
    ) -> None:
        self.entry = entry
        self.step = step
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
    def replacement(self) -> AccessKey:
        """The new key, once it is created."""
        if self.new is None:
            raise AssertionError(f"a rotation that is {self.step.value} has a new key")
        return self.new

    def names(self, access_key_id: str) -> bool:
        """Return whether the journal contains the key `access_key_id`."""
        return any(key.access_key_id == access_key_id for key in self.keys)

    def expected(self) -> AccessKey:
        """Return the key that the profile has at this step."""
        return self.new if self.new and self.step in (Step.SWAPPED, Step.RETIRED) else self.old


def entry_of(path: str, profile: str) -> Entry:
    """Return the entry of the journal of a rotation that `profile` in the profiles file at `path` began."""
    return profile_entry(SERVICE, path, profile)


def load(entry: Entry, context: Context) -> Journal | None:
    """Return the journal stored as `entry`, or None. Raises Unreadable, KeyringError."""
    text = vault.read(entry, context)
    if not text:
        return None
    with contextlib.suppress(ValueError):
        head, step, started_at, retired_at, old_id, old_secret, old_created, new_id, new_secret, new_created = (
            text.split("\n")
        )
        if head == _HEAD:
            return Journal(
                entry,
                Step(step),
                AccessKey(old_id, old_secret, created=int(old_created)),
                started_at=int(started_at),
                new=AccessKey(new_id, new_secret, created=int(new_created)) if new_id else None,
                retired_at=int(retired_at),
            )
    raise Unreadable(
        f"the journal of the rotation of {entry.username} is damaged, or of a newer role-env",
        hint=f"update role-env; or drop it, and the secrets in it: role-env rotate {entry.username} --force",
    )


def find(access_key_id: str, context: Context) -> Journal | None:
    """Return the journal, of any profile, that contains the key `access_key_id`, or None. Raises KeyringError."""
    for entry in vault.entries(SERVICE, context):
        with contextlib.suppress(Unreadable):
            journal = load(entry, context)
            if journal and journal.names(access_key_id):
                return journal
    return None


def store(journal: Journal, context: Context) -> None:
    """Write the journal and read it back. Raises KeyringError; then nothing has changed."""
    lines = [_HEAD, journal.step.value, str(journal.started_at), str(journal.retired_at)]
    for key in (journal.old, journal.new or AccessKey("", "")):
        lines += [key.access_key_id, key.access_key_secret, str(key.created)]
    vault.write(journal.entry, "\n".join(lines), context)
