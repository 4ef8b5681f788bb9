"""What shares an access key: entries of the keyring, for profiles of any file, and files; and its rotation's journal.

The journal is in the OS keyring. With it, every step can be repeated after a crash. It contains both keys, so that no
crash loses a secret that RAM has sent.
"""

import contextlib
from collections.abc import Collection, Iterator

from role_env.aliyun.location import config_path
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.dataclass import dataclass
from role_env.errors import KeyringError, ProfileError, RefusedError
from role_env.files import locks
from role_env.files.dependencies import read_file
from role_env.keyrings import Entry, access_keys, profile_entry, vault

_HEAD = "role-env rotation 1"
_SERVICE = "role-env rotation "
_TRIES = 5
"""How many times the keys may change while this process waits for their locks."""


class Unreadable(KeyringError):
    """The journal is damaged, or was written by a newer role-env."""


@dataclass(frozen=False)
class Journal:
    """A rotation from the key `old` to the key `new`, stored as `entry`.

    Times are RAM's (epoch seconds). `started_at` is 0 until CreateAccessKey may have been sent, and before that the
    journal is not stored. `new` is None until the answer is stored. `retired_at` is when role-env had made the old key
    inactive, else 0.
    """

    entry: Entry
    old: AccessKey
    new: AccessKey | None = None
    started_at: int = 0
    retired_at: int = 0

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
    def is_unanswered(self) -> bool:
        """Whether RAM may have created a key whose secret is not stored."""
        return bool(self.started_at) and not self.new

    @property
    def expected(self) -> AccessKey:
        """The key to store if the profile has none."""
        return self.new if self.new and self.retired_at else self.old

    def names(self, access_key_id: str) -> bool:
        """Return whether the journal contains the key `access_key_id`."""
        return any(key.access_key_id == access_key_id for key in self.keys)


