"""Replace an access key in the OS keyring by a new one, in steps that can be killed and repeated.

At every moment one key works and the rotation can be undone: the new key is stored beside the old one, works before it
replaces it, and the old one stays until `--finish`. `Rotation.way` says what comes next; the ways follow it.
"""

import enum
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from role_env import ui
from role_env.context import Context
from role_env.context.messages import Messages
from role_env.credentials import AccessKey, format_utc
from role_env.dataclass import dataclass
from role_env.deadline import Deadline
from role_env.errors import KeyringError, ProfileError, RefusedError, RoleEnvError, UnreachableError
from role_env.profiles.file import ProfilesFile
from role_env.profiles.profile import Profile
from role_env.rotation import report
from role_env.rotation.holders import Holders, Journal, Unreadable
from role_env.rotation.ram import PUBLIC_ENDPOINT, KeyState, Look, Ram, Status, cannot_sign, look
from role_env.sessions.chain import Chain, resolve_valid
from role_env.sessions.store import Cache
from role_env.sources.access_key import KeyringKey
from role_env.sts import client
from role_env.sts.client import StsError

SECONDS = 60.0
"""How long a key may take before the rotation reports it and stops until the next call."""
PAUSE_SECONDS = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Goal(enum.Enum):
    """What a call is to reach: continue to the new key, delete the old one, go back to it, or only look."""

    ROTATE = ""
    FINISH = "--finish"
    ABORT = "--abort"
    STATUS = "--status"


def rotate(
    name: str, file: ProfilesFile, goal: Goal, context: Context, *, ram_endpoint: str = "", force: bool = False
) -> None:
    """Take the rotation of the key of the profile `name` as far as `goal`, and print its state.

    Completed steps stay, and the next call continues. Raises ProfileError, RefusedError, UnreachableError and
    KeyringError.
    """
    holders = Holders(file.path, name, context, file.names())
    profile = _profile(file, holders)
    ram = Ram(context, ram_endpoint)
    if ram.endpoint != PUBLIC_ENDPOINT:
        context.messages.say(f"RAM is asked at {ram.endpoint}, which learns new keys")
    if goal is Goal.STATUS:
        report.show_status(holders, ram, context)
        return
    with holders.lock():
        try:
            journal = _journal(goal, holders)
        except Unreadable:
            if not force:
                raise
            report.show_status(holders, ram, context)
            holders.drop()
            ui.write(f"{name}: it is dropped, and the key in the keyring stays\n")
            return
        key_id = holders.key_id()
        found = look(journal, ram)
        if not key_id:  # a swap was interrupted
            holders.store(journal.expected)
        has_other = bool(key_id) and not journal.names(key_id)
        Rotation(profile, file, holders, ram, journal, found, goal, context, force=force).way(has_other=has_other)()


def _profile(file: ProfilesFile, holders: Holders) -> Profile:
    """Return the profile. Raises ProfileError unless its access key is in the keyring alone.

    If the file no longer has the profile, the error says what the keyring has.
    """
    name = holders.profile
    with suppress(KeyringError):  # the file lacks the profile all the same
        if not holders.is_in_file and (holders.key() or holders.own_journal()):
            raise ProfileError(
                f"there is no profile {name} in {file.path}, and the keyring has its key",
                hint=f"{holders.way_back(name)}; or remove its key: `role-env logout {name}`",
            )
    profile = file.profile(name)
    if profile.source and profile.source.access_key_id:
        raise ProfileError(
            f"profile {name} names its access key in the file ({profile.where})",
            hint=f"remove the line access_key_id, and the secret if it is there; then: `role-env login {name}`",
        )
    if isinstance(profile.source, KeyringKey):
        return profile
    hint = "name a profile whose access key is in the keyring"
    if profile.source_profile:
        hint = f"rotate the key of its chain's source: `role-env rotate {file.chain(name)[0].name}`"
    raise ProfileError(
        f"profile {name} has no access key in the keyring, but takes its credentials from"
        f" {profile.source_kind} ({profile.where})",
        hint=hint,
    )


def _journal(goal: Goal, holders: Holders) -> Journal:
    """Return the journal of the rotation. To begin one, return a new journal, which is not stored yet."""
    if journal := holders.journal():
        return journal
    key = holders.key()
    if not key:
        raise holders.no_key()
    if goal is not Goal.ROTATE:
        raise RefusedError(
            f"no rotation of {holders.profile} is under way", hint=f"begin one: `role-env rotate {holders.profile}`"
        )
    return Journal(holders.journal_entry, key)


