"""What shares an access key: entries of the keyring, for profiles of any file; other files; and its rotation."""

import contextlib
from collections.abc import Iterator

from role_env.aliyun.location import config_path
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import KeyringError, RefusedError
from role_env.files import locks
from role_env.files.dependencies import read_file
from role_env.keyrings import Entry, access_keys, profile_entry, vault
from role_env.rotation import journal as journals
from role_env.rotation.journal import Journal, Unreadable

# How many times the keys may change while this process waits for their locks.
_TRIES = 5


class Holders:
    """The profile `profile` of the profiles file at `path`, and every other entry that may have the same key.

    Entries of other profiles are found by the index or by a search of the Secret Service. `entry` is that of the
    profile's own key, `journal_entry` that of the journal of a rotation that it began. `rotate_line` is the line that
    continues its rotation, at the same `ram_endpoint` if an option names one. Every method may raise KeyringError.
    """

    def __init__(self, path: str, profile: str, context: Context, *, ram_endpoint: str = "") -> None:
        self.path = path
        self.profile = profile
        self._context = context
        self.entry = access_keys.entry_of(path, profile)
        self.journal_entry = profile_entry(journals.SERVICE, path, profile)
        option = f" --ram-endpoint {ram_endpoint}" if ram_endpoint else ""
        self.rotate_line = f"role-env rotate {profile}{option}"

    @property
    def _call_context(self) -> Context:
        """The context of one use of the keyring: ROLE_ENV_TIMEOUT limits each use rather than the whole rotation."""
        return self._context.restarted()

    # -- the key --

    def key(self) -> AccessKey | None:
        """Return the key of the profile, or None."""
        return access_keys.load(self.entry, self._call_context)

    def known_key(self) -> AccessKey | None:
        """Return the key of the profile, or None, also for one that cannot be used: its ID and secret are swapped."""
        with contextlib.suppress(access_keys.SwappedKey):
            return self.key()
        return None

    def key_id(self) -> str:
        """Return the ID of the profile's key, or an empty text."""
        return self._id_in(self.entry)

    def store(self, key: AccessKey) -> None:
        """Store `key` as the profile's key."""
        access_keys.store(self.entry, key, self._call_context)

    def of(self, access_key_id: str) -> list[Entry]:
        """Return the entries that have the key `access_key_id`, the profile's own first."""
        stored = vault.entries(access_keys.SERVICE, self._call_context)
        found = {entry.name: entry for entry in [self.entry, *stored]}
        return [entry for entry in found.values() if self._id_in(entry) == access_key_id]

    def replace(self, before: AccessKey, after: AccessKey) -> bool:
        """Store `after` where `before` is, and return whether it was anywhere.

        If an entry of another profile cannot be written, warn and continue.
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

    def check_files(self, access_key_id: str) -> None:
        """Raise RefusedError if the CLI's file or the profiles file, as far as they can be read, contains the key."""
        found = []
        for path in (self.path, config_path(self._context.environ.get("HOME", ""))):
            with contextlib.suppress(OSError):
                if access_key_id.encode() in read_file(path)[0]:
                    found.append(path)
        if found:
            raise RefusedError(
                f"the access key {access_key_id} is also in {' and '.join(found)}, where it would stop working",
                hint=f"remove it there first, or rotate it all the same: `{self.rotate_line} --force`",
            )

    def shown_key(self) -> str:
        """Return what to call the profile's key in messages; empty if there is none."""
        try:
            key = access_keys.load(self.entry, self._call_context)
        except access_keys.SwappedKey:
            return "(its ID and its secret were swapped)"
        return key.shown_id if key else ""

    def _id_in(self, entry: Entry) -> str:
        with contextlib.suppress(access_keys.SwappedKey):  # of another profile, or to be replaced or removed
            key = access_keys.load(entry, self._call_context)
            return key.access_key_id if key else ""
        return ""

    # -- its rotation --

    def journal(self) -> Journal | None:
        """Return the journal of the key's rotation, which this profile or another one with the key began; or None.

        Raises Unreadable for a damaged one of this profile.
        """
        return self.own_journal() or self._journal_of(self.key_id())

    def own_journal(self) -> Journal | None:
        """Return the journal of the rotation that the profile began, or None. Raises Unreadable for a damaged one."""
        try:
            return journals.load(self.journal_entry, self._call_context)
        except Unreadable as damaged:
            damaged.hint = f"update role-env; or drop it, and the secrets in it: `{self.rotate_line} --abort`"
            raise

    def record(self, journal: Journal) -> None:
        """Store `journal`."""
        journals.store(journal, self._call_context)

    def drop(self, journal: Journal | None = None) -> None:
        """Delete `journal` with its secrets; by default the journal of the rotation that the profile began."""
        vault.delete(journal.entry if journal else self.journal_entry, self._call_context)

    def is_rotating(self) -> bool:
        """Return whether a rotation of the profile's key is under way, also if its journal is damaged."""
        try:
            return self.journal() is not None
        except Unreadable:
            return True

    def check_not_rotating(self) -> None:
        """Raise RefusedError with the lines that end the rotation, if one of the profile's key is under way."""
        journal = self.journal()
        if not journal:
            return
        keys = " to ".join(key.access_key_id for key in journal.keys)
        forward = f"`{self.rotate_line} --finish`"
        if not journal.retired_at:
            forward = f"`{self.rotate_line}`, then {forward}"
        raise RefusedError(
            f"the access key of {self.profile} is being rotated ({keys}), and until that ends nothing else changes it",
            hint=f"finish the rotation: {forward}; or go back: `{self.rotate_line} --abort`",
        )

    def _journal_of(self, access_key_id: str) -> Journal | None:
        """Return the journal, of any profile, that contains the key `access_key_id`, or None; also for an empty ID."""
        context = self._call_context
        for entry in vault.entries(journals.SERVICE, context) if access_key_id else ():
            with contextlib.suppress(Unreadable):
                journal = journals.load(entry, context)
                if journal and journal.names(access_key_id):
                    return journal
        return None

    # -- the lock --

    @contextlib.contextmanager
    def unrotated(self, next_id: str = "") -> Iterator[None]:
        """Lock the profile's key while it is replaced by the key `next_id` or removed.

        Raises RefusedError if a rotation of it is under way.
        """
        with self.lock(next_id):
            self.check_not_rotating()
            yield

    @contextlib.contextmanager
    def lock(self, next_id: str = "") -> Iterator[None]:
        """Lock the profile's key, the key `next_id`, and their rotations against those and a login of any process.

        Without the locks, two rotations of one key would overwrite each other's journal, and a `login` could store a
        key that is being replaced. They are in the state folder, which processes of every kind share. Raises
        RefusedError if another process still holds one after ROLE_ENV_TIMEOUT, ProfileError without a state folder.
        """
        busy = RefusedError(
            f"another role-env is rotating the key of {self.profile}", hint="try again when it has ended"
        )
        for _ in range(_TRIES):
            wanted = self._locked_ids(next_id)
            with contextlib.ExitStack() as held:
                for access_key_id in sorted(wanted):  # in one order, so that no two processes wait for each other
                    if held.enter_context(self._lock_of(access_key_id)):
                        raise busy
                if self._locked_ids(next_id) == wanted:
                    yield
                    return
        raise busy

    def _locked_ids(self, next_id: str) -> set[str]:
        ids = {self.key_id(), next_id} - {""}
        found = [self._journal_of(access_key_id) for access_key_id in ids]
        with contextlib.suppress(Unreadable):
            found.append(self.own_journal())
        return ids | {journal.old_id for journal in found if journal}

    def _lock_of(self, access_key_id: str) -> contextlib.AbstractContextManager[bool]:
        waiting = self._context.messages.waiting_for("another role-env, which rotates the same key")
        environ, seconds = self._context.environ, self._call_context.deadline.remaining()
        return locks.hold_in_state(f"rotation\t{access_key_id}", environ, seconds=seconds, waiting=waiting)
