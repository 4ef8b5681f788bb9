"""Replace an access key in the OS keyring by a new one, in steps that can be killed and repeated.

At every moment one key works and the rotation can be undone: the new key is stored beside the old one, works before it
replaces it, and the old one stays until `--finish`. `rotate` is the way in, and `Rotation.way` the table of what comes
next. The ways follow in their order.
"""

import enum
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from role_env import ui
from role_env.context import Context
from role_env.context.messages import Messages
from role_env.credentials import AccessKey, format_utc
from role_env.dataclass import dataclass, replace
from role_env.errors import KeyringError, ProfileError, RefusedError, RoleEnvError, UnreachableError
from role_env.profiles.file import ProfilesFile
from role_env.profiles.profile import Profile
from role_env.rotation import ram as rams
from role_env.rotation import report, trial
from role_env.rotation.holders import Holders, Journal, Step, Unreadable
from role_env.rotation.ram import PUBLIC_ENDPOINT, AtRam, KeyState, Look, Ram, Status
from role_env.sessions.chain import Chain, resolve_valid
from role_env.sessions.store import Cache
from role_env.sources import rows
from role_env.sts.client import StsError

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
    sharing = [one.name for one in file.valid_profiles() if one.source and one.source.row is rows.KEYRING]
    holders = Holders(file.path, name, context, others=sharing)
    profile = _profile(file, holders)
    ram = Ram(context, ram_endpoint)
    if ram.endpoint != PUBLIC_ENDPOINT:
        context.messages.say(f"RAM is asked at {ram.endpoint}, which learns new keys")
    try:
        holders.check_not_renamed(file.names())
    except Unreadable:
        if goal is not Goal.STATUS and not force:
            raise
        with holders.lock(lambda: {holders.key_id()}):
            report.show_status(holders, ram, context)
            way = f"to drop it: role-env rotate {name} --force"
            if goal is not Goal.STATUS:
                holders.drop()
                way = "it is dropped, and the key in the keyring stays"
            ui.write(f"{name}: {way}\n")
        return
    if goal is Goal.STATUS:
        report.show_status(holders, ram, context)
        return
    with holders.lock(lambda: _locked_ids(holders)):
        journal = _journal(goal, holders)
        key_id = holders.key_id()
        has_other = bool(key_id) and not journal.names(key_id)
        found = _look(journal, profile, ram, context, has_other=has_other)
        if not key_id:  # a swap was interrupted
            holders.store(journal.expected())
        rotation = Rotation(profile, file, holders, ram, journal, found, goal, context, force=force)
        rotation.way(has_other=has_other)()


def _profile(file: ProfilesFile, holders: Holders) -> Profile:
    """Return the profile. Raises ProfileError unless its access key is in the keyring alone.

    If the file no longer has the profile, the error says what the keyring has.
    """
    name = holders.profile
    if name not in file.names() and name in holders.former(file.names()):
        force = " --force" if name in holders.former(file.names(), are_rotated=True) else ""
        raise ProfileError(
            f"there is no profile {name} in {file.path}, and the keyring has its key",
            hint=f"{holders.way_back(name)}; or remove its key: role-env logout {name}{force}",
        )
    profile = file.profile(name)
    if profile.source and profile.source.access_key_id:
        raise ProfileError(
            f"profile {name} names its access key in the file ({profile.where})",
            hint=f"remove the line access_key_id, and the secret if it is there; then: role-env login {name}",
        )
    if profile.source and profile.source.row is rows.KEYRING:
        return profile
    hint = "name a profile whose access key is in the keyring"
    if profile.source_profile:
        hint = f"rotate the key of its chain's source: role-env rotate {file.chain(name)[0].name}"
    raise ProfileError(
        f"profile {name} has no access key in the keyring, but takes its credentials from"
        f" {profile.source_kind} ({profile.where})",
        hint=hint,
    )


def _locked_ids(holders: Holders) -> set[str]:
    """Return the ID of the old key."""
    journal = holders.journal()
    return {journal.old_id if journal else holders.key_id()}