@dataclass(frozen=True)
class Rotation:
    """The rotation of the key of `profile`, a profile of `file`: its `journal`, and what RAM has of it, `found`."""

    profile: Profile
    file: ProfilesFile
    holders: Holders
    ram: Ram
    journal: Journal
    found: Look
    goal: Goal
    context: Context
    force: bool = False

    def way(self, *, has_other: bool) -> Callable[[], None]:
        """Return what comes next, by the goal, the journal's last step, and which of its keys RAM has.

        In every state at least one command continues or ends the rotation. With `has_other` the profile has a key that
        is not the journal's. Which of the journal's keys it has does not matter: a way stores the key that it needs.
        """
        old, new = self.found.states.get(self.journal.old_id), self.found.states.get(self.journal.new_id)
        ways = (self.advance, self.finish, self.go_back)  # of rotate, --finish and --abort
        if has_other:
            ways = (self.refuse_other, self.refuse_other, self.clean_up)
        elif not self.found.signer:
            ways = (self.refuse_unsigned, self.give_up, self.give_up)
        elif not self.journal.new:
            ways = (self.create, self.finish, self.give_up)
        elif new is Status.DELETED:
            ways = (self.keep_old, self.keep_old, self.keep_old)
        elif old is Status.DELETED:
            ways = (self.keep_new, self.keep_new, self.keep_new)
        elif new is Status.INACTIVE:
            ways = (self.refuse_inactive, self.refuse_inactive, self.go_back)
        return ways[(Goal.ROTATE, Goal.FINISH, Goal.ABORT).index(self.goal)]

    # -- to the new key --

    def create(self) -> None:
        """Create the new key, then `advance`."""
        self._check_files()
        for state in self.found.others:
            self._refuse_second(state)
        self._progress("creating an access key")
        with _uninterrupted(self.context.messages, "RAM is creating an access key, and its answer is stored first"):
            self.journal.started_at = self.ram.moment
            self.holders.record(self.journal)
            try:
                new = self.ram.create_key(self.journal.old)
            except StsError:
                self.holders.drop(self.journal)
                raise
            except UnreachableError as lost:
                raise UnreachableError(
                    f"{lost.message}; RAM may have created a key all the same",
                    hint=f"see whether there is another one, and how to delete it: `{self._rotate} --status`",
                ) from None
            self.journal.new = new
            try:
                self.holders.record(self.journal)
            except KeyringError:
                self._take_back(new.access_key_id)
                raise
        self.advance()

    def advance(self) -> None:
        """Wait until the new key works, store it in every entry, and make the old one inactive."""
        old, new = self._pair()
        self._check_files()
        user = _wait_until_usable(new, self.profile, self.context)
        if not self.journal.retired_at:
            self._check_user(user)
        self._swap(old, new)
        if not self.journal.retired_at or self.found.states[old.access_key_id] is not Status.INACTIVE:
            self._progress(f"making {old.access_key_id} inactive")
            self.ram.set_status(new, old.access_key_id, is_active=False)
            self.journal.retired_at = self.ram.moment
            self.holders.record(self.journal)
        self._say(report.state_of(self.journal, new.access_key_id))
        ways = (
            f"go back with: `{self._rotate} --abort`\n"
            f"delete the old key once the new one works everywhere: `{self._rotate} --finish`\n"
        )
        ui.write(self.context.messages.shown(ways))

    def finish(self) -> None:
        """Check that the new key is used and the old one is not, and delete the old one."""
        if not self.journal.retired_at:
            raise RefusedError(
                f"there is no finished rotation of {self.profile.name}", hint=f"go on with: `{self._rotate}`"
            )
        old, new = self._pair()
        if self.found.states[old.access_key_id] is Status.ACTIVE:
            raise RefusedError(
                f"the old key {old.access_key_id} is active at RAM, so something may need it",
                hint=f"make it inactive: `{self._rotate}`; or go back: `{self._rotate} --abort`",
            )
        _use(new, self.profile, self._dependents(), self.context)
        used = self.ram.last_used(new, old.access_key_id)
        if used is None:
            raise self.ram.invalid("LastUsedDate is missing or not a time in UTC")
        if used > self.journal.retired_at:
            raise RefusedError(
                f"the old key {old.access_key_id} has been used since the rotation, so something else has it",
                hint=f"find it, or go back: `{self._rotate} --abort`",
            )
        self._swap(old, new)
        self.ram.delete_key(new, old.access_key_id)
        self._end(f"the old key {old.access_key_id} is deleted")

    def _check_files(self) -> None:
        if not self.force and not self.journal.retired_at:
            self.holders.check_files(self.journal.old_id)

    def _refuse_second(self, other: KeyState) -> None:
        """Raise RefusedError with the user's other key. A user has at most two, and role-env deletes only its own."""
        used = self.ram.last_used(self.journal.old, other.access_key_id)
        last = f"last used on {format_utc(used)}" if used else "never used"
        if used is None:
            last = "RAM does not say when it was used"
        created = f"created {format_utc(other.created)}, " if other.created else ""
        raise RefusedError(
            f"the user has a second access key, {other.access_key_id} ({created}{last}); RAM allows two",
            hint=f"if nothing needs it: {report.deletion(other.access_key_id)}; then `{self._rotate}`",
        )

    def _take_back(self, access_key_id: str) -> None:
        try:
            self.ram.delete_key(self.journal.old, access_key_id)
        except RoleEnvError as failure:
            self.context.messages.say(
                f"the key {access_key_id} was created and could not be stored or deleted ({failure.message});"
                f" delete it: {report.deletion(access_key_id)}"
            )

    def _check_user(self, user: str) -> None:
        """Raise RefusedError if the new key's `user` is not the old one's: the server that answers as RAM lies then.

        If the old key does not work, nothing is compared. Raises UnreachableError.
        """
        try:
            before = _user_of(self.journal.old, self.profile, self.context.restarted())
        except RefusedError:
            return
        if user != before:
            self.holders.drop(self.journal)
            raise RefusedError(
                f"profile {self.profile.name}: the new key {self.journal.new_id} is of {user}, not of {before}; nothing"
                " was replaced",
                hint=f"check the RAM endpoint; `{self._rotate} --status` shows the keys that RAM has",
            )

    # -- back, or to an end --

    def go_back(self) -> None:
        """Make the old key active, store it in every entry, and delete the new one."""
        old, new = self._pair()
        if self.found.states[old.access_key_id] is not Status.ACTIVE:
            self._progress(f"making {old.access_key_id} active")
            self.ram.set_status(new, old.access_key_id, is_active=True)
        self.journal.retired_at = 0
        self.holders.record(self.journal)
        _wait_until_usable(old, self.profile, self.context)
        self._swap(new, old)
        self._progress(f"deleting {new.access_key_id}")
        self.ram.delete_key(old, new.access_key_id)
        self._end(f"{old.access_key_id} is used again")

    def keep_old(self) -> None:
        """Store the old key in every entry, since the new one was deleted."""
        old, new = self._pair()
        self._swap(new, old)
        self.holders.drop(self.journal)
        if self.goal is not Goal.ABORT:
            raise RefusedError(
                f"the new key {new.access_key_id} was deleted at RAM, so {old.access_key_id} is used again",
                hint=f"start again: `{self._rotate}`",
            )
        self._say(f"{old.access_key_id} is used again; RAM does not list {new.access_key_id}")

    def keep_new(self) -> None:
        """Store the new key in every entry, since the old one was deleted."""
        old, new = self._pair()
        self._swap(old, new)
        self._end(f"{new.access_key_id} is used; {old.access_key_id} no longer exists, and there is no way back to it")

    def give_up(self) -> None:
        """Drop the journal, and name the keys that stay at RAM.

        If none can sign, store an inactive one that RAM still has: it can be made active in the console.
        """
        keys = self.journal.keys if self.goal is Goal.ABORT else self.journal.keys[::-1]
        inactive = [key for key in keys if self.found.states[key.access_key_id] is Status.INACTIVE]
        for other in self.journal.keys:
            if not self.found.signer and inactive and other is not inactive[0]:
                self._swap(other, inactive[0])
        self._end(f"the rotation of {self.journal.old_id} is dropped", remains=self.found)

    def clean_up(self) -> None:
        """Undo at RAM what nobody uses, and drop the journal. The profile keeps its key, which is not the journal's."""
        journal, new, signer, states = self.journal, self.journal.new, self.found.signer, self.found.states
        old_id = journal.old_id
        if signer and journal.retired_at and states[old_id] is Status.INACTIVE:
            self.ram.set_status(signer, old_id, is_active=True)
            states[old_id] = Status.ACTIVE
        if signer and new and states[new.access_key_id] is not Status.DELETED and not self._is_used(new, signer):
            self.ram.delete_key(signer, new.access_key_id)
            states[new.access_key_id] = Status.DELETED
        self._end(f"the rotation of {old_id} is dropped, and the key in the keyring stays", remains=self.found)

    def _is_used(self, key: AccessKey, signer: AccessKey) -> bool:
        if self.holders.of(key.access_key_id):
            return True
        try:
            used = self.ram.last_used(signer, key.access_key_id)
        except StsError:
            return True
        return used is None or used >= self.journal.started_at

    # -- refusals: the state, and what can be done --

    def refuse_unsigned(self) -> None:
        """Refuse, as no key can sign."""
        if self.journal.started_at:
            raise RefusedError(
                f"no key of the rotation of {self.profile.name} can sign: {self.found.said}",
                hint=f"make one active in the RAM console; or drop the rotation: `{self._rotate} --abort`",
            )
        why = f": {self.found.refusal.message}" if self.found.refusal else ""
        raise RefusedError(
            f"the access key {self.journal.old_id} of {self.profile.name} does not work{why}",
            hint=f"if it was replaced elsewhere, store the new one: `role-env login {self.profile.name}`",
        )

    def refuse_inactive(self) -> None:
        """Refuse, as somebody has made the new key inactive."""
        raise RefusedError(
            f"the new key {self.journal.new_id} was made inactive at RAM",
            hint=f"go back: `{self._rotate} --abort`; or make it active in the RAM console",
        )

    def refuse_other(self) -> None:
        """Refuse, as the profile has another key; with --force give up."""
        if self.force:
            self.give_up()
            return
        raise RefusedError(
            f"profile {self.profile.name} has another key by now, in the middle of a rotation: {self.found.said}",
            hint=f"clean up at RAM: `{self._rotate} --abort`; or only drop the journal: `{self._rotate} --force`",
        )

    # -- the parts of a way --

    @property
    def _rotate(self) -> str:
        return f"role-env rotate {self.profile.name}"

    def _pair(self) -> tuple[AccessKey, AccessKey]:
        if not self.journal.new:
            raise AssertionError("there is no new key yet")
        return self.journal.old, self.journal.new

    def _progress(self, line: str) -> None:
        self.context.messages.progress(f"{self.profile.name}: {line}")

    def _dependents(self) -> list[Chain]:
        return [
            chain for chain in resolve_valid(self.file) if self.profile.name in [one.name for one in chain.profiles]
        ]

    def _swap(self, before: AccessKey, after: AccessKey) -> None:
        """Replace `before` by `after` in each entry, and drop the cached sessions of `before`."""
        if self.holders.replace(before, after) or not self.journal.retired_at:
            names = [chain.target.name for chain in self._dependents()]
            cache = Cache(self.context, everywhere=True)
            for entry in cache.entries():
                if entry.username in names:
                    cache.delete(entry)

    def _end(self, said: str, *, remains: Look | None = None) -> None:
        for line in report.of_rotation(self.journal, remains, self.holders) if remains else ():
            self._say(line)
        self.holders.drop(self.journal)
        self._say(said)

    def _say(self, line: str) -> None:
        ui.write(f"{self.profile.name}: {line}\n")


