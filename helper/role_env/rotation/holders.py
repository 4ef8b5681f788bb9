"""Find and change the keyring's entries that share an access key: profiles of this file and of others."""

import time
from collections.abc import Iterable

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import KeyringError
from role_env.keyrings import Entry, access_keys, vault
from role_env.rotation import journal as journals
from role_env.rotation.journal import Journal, Step
from role_env.rotation.steps import Present


class Holders:
    """The profile `profile` of the profiles file at `path`, and every other entry that may have the same key.

    `others` are the profiles of that file whose key is in the keyring. Entries of other files are found by the index or
    by a search of the Secret Service. `entry` is that of the profile's own key. Every method may raise KeyringError.
    """

    def __init__(self, path: str, profile: str, context: Context, *, others: Iterable[str] = ()) -> None:
        self.path = path
        self.profile = profile
        self._context = context
        self.entry = access_keys.entry_of(path, profile)
        self._journal = journals.entry_of(path, profile)
        self._others = [access_keys.entry_of(path, name) for name in others]

    @property
    def _call_context(self) -> Context:
        """The context of one use of the keyring: ROLE_ENV_TIMEOUT limits each use rather than the whole rotation."""
        return self._context.restarted()

    def key(self) -> AccessKey | None:
        """Return the key of the profile, or None."""
        return access_keys.load(self.entry, self._call_context)

    def key_id(self) -> str:
        """Return the ID of the profile's key, or an empty text."""
        return self._id_in(self.entry)

    def own_journal(self) -> Journal | None:
        """Return the journal of the rotation that the profile began, or None. May also raise Unreadable."""
        return journals.load(self._journal, self._call_context)

    def record(self, journal: Journal, step: Step) -> None:
        """Note in `journal` that `step` is done, and store it."""
        journal.step = step
        journals.store(journal, self._call_context)

    def drop(self, journal: Journal | None = None) -> None:
        """Delete `journal` with its secrets; by default the journal of the rotation that the profile began."""
        vault.delete(journal.entry if journal else self._journal, self._call_context)

    def journal(self) -> Journal | None:
        """Return the journal of the key's rotation, which this profile or another one with the key began; or None."""
        return self.own_journal() or self.journal_of(self.key_id())

    def journal_of(self, access_key_id: str) -> Journal | None:
        """Return the journal, of any profile, that contains the key `access_key_id`, or None; also for an empty ID."""
        return journals.find(access_key_id, self._call_context) if access_key_id else None

    def new_journal(self, old: AccessKey) -> Journal:
        """Return a new journal of the profile, without storing it."""
        return Journal(self._journal, Step.STARTED, old, started_at=int(time.time()))

    def present(self, journal: Journal) -> Present:
        """Return how the profile's key compares with the journal's keys."""
        key_id = self.key_id()
        if not key_id:
            return Present.NONE
        if key_id == journal.old.access_key_id:
            return Present.OLD
        return Present.NEW if journal.names(key_id) else Present.OTHER

    def store(self, key: AccessKey) -> None:
        """Store `key` as the profile's key."""
        access_keys.store(self.entry, key, self._call_context)

    def of(self, access_key_id: str) -> list[Entry]:
        """Return the entries that have the key `access_key_id`, the profile's own first."""
        stored = vault.entries(access_keys.SERVICE, self._call_context)
        found = {entry.name: entry for entry in [self.entry, *self._others, *stored]}
        return [entry for entry in found.values() if self._id_in(entry) == access_key_id]

    def replace(self, before: AccessKey, after: AccessKey) -> bool:
        """Store `after` in every entry that has `before`, and return whether any had it.

        Warn of other profiles' entries that could not be changed.
        """
        found = self.of(before.access_key_id)
        for entry in found:
            self._context.messages.progress(f"{self.profile}: storing {after.access_key_id} for {entry.username}")
            try:
                access_keys.store(entry, after, self._call_context)
            except KeyringError as fault:
                if entry.name == self.entry.name:
                    raise
                self._context.messages.say(
                    f"profile {entry.username} still has {before.access_key_id} in the keyring: {fault.message}"
                )
        return bool(found)

    def _id_in(self, entry: Entry) -> str:
        """Return the ID of the key stored as `entry`, or an empty text."""
        key = access_keys.load(entry, self._call_context)
        return key.access_key_id if key else ""