def _journal(goal: Goal, holders: Holders) -> Journal:
    """Return the journal of the rotation. To begin one, return a new journal, which is not stored yet."""
    if journal := holders.journal():
        return journal
    if goal is not Goal.ROTATE:
        raise RefusedError(
            f"no rotation of {holders.profile} is under way", hint=f"begin one: role-env rotate {holders.profile}"
        )
    if key := holders.key():
        return holders.new_journal(key)
    raise ProfileError(
        f"profile {holders.profile} has no access key in the keyring", hint=f"role-env login {holders.profile}"
    )


def _look(journal: Journal, profile: Profile, ram: Ram, context: Context, *, has_other: bool) -> Look:
    """Ask RAM, again if it learns of a new key only now.

    If a use of the new key would look like another program's, sign with the old key first.
    """
    found = rams.look(journal, ram, new_first=not has_other)
    if rams.may_be_propagating(journal, found, ram):
        try:
            trial.wait_until_usable(journal.replacement, profile, context)
        except UnreachableError:
            return found
        found = rams.look(journal, ram, new_first=True)
    return found


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
        started, creating, created, swapped, retired = Step
        with_new = (created, swapped, retired)
        # The last step, what RAM has (None: anything), and the ways of rotate, --finish and --abort. The first counts.
        rows: tuple[tuple[tuple[Step, ...], AtRam | None, tuple[Callable[[], None], ...]], ...] = (
            ((started,), AtRam.UNKNOWN, (self.refuse_unsigned, self.refuse_unfinished, self.give_up)),
            ((creating,), AtRam.UNKNOWN, (self.refuse_unknown, self.give_up, self.give_up)),
            ((started, creating), None, (self.create, self.refuse_unfinished, self.give_up)),
            ((created, swapped), AtRam.BOTH, (self.advance, self.refuse_unfinished, self.go_back)),
            ((retired,), AtRam.BOTH, (self.advance, self.finish, self.go_back)),
            (with_new, AtRam.NEW_INACTIVE, (self.refuse_inactive, self.refuse_inactive, self.go_back)),
            (with_new, AtRam.ONLY_OLD, (self.keep_old, self.keep_old, self.keep_old)),
            (with_new, AtRam.ONLY_NEW, (self.keep_new, self.keep_new, self.keep_new)),
            (with_new, AtRam.UNKNOWN, (self.refuse_unknown, self.give_up, self.give_up)),
        )
        if has_other:
            ways: tuple[Callable[[], None], ...] = (self.refuse_other, self.refuse_other, self.clean_up)
        else:
            step, at_ram = self.journal.step, self.found.at_ram
            ways = next(row[2] for row in rows if step in row[0] and row[1] in (None, at_ram))
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
            self.holders.record(self.journal, Step.CREATING)
            try:
                new = self.ram.create_key(self.journal.old)
            except StsError:
                self.holders.drop(self.journal)
                raise
            except UnreachableError as lost:
                raise UnreachableError(
                    f"{lost.message}; RAM may have created a key all the same",
                    hint=f"see whether there is another one, and how to delete it: {self._rotate} --status",
                ) from None
            self.journal.new = new
            try:
                self.holders.record(self.journal, Step.CREATED)
            except KeyringError:
                self._take_back(new.access_key_id)
                raise
        self.advance()

    def advance(self) -> None:
        """Wait until the new key works, store it in every entry, and make the old one inactive."""
        old, new = self.journal.old, self.journal.replacement
        self._check_files()
        user = trial.wait_until_usable(new, self.profile, self.context)
        if self.journal.step is Step.CREATED:
            self._check_user(user)
        self._swap(old, new)
        if self.journal.step is not Step.RETIRED or self.found.states[old.access_key_id] is not Status.INACTIVE:
            self._retire(old, new)
        self._done(report.STATES[Step.RETIRED])
        ui.write(
            f"go back with: {self._rotate} --abort\n"
            f"delete the old key once the new one works everywhere: {self._rotate} --finish\n"
        )

    def _retire(self, old: AccessKey, new: AccessKey) -> None:
        """Make the old key inactive."""
        if self.journal.step is not Step.RETIRED:
            self.holders.record(self.journal, Step.SWAPPED)
        self._progress(f"making {old.access_key_id} inactive")
        self.ram.set_status(new, old.access_key_id, is_active=False)
        self.journal.retired_at = self.ram.moment
        self.holders.record(self.journal, Step.RETIRED)

    def finish(self) -> None:
        """Check that the new key is used and the old one is not, and delete the old one."""
        old, new = self.journal.old, self.journal.replacement
        if self.found.states[old.access_key_id] is Status.ACTIVE:
            raise RefusedError(
                f"the old key {old.access_key_id} is active at RAM, so something may need it",
                hint=f"make it inactive: {self._rotate}; or go back: {self._rotate} --abort",
            )
        trial.use(new, self.profile, self._dependents(), self.context)
        used = self.ram.last_used(new, old.access_key_id)
        if used is None:
            raise self.ram.invalid("LastUsedDate is missing or not a time in UTC")
        if used > self.journal.retired_at:
            raise RefusedError(
                f"the old key {old.access_key_id} has been used since the rotation, so something else has it",
                hint=f"find it, or go back: {self._rotate} --abort",
            )
        self._swap(old, new)
        self.ram.delete_key(new, old.access_key_id)
        self._end("the old key {old} is deleted")

    def _check_files(self) -> None:
        """Refuse to make an old key inactive that other files have too."""
        if not self.force and self.journal.step is not Step.RETIRED:
            self.holders.check_files(self.journal.old_id)

    def _refuse_second(self, other: KeyState) -> None:
        """Raise RefusedError with the user's other key. A user has at most two, and role-env deletes only its own."""
        last = report.last_use(other.access_key_id, self.journal.old, self.ram)
        created = f"created {format_utc(other.created)}, " if other.created else ""
        raise RefusedError(
            f"the user has a second access key, {other.access_key_id} ({created}{last}); RAM allows two",
            hint=f"if nothing needs it: {report.deletion(other.access_key_id)}; then {self._rotate}",
        )

    def _take_back(self, access_key_id: str) -> None:
        """Delete a new key that could not be stored."""
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
            before = trial.user_of(self.journal.old, self.profile, self.context.restarted())
        except RefusedError:
            return
        if user != before:
            self.holders.drop(self.journal)
            raise RefusedError(
                f"profile {self.profile.name}: the new key {self.journal.new_id} is of {user}, not of {before}; nothing"
                " was replaced",
                hint=f"check the RAM endpoint; {self._rotate} --status shows the keys that RAM has",
            )

    # -- back, or to an end --

    def go_back(self) -> None:
        """Make the old key active, store it in every entry, and delete the new one."""
        old, new = self.journal.old, self.journal.replacement
        if self.journal.step is not Step.CREATED:
            self.holders.record(self.journal, Step.CREATED)
        if self.found.states[old.access_key_id] is not Status.ACTIVE and self.found.signer:
            self._progress(f"making {old.access_key_id} active")
            self.ram.set_status(self.found.signer, old.access_key_id, is_active=True)
        trial.wait_until_usable(old, self.profile, self.context)
        self._swap(new, old)
        self._progress(f"deleting {new.access_key_id}")
        self.ram.delete_key(old, new.access_key_id)
        self._end("{old} is used again")

    def keep_old(self) -> None:
        """Store the old key in every entry, since the new one was deleted."""
        self._swap(self.journal.replacement, self.journal.old)
        self.holders.drop(self.journal)
        if self.goal is not Goal.ABORT:
            raise RefusedError(
                f"the new key {self.journal.new_id} was deleted at RAM, so {self.journal.old_id} is used again",
                hint=f"start again: {self._rotate}",
            )
        self._done("{old} is used again; {new} no longer exists")

    def keep_new(self) -> None:
        """Store the new key in every entry, since the old one was deleted."""
        self._swap(self.journal.old, self.journal.replacement)
        self._end("{new} is used; {old} no longer exists, and there is no way back to it")

    def give_up(self) -> None:
        """Drop the journal, and name the keys that stay at RAM.

        If none can sign, store an inactive one that RAM still has: it can be made active in the console.
        """
        keys = self.journal.keys if self.goal is Goal.ABORT else self.journal.keys[::-1]
        inactive = [key for key in keys if self.found.states[key.access_key_id] is Status.INACTIVE]
        for other in self.journal.keys:
            if self.found.at_ram is AtRam.UNKNOWN and inactive and other is not inactive[0]:
                self._swap(other, inactive[0])
        self._end("the rotation of {old} is dropped", remains=self.found)

    def clean_up(self) -> None:
        """Undo at RAM what nobody uses, and drop the journal. The profile keeps its key, which is not the journal's."""
        journal, new, signer, states = self.journal, self.journal.new, self.found.signer, dict(self.found.states)
        old_id = journal.old_id
        if signer and journal.retired_at and states[old_id] is Status.INACTIVE:
            self.ram.set_status(signer, old_id, is_active=True)
            states[old_id] = Status.ACTIVE
        if signer and new and states[new.access_key_id] is not Status.DELETED and not self._is_used(new, signer):
            self.ram.delete_key(signer, new.access_key_id)
            states[new.access_key_id] = Status.DELETED
        remains = replace(self.found, states=states)
        self._end("the rotation of {old} is dropped, and the key in the keyring stays", remains=remains)

    def _is_used(self, key: AccessKey, signer: AccessKey) -> bool:
        """Return whether an entry of the keyring has the key, or RAM reports a use of it or does not say."""
        if self.holders.of(key.access_key_id):
            return True
        try:
            used = self.ram.last_used(signer, key.access_key_id)
        except StsError:
            return True
        return used is None or used >= self.journal.started_at

    # -- refusals: the state, and what can be done --

    def refuse_unsigned(self) -> None:
        """Refuse, as the only key cannot sign."""
        why = f": {self.found.refusal.message}" if self.found.refusal else ""
        raise RefusedError(
            f"the access key {self.journal.old_id} of {self.profile.name} does not work{why}",
            hint=f"if it was replaced elsewhere, store the new one: role-env login {self.profile.name}",
        )

    def refuse_unfinished(self) -> None:
        """Refuse, as --finish needs an inactive old key."""
        raise RefusedError(f"there is no finished rotation of {self.profile.name}", hint=f"go on with: {self._rotate}")

    def refuse_inactive(self) -> None:
        """Refuse, as somebody has made the new key inactive."""
        raise RefusedError(
            f"the new key {self.journal.new_id} was made inactive at RAM",
            hint=f"go back: {self._rotate} --abort; or make it active in the RAM console",
        )

    def refuse_unknown(self) -> None:
        """Refuse, as no key can sign."""
        raise RefusedError(
            f"no key of the rotation of {self.profile.name} can sign: {self.found.said}",
            hint=f"make one active in the RAM console; or drop the rotation: {self._rotate} --abort",
        )

    def refuse_other(self) -> None:
        """Refuse, as the profile has another key; with --force give up."""
        if self.force:
            self.give_up()
            return
        raise RefusedError(
            f"profile {self.profile.name} has another key by now, in the middle of a rotation: {self.found.said}",
            hint=f"clean up at RAM: {self._rotate} --abort; or only drop the journal: {self._rotate} --force",
        )

    # -- the parts of a way --

    @property
    def _rotate(self) -> str:
        """The command that continues the rotation."""
        return f"role-env rotate {self.profile.name}"

    def _progress(self, line: str) -> None:
        self.context.messages.progress(f"{self.profile.name}: {line}")

    def _dependents(self) -> list[Chain]:
        """Return the valid chains through the profile."""
        return [
            chain for chain in resolve_valid(self.file) if self.profile.name in [hop.name for hop in chain.profiles]
        ]

    def _swap(self, before: AccessKey, after: AccessKey) -> None:
        """Replace `before` by `after` in each entry, and drop the cached sessions of `before`."""
        if self.holders.replace(before, after) or self.journal.step is not Step.RETIRED:
            names = [chain.target.name for chain in self._dependents()]
            cache = Cache(self.context, everywhere=True)
            for entry in cache.entries():
                if entry.username in names:
                    cache.delete(entry)

    def _end(self, said: str, *, remains: Look | None = None) -> None:
        """Drop the journal, after a line for each key that stays at RAM by `remains`."""
        for line in report.of_rotation(self.journal, remains, self.holders) if remains else ():
            ui.write(f"{self.profile.name}: {line}\n")
        self.holders.drop(self.journal)
        self._done(said)

    def _done(self, said: str) -> None:
        """Print what was done."""
        line = said.format(old=self.journal.old_id, new=self.journal.new_id)
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
