"""What shares an access key: entries of the keyring, for profiles of any file, and files; and its rotation's journal.

The journal is in the OS keyring. With it, every step can be repeated after a crash. It contains both keys, so that no
crash loses a secret that RAM has sent.
"""

import contextlib
import enum
import time
from collections.abc import Callable, Iterable, Iterator

from role_env.aliyun.location import config_path
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import KeyringError, ProfileError, RefusedError
from role_env.files import locks
from role_env.fingerprint import read_file
from role_env.keyrings import Entry, access_keys, profile_entry, vault

_HEAD = "role-env rotation 1"
_SERVICE = "role-env rotation "
_TRIES = 5
"""How many times the keys may change while this process waits for their locks."""


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


class Holders:
    """The profile `profile` of the profiles file at `path`, and every other entry that may have the same key.

    `others` are the profiles of that file whose key is in the keyring. Entries of other files are found by the index or
    by a search of the Secret Service. `entry` is that of the profile's own key, `journal_entry` that of the journal of
    a rotation that it began. Every method may raise KeyringError.
    """

    def __init__(self, path: str, profile: str, context: Context, *, others: Iterable[str] = ()) -> None:
        self.path = path
        self.profile = profile
        self._context = context
        self.entry = access_keys.entry_of(path, profile)
        self.journal_entry = profile_entry(_SERVICE, path, profile)
        self._others = [access_keys.entry_of(path, name) for name in others]

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

    def check_files(self, access_key_id: str) -> None:
        """Raise RefusedError if the CLI's file or the profiles file contains the key, which would stop working there.

        Also for a file that exists and cannot be read.
        """
        paths = [self.path]
        with contextlib.suppress(ProfileError):  # without a home folder the CLI has no file
            paths.append(config_path(self._context.environ.get("HOME", "")))
        found = [path for path in paths if access_key_id.encode() in _content(path, access_key_id)]
        if found:
            raise RefusedError(
                f"the access key {access_key_id} is also in {' and '.join(found)}, where it would stop working",
                hint="remove it there first, or add --force",
            )

    def _id_in(self, entry: Entry) -> str:
        """Return the ID of the key stored as `entry`, or an empty text."""
        key = access_keys.load(entry, self._call_context)
        return key.access_key_id if key else ""

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

    def new_journal(self, old: AccessKey) -> Journal:
        """Return a new journal of the profile, without storing it."""
        return Journal(self.journal_entry, Step.STARTED, old, started_at=int(time.time()))

    def record(self, journal: Journal, step: Step) -> None:
        """Note in `journal` that `step` is done, and store it."""
        journal.step = step
        lines = [_HEAD, step.value, str(journal.started_at), str(journal.retired_at)]
        for key in (journal.old, journal.new or AccessKey("", "")):
            lines += [key.access_key_id, key.access_key_secret, str(key.created)]
        vault.write(journal.entry, "\n".join(lines), self._call_context)

    def drop(self, journal: Journal | None = None) -> None:
        """Delete `journal` with its secrets; by default the journal of the rotation that the profile began."""
        vault.delete(journal.entry if journal else self.journal_entry, self._call_context)

    # -- the lock --

    @contextlib.contextmanager
    def lock(self, ids: Callable[[], set[str]]) -> Iterator[None]:
        """Lock the access keys that `ids` returns, except empty IDs, against a rotation or a login of any process.

        Without the locks, two rotations of one key would overwrite each other's journal, and a `login` would change the
        key during a rotation. They are in the state folder, which processes of every kind share. `ids` is called again
        once they are held. Raises RefusedError if another process still holds one after ROLE_ENV_TIMEOUT, ProfileError
        without a state folder.
        """
        busy = RefusedError(
            f"another role-env is rotating the key of {self.profile}", hint="try again when it has ended"
        )
        for _ in range(_TRIES):
            wanted = ids() - {""}
            with contextlib.ExitStack() as held:
                for access_key_id in sorted(wanted):  # in one order, so that no two processes wait for each other
                    if held.enter_context(self._lock_of(access_key_id)):
                        raise busy
                if ids() - {""} == wanted:
                    yield
                    return
        raise busy

    def _lock_of(self, access_key_id: str) -> contextlib.AbstractContextManager[bool]:
        waiting = self._context.messages.waiting_for("another role-env, which rotates the same key")
        environ, seconds = self._context.environ, self._call_context.deadline.remaining()
        return locks.hold_in_state(f"rotation\t{access_key_id}", environ, seconds=seconds, waiting=waiting)

    # -- profiles that the file no longer has; the keyring stores each under its profile's name --

    def former(self, names: Iterable[str], *, are_rotated: bool = False) -> list[str]:
        """Return the profiles with a rotation or key in the keyring which the file, that now has `names`, lacks.

        With `are_rotated` only those with a rotation.
        """
        services = [_SERVICE] if are_rotated else [_SERVICE, access_keys.SERVICE]
        found = [name for service in services for name in vault.profiles_of(service, self.path, self._call_context)]
        known = set(names)
        return [name for name in dict.fromkeys(found) if name not in known]

    def check_not_renamed(self, names: Iterable[str]) -> None:
        """Raise ProfileError if the profile has no key or rotation, and a profile that may have been renamed to it has.

        The file has `names`. May also raise Unreadable.
        """
        if self.journal() or self.key():
            return
        if former := self.former(names):
            raise ProfileError(
                f"profile {self.profile} has no access key in the keyring; {self.line(former)}",
                hint=f"if it was renamed, {self.way_back(former[0])}; or store its key: role-env login {self.profile}",
            )

    def line(self, former: Iterable[str]) -> str:
        """Return a sentence on the keys of `former` profiles."""
        return f"the keyring has the key of {' and '.join(former)}, which {self.path} no longer has"

    def way_back(self, former: str) -> str:
        """Return the first part of a hint: what to do before the key of a `former` profile can be used."""
        return f"name the profile {former} again in {self.path}"


def _load(entry: Entry, context: Context) -> Journal | None:
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


def _content(path: str, access_key_id: str) -> bytes:
    """Return the content of a file, empty if there is none. Raises RefusedError if the file cannot be read."""
    try:
        return read_file(path)[0]
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be read ({error.strerror or error}), so it may contain the access key {access_key_id} too",
            hint="make it readable, or add --force",
        ) from None
