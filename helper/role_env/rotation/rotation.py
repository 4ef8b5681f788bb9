"""Replace a profile's access key in the OS keyring by a new one, in steps that can be killed and repeated.

The order is what keeps both a working key and the way back at every moment: the new key is stored beside the old one
and works before it takes the old one's place; the old one stays until `finish`. The journal says what is done.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from role_env import locks, timestamps
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.deadline import Deadline
from role_env.errors import KeyringError, ProfileError, RefusedError, RoleEnvError, UnreachableError
from role_env.keyrings import access_keys
from role_env.rotation import journal as rotation_journal
from role_env.rotation.journal import Journal, Step
from role_env.rotation.ram import KeyState, Ram
from role_env.sts import client

PROPAGATION_SECONDS = 60.0
"""How long a new key may take to work everywhere before the rotation says so and waits for another call."""
_PAUSE_SECONDS = 1.0
_NOT_YET = ("InvalidAccessKeyId", "SignatureDoesNotMatch")


class Rotation:
    """The rotation of the key of `profile` in the profiles file at `path`, checked by STS at `endpoint`.

    `names` are the profiles of the file whose key is in the keyring; `drop_sessions` deletes the cached sessions that
    were made with it.
    """

    def __init__(
        self,
        path: Path,
        profile: str,
        context: Context,
        *,
        endpoint: str,
        names: list[str],
        drop_sessions: Callable[[], None],
    ) -> None:
        self._path = path
        self._profile = profile
        self._context = context
        self._endpoint = endpoint
        self._names = names
        self._drop_sessions = drop_sessions
        self._ram = Ram(context)

    @property
    def _exchange(self) -> Context:
        """The context of one exchange: ROLE_ENV_TIMEOUT bounds each, and not the whole rotation."""
        return self._context.restarted()

    @contextmanager
    def hold_lock(self) -> Iterator[None]:
        """Hold the lock under which the rotation changes: two at once would overwrite each other's journal.

        Raises RefusedError if another process still holds it.
        """
        name = rotation_journal.journal_entry(self._path, self._profile).name
        waiting = self._context.messages.waiting_for("another role-env, which rotates the same key")
        seconds = self._exchange.deadline.remaining()
        with locks.hold_in_state(name, self._context.environ, seconds=seconds, waiting=waiting) as is_busy:
            if is_busy:
                raise RefusedError(
                    f"another role-env is rotating the key of {self._profile}", hint="try again when it has ended"
                )
            yield

    def journal(self) -> Journal | None:
        """Return the journal of a rotation that is under way, or None. Raises KeyringError."""
        return rotation_journal.load(self._path, self._profile, self._exchange)

    def current_key_id(self) -> str:
        """Return the ID of the key that is used now. Raises ProfileError if there is none, KeyringError."""
        return self._current().access_key_id

    def run(self) -> Journal:
        """Take the rotation from where it is to an inactive old key, and return its journal.

        Raises RefusedError, UnreachableError, KeyringError; what was done stays done, and `run` goes on from there.
        """
        journal = self.journal() or self._start()
        if journal.step is Step.ABORTING:
            raise RefusedError(
                f"the rotation of {self._profile} is being aborted", hint=f"role-env rotate {self._profile} --abort"
            )
        if journal.step is Step.STARTED:
            self._create(journal)
        if journal.step is Step.CREATED:
            self._wait_until_usable(_new(journal))
            self._swap(journal, journal.old, _new(journal), Step.SWAPPED)
        if journal.step is Step.SWAPPED:
            self._progress(f"making {journal.old.access_key_id} inactive")
            self._ram.set_status(_new(journal), journal.old.access_key_id, is_active=False)
            self._record(journal, Step.RETIRED)
        return journal

    def foreign_keys(self) -> list[KeyState]:
        """Return the user's keys that neither the keyring nor the journal names. Raises as `run`."""
        journal = self.journal()
        key = _new(journal) if journal and journal.step in (Step.SWAPPED, Step.RETIRED) else self._current()
        ours = {key.access_key_id}
        if journal:
            ours |= {journal.old.access_key_id, *([journal.new.access_key_id] if journal.new else [])}
        return [state for state in self._ram.list_keys(key) if state.access_key_id not in ours]

    def finish(self, *, has_session_since: Callable[[int], bool]) -> str:
        """Delete the old key, and return its ID.

        `has_session_since` says whether a session was obtained with the new key after a moment (epoch seconds).
        Raises RefusedError if it is too early.
        """
        journal = self.journal()
        if journal is None or journal.step is not Step.RETIRED:
            raise RefusedError(
                f"there is no finished rotation of {self._profile}", hint=f"role-env rotate {self._profile}"
            )
        old, new = journal.old.access_key_id, _new(journal)
        if not has_session_since(journal.swapped_at):
            raise RefusedError(
                f"no session has been obtained with the new key {new.access_key_id} yet, so {old} stays",
                hint="use a profile that has this key as its source, and try again",
            )
        if self._ram.last_used(new, old) > journal.swapped_at:
            raise RefusedError(
                f"the old key {old} has been used since the rotation, so something else has it",
                hint=f"find it, or go back: role-env rotate {self._profile} --abort",
            )
        self._ram.delete_key(new, old)
        rotation_journal.delete(self._path, self._profile, self._exchange)
        return old

    def abort(self) -> Journal:
        """Make the old key active and current again, delete the new one, and return the journal that there was.

        Raises RefusedError, UnreachableError, KeyringError; `abort` again goes on from there.
        """
        journal = self.journal()
        if journal is None:
            raise RefusedError(f"no rotation of {self._profile} is under way")
        if journal.new is not None:
            if journal.step is not Step.ABORTING:
                self._check_way_back(journal)
                self._record(journal, Step.ABORTING)
            self._activate_old(journal)
            self._swap(journal, _new(journal), journal.old, Step.ABORTING)
            self._progress(f"deleting {journal.new.access_key_id}")
            self._ram.delete_key(journal.old, journal.new.access_key_id)
        rotation_journal.delete(self._path, self._profile, self._exchange)
        return journal

    def _start(self) -> Journal:
        journal = Journal(Step.STARTED, self._current(), started_at=int(time.time()))
        rotation_journal.store(self._path, self._profile, journal, self._exchange)
        return journal

    def _current(self) -> AccessKey:
        key = access_keys.load(self._path, self._profile, self._exchange)
        if key is None:
            raise ProfileError(
                f"profile {self._profile} has no access key in the keyring", hint=f"role-env login {self._profile}"
            )
        return key

    def _create(self, journal: Journal) -> None:
        for state in self._ram.list_keys(journal.old):
            if state.access_key_id != journal.old.access_key_id:
                self._refuse_second(journal, state)
        self._progress("creating an access key")
        new = self._ram.create_key(journal.old)
        journal.new = new
        try:
            self._record(journal, Step.CREATED)
        except KeyringError:
            journal.new = None
            self._take_back(journal.old, new.access_key_id)
            raise

    def _refuse_second(self, journal: Journal, other: KeyState) -> None:
        """Raise RefusedError, which names the user's other key: a user has two at most, and only ours is deleted."""
        used = self._ram.last_used(journal.old, other.access_key_id)
        last = time.strftime("last used on %Y-%m-%d", time.gmtime(used)) if used else "never used"
        rotation_journal.delete(self._path, self._profile, self._exchange)
        created = f"created {timestamps.format_utc(other.created)}, " if other.created else ""
        raise RefusedError(
            f"the user has a second access key, {other.access_key_id} ({created}{last}); RAM allows two",
            hint=f"if nothing needs it: aliyun ram DeleteAccessKey --UserAccessKeyId {other.access_key_id};"
            f" then role-env rotate {self._profile}",
        )

    def _take_back(self, old: AccessKey, access_key_id: str) -> None:
        """Delete a key that could not be stored."""
        try:
            self._ram.delete_key(old, access_key_id)
        except RoleEnvError as failure:
            self._context.messages.warn(
                f"the key {access_key_id} was created and could not be stored or deleted ({failure.message});"
                f" delete it: aliyun ram DeleteAccessKey --UserAccessKeyId {access_key_id}"
            )

    def _wait_until_usable(self, key: AccessKey) -> None:
        """Return when STS accepts `key`; a new key takes seconds to minutes. Raises UnreachableError after a minute."""
        self._progress(f"waiting until {key.access_key_id} works")
        end = Deadline(PROPAGATION_SECONDS)
        while True:
            try:
                client.caller_identity(key, endpoint=self._endpoint, context=self._context.with_deadline(end))
            except client.StsError as refusal:
                if not refusal.code.startswith(_NOT_YET):
                    raise
            else:
                return
            if end.remaining() <= _PAUSE_SECONDS:
                raise UnreachableError(
                    f"the key {key.access_key_id} does not work yet",
                    hint=f"role-env rotate {self._profile}, in a while",
                )
            time.sleep(_PAUSE_SECONDS)

    def _swap(self, journal: Journal, before: AccessKey, after: AccessKey, step: Step) -> None:
        """Put `after` in the place of `before` in each entry of ours, and drop the cached sessions made with it."""
        for name in self._holders(before.access_key_id):
            self._progress(f"storing {after.access_key_id} for {name}")
            access_keys.store(self._path, name, after, self._exchange)
        self._drop_sessions()
        journal.swapped_at = int(time.time())
        self._record(journal, step)

    def _holders(self, access_key_id: str) -> Iterator[str]:
        for name in self._names:
            key = access_keys.load(self._path, name, self._exchange)
            if key and key.access_key_id == access_key_id:
                yield name

    def _check_way_back(self, journal: Journal) -> None:
        """Raise RefusedError if `finish` has deleted the old key and was killed before it could say so."""
        old = journal.old.access_key_id
        if journal.step is not Step.RETIRED:
            return
        if old not in (state.access_key_id for state in self._ram.list_keys(_new(journal))):
            raise RefusedError(
                f"the old key {old} no longer exists, so there is no way back",
                hint=f"role-env rotate {self._profile} --finish",
            )

    def _activate_old(self, journal: Journal) -> None:
        """Make the old key active, signed with the new one if the old one does not work."""
        try:
            client.caller_identity(journal.old, endpoint=self._endpoint, context=self._exchange)
        except client.StsError:
            self._progress(f"making {journal.old.access_key_id} active")
            self._ram.set_status(_new(journal), journal.old.access_key_id, is_active=True)
            self._wait_until_usable(journal.old)

    def _progress(self, line: str) -> None:
        self._context.messages.progress(f"{self._profile}: {line}")

    def _record(self, journal: Journal, step: Step) -> None:
        journal.step = step
        rotation_journal.store(self._path, self._profile, journal, self._exchange)


def _new(journal: Journal) -> AccessKey:
    if journal.new is None:
        raise AssertionError(f"a rotation that is {journal.step.value} has a new key")
    return journal.new