@contextmanager
def _uninterrupted(messages: Messages, what: str) -> Iterator[None]:
    """Defer Ctrl-C, SIGTERM and a closed terminal until the block has ended. The first one prints `what` it waits for.

    If the block raises an error, the signal is dropped and the command ends with the error, since that may name a key.
    """
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if not came:
            messages.say(f"{what}; role-env ends after that")
        came.append(number)

    unheard = (signal.SIG_IGN, None)
    before = {number: signal.signal(number, note) for number in _SIGNALS if signal.getsignal(number) not in unheard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


# -- a key at STS --


def _wait_until_usable(key: AccessKey, profile: Profile, context: Context) -> str:
    """Wait until STS accepts `key`, seconds to minutes; return its user's ARN. Raises StsError, UnreachableError."""
    context.messages.progress(f"{profile.name}: waiting until {key.access_key_id} works")
    end = Deadline(SECONDS)
    while True:
        try:
            return _user_of(key, profile, context.with_deadline(end))
        except StsError as refusal:
            if not cannot_sign(refusal):
                raise
        if end.remaining() <= PAUSE_SECONDS:
            raise UnreachableError(
                f"the key {key.access_key_id} does not work yet",
                hint=f"type again in a while: `role-env rotate {profile.name}`",
            )
        time.sleep(PAUSE_SECONDS)


def _user_of(key: AccessKey, profile: Profile, context: Context) -> str:
    """Return the ARN of the user whose key this is. Raises StsError, UnreachableError."""
    return str(client.caller_identity(key, endpoint=profile.endpoint, context=context)["Arn"])


def _use(key: AccessKey, profile: Profile, dependents: list[Chain], context: Context) -> None:
    """Request a session of a dependent profile, signed with `key`.

    Without one, or if its role refuses, request the caller's identity. Raises StsError, UnreachableError.
    """
    if role := next((one for chain in dependents for one in chain.profiles if one.role_arn), None):
        try:
            client.assume_role(role.hop, key, context.restarted())
        except RefusedError as refused:  # only this role may refuse
            if isinstance(refused, StsError) and cannot_sign(refused):
                raise
        else:
            return
    _user_of(key, profile, context.restarted())