class Holders:
    """The profile `profile` of the profiles file at `path`, and every other entry that may have the same key.

    Entries of other profiles are found by the index or by a search of the Secret Service. `names` are the file's
    profiles, None if it cannot be read. `entry` is that of the profile's own key, `journal_entry` that of the journal
    of a rotation that it began. Every method may raise KeyringError.
    """

    def __init__(self, path: str, profile: str, context: Context, names: Collection[str] | None = None) -> None:
        self.path = path
        self.profile = profile
        self._context = context
        self._names = names
        self.entry = access_keys.entry_of(path, profile)
        self.journal_entry = profile_entry(_SERVICE, path, profile)

    @property
    def _call_context(self) -> Context:
        """The context of one use of the keyring: ROLE_ENV_TIMEOUT limits each use rather than the whole rotation."""
        return self._context.restarted()

    # -- the key --

    def key(self) -> AccessKey | None:
        """Return the key of the profile, or None."""
        return access_keys.load(self.entry, self._call_context)

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
        """Store `after` where `before` is, warn of other profiles' failures, and return whether it was anywhere."""
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
                hint="remove it there first, or add --force",
            )

    def _id_in(self, entry: Entry) -> str:
        with contextlib.suppress(access_keys.SwappedKey):  # of another profile, or to be replaced or removed
            key = access_keys.load(entry, self._call_context)
            return key.access_key_id if key else ""
        return ""

    # -- the journal --

    def own_journal(self) -> Journal | None:
        """Return the journal of the rotation that the profile began, or None. May also raise Unreadable."""
        return _load(self.journal_entry, self._call_context)

    def journal(self) -> Journal | None:
        """Return the journal of the key's rotation, which this profile or another one with the key began; or None."""
        return self.own_journal() or self.journal_of(self.key_id())

    def journal_of(self, access_key_id: str) -> Journal | None:
        """Return the journal, of any profile, that contains the key `access_key_id`, or None; also for an empty ID."""
        context = self._call_context
        for entry in vault.entries(_SERVICE, context) if access_key_id else ():
            with contextlib.suppress(Unreadable):
                journal = _load(entry, context)
                if journal and journal.names(access_key_id):
                    return journal
        return None

    def record(self, journal: Journal) -> None:
        """Store `journal`."""
        lines = [_HEAD, str(journal.started_at), str(journal.retired_at)]
        for key in (journal.old, journal.new or AccessKey("", "")):
            lines += [key.access_key_id, key.access_key_secret, str(key.created)]
        vault.write(journal.entry, "\n".join(lines), self._call_context)

    def drop(self, journal: Journal | None = None) -> None:
        """Delete `journal` with its secrets; by default the journal of the rotation that the profile began."""
        vault.delete(journal.entry if journal else self.journal_entry, self._call_context)

    # -- the lock --

    @contextlib.contextmanager
    def lock(self, next_id: str = "") -> Iterator[None]:
        """Lock the profile's key, the key `next_id`, and their rotations against those and a login of any process.

        Without the locks, two rotations of one key would overwrite each other's journal, and a `login` would change the
        key during a rotation. They are in the state folder, which processes of every kind share. Raises RefusedError if
        another process still holds one after ROLE_ENV_TIMEOUT, ProfileError without a state folder.
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
        journals = [self.journal_of(access_key_id) for access_key_id in ids]
        with contextlib.suppress(Unreadable):
            journals.append(self.own_journal())
        return ids | {journal.old_id for journal in journals if journal}

    def _lock_of(self, access_key_id: str) -> contextlib.AbstractContextManager[bool]:
        waiting = self._context.messages.waiting_for("another role-env, which rotates the same key")
        environ, seconds = self._context.environ, self._call_context.deadline.remaining()
        return locks.hold_in_state(f"rotation\t{access_key_id}", environ, seconds=seconds, waiting=waiting)

    # -- profiles that the file no longer has; the keyring stores each under its profile's name --

    @property
    def is_in_file(self) -> bool:
        """Whether the file has the profile, as far as it can be read."""
        return self._names is None or self.profile in self._names

    def renamed(self) -> str:
        """Return a sentence on the keys of profiles that the file no longer has, empty if there are none."""
        if self._names is None:
            return ""
        services = (_SERVICE, access_keys.SERVICE)
        found = [name for service in services for name in vault.profiles_of(service, self.path, self._call_context)]
        former = [name for name in dict.fromkeys(found) if name not in self._names]
        if not former:
            return ""
        return (
            f"the keyring has the key of {' and '.join(former)}, which {self.path} no longer has; if it was renamed,"
            f" {self.way_back(former[0])}; or remove its key: `role-env logout {former[0]}`"
        )

    def way_back(self, former: str) -> str:
        """Return the first part of a hint: what to do before the key of a `former` profile can be used."""
        return f"name the profile {former} again in {self.path}"

    def no_key(self) -> ProfileError:
        """Return the error for a profile without a key and a rotation, which may be one that was renamed."""
        renamed = self.renamed()
        return ProfileError(
            f"profile {self.profile} has no access key in the keyring",
            hint=f"store it: `role-env login {self.profile}`{renamed and f'; {renamed}'}",
        )


def _load(entry: Entry, context: Context) -> Journal | None:
    text = vault.read(entry, context)
    if not text:
        return None
    with contextlib.suppress(ValueError):
        head, started_at, retired_at, old_id, old_secret, old_created, new_id, new_secret, new_created = text.split(
            "\n"
        )
        if head == _HEAD:
            return Journal(
                entry,
                AccessKey(old_id, old_secret, created=int(old_created)),
                AccessKey(new_id, new_secret, created=int(new_created)) if new_id else None,
                started_at=int(started_at),
                retired_at=int(retired_at),
            )
    raise Unreadable(
        f"the journal of the rotation of {entry.username} is damaged, or of a newer role-env",
        hint=f"update role-env; or drop it, and the secrets in it: `role-env rotate {entry.username} --force`",
    )
