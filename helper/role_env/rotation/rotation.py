"""Replace an access key in the OS keyring by a new one, in steps that can be killed and repeated.

1. The journal says that a new key is requested, and RAM creates it. The journal has both keys from then on.
2. The new key works at STS, belongs to the same user, and gets the old key's network policy.
3. Every entry of the keyring that has the old key gets the new one.
4. The old key is made inactive. It stays, so that the rotation can be undone.
5. `--finish` uses the new key, deletes the old one and drops the journal; or `--abort` makes the old key active, stores
   it in every entry again, deletes the new key and drops the journal.

At every moment one key works. Each call looks first which of the two keys the profile and RAM have by now
(`Rotation.next_step`), and repeats what is not done. While there is a journal, no other command changes the key.
"""

import enum
import time
from collections.abc import Callable
from contextlib import suppress

from role_env import ui
from role_env.context import Context
from role_env.credentials import AccessKey, format_utc
from role_env.dataclass import dataclass
from role_env.deadline import Deadline
from role_env.errors import KeyringError, ProfileError, RefusedError, RoleEnvError, UnreachableError
from role_env.files.dependencies import Dependencies
from role_env.profiles.endpoint import sts_endpoint
from role_env.profiles.file import ProfilesFile
from role_env.rotation import network_policy, ram, report
from role_env.rotation.dependents import chains_through, drop_former_sessions
from role_env.rotation.holders import Holders
from role_env.rotation.interruptions import uninterrupted
from role_env.rotation.journal import Journal, Unreadable
from role_env.rotation.network_policy import Ims, copy_policy
from role_env.rotation.ram import KeyState, Look, Ram, Status, cannot_sign, look
from role_env.sources.access_key import KeyringKey
from role_env.sts import client
from role_env.sts.client import StsError

SECONDS = 60.0
"""How long a key may take before the rotation reports it and stops until the next call."""
PAUSE_SECONDS = 1.0


class Goal(enum.Enum):
    """What a call is to reach: continue to the new key, delete the old one, go back to it, or only look."""

    ROTATE = ""
    FINISH = "--finish"
    ABORT = "--abort"
    STATUS = "--status"


def rotate(holders: Holders, file: ProfilesFile, goal: Goal, context: Context, *, endpoint: str, force: bool) -> None:
    """Take the rotation of the key of the profile of `holders` as far as `goal`, and print its state.

    Completed steps stay, and the next call continues. `endpoint` is that of RAM, if an option names one. Raises
    ProfileError, RefusedError, UnreachableError and KeyringError.
    """
    fault = _fault_of(file, holders)
    with suppress(KeyringError):  # a locked keyring does not hide that the profile has no key in it
        fault = None if fault and holders.is_rotating() else fault
    if fault:
        raise fault
    asked, ims = Ram(context, endpoint), Ims(context)
    if asked.endpoint != ram.PUBLIC_ENDPOINT:
        context.messages.say(f"RAM is asked at {asked.endpoint}, which learns new keys")
    if ims.endpoint != network_policy.PUBLIC_ENDPOINT:
        context.messages.say(f"IMS is asked at {ims.endpoint} for the network policies of keys")
    sts = _sts_endpoint(file, holders.profile, context)
    if goal is Goal.STATUS:
        report.show_status(holders, asked, sts, context)
        return
    with holders.lock():
        try:
            journal = _journal(goal, holders)
        except Unreadable:
            if goal is not Goal.ABORT:
                raise
            report.show_status(holders, asked, sts, context)
            holders.drop()
            ui.write(f"{holders.profile}: it is dropped, and the key in the keyring stays\n")
            return
        key_id = holders.key_id()
        if not key_id:  # a swap was interrupted
            holders.store(journal.expected)
        is_third = bool(key_id) and not journal.names(key_id)
        found = look(journal, asked)
        rotation = Rotation(file, holders, asked, ims, sts, journal, found, goal, context, force=force)
        rotation.next_step(is_third=is_third)()


def _fault_of(file: ProfilesFile, holders: Holders) -> ProfileError | None:
    """Return why no rotation of the profile's key can begin; None if the key is in the keyring and nowhere else."""
    name = holders.profile
    try:
        profile = file.profile(name)
    except ProfileError as fault:
        return fault
    if profile.source and profile.source.access_key_id:
        return ProfileError(
            f"profile {name} names its access key in the file ({profile.where})",
            hint=f"remove the line access_key_id, and the secret if it is there; then: `role-env login {name}`",
        )
    if isinstance(profile.source, KeyringKey):
        return None
    hint = "name a profile whose access key is in the keyring"
    if profile.source_profile:
        with suppress(ProfileError):
            hint = f"rotate the key of its chain's source: `role-env rotate {file.chain(name)[0].name}`"
    return ProfileError(
        f"profile {name} has no access key in the keyring, but takes its credentials from"
        f" {profile.source_kind} ({profile.where})",
        hint=hint,
    )


def _sts_endpoint(file: ProfilesFile, name: str, context: Context) -> str:
    """Return the profile's STS endpoint; the default for a profile that can no longer be used, to end its rotation."""
    try:
        return file.profile(name).endpoint
    except ProfileError:
        return sts_endpoint(Dependencies(context.environ))


def _journal(goal: Goal, holders: Holders) -> Journal:
    """Return the journal of the rotation. To begin one, return a new journal, which is not stored yet."""
    if journal := holders.journal():
        return journal
    key = holders.key()
    if not key:
        raise report.no_key(holders)
    if goal is not Goal.ROTATE:
        raise RefusedError(f"no rotation of {holders.profile} is under way", hint=f"begin one: `{holders.rotate_line}`")
    return Journal(holders.journal_entry, key)


@dataclass(frozen=True)
class Rotation:
    """The rotation of the key of a profile of `file`: its `journal`, and what RAM has of it, `found`.

    `sts` is the endpoint of the profile's STS. With `force` other files may have the old key, and the new one may lack
    its network policy.
    """

    file: ProfilesFile
    holders: Holders
    ram: Ram
    ims: Ims
    sts: str
    journal: Journal
    found: Look
    goal: Goal
    context: Context
    force: bool = False

    def next_step(self, *, is_third: bool) -> Callable[[], None]:
        """Return what comes next, by the goal and by which of the journal's keys exist and can sign.

        In every state at least one command continues or ends the rotation. With `is_third` the profile has a key that
        is not the journal's, which another program or another machine has stored.
        """
        is_abort = self.goal is Goal.ABORT
        if is_third:
            return self.give_up if is_abort else self.refuse_third
        if not self.found.signer:
            return self.refuse_unsigned if self.goal is Goal.ROTATE else self.give_up
        if not self.journal.new and self.goal is not Goal.FINISH:
            return self.give_up if is_abort else self.create
        if Status.DELETED in self.found.states.values():
            return self.keep_one
        return {Goal.ROTATE: self.advance, Goal.FINISH: self.finish, Goal.ABORT: self.go_back}[self.goal]

    # -- 1 to 4: to the new key --

    def create(self) -> None:
        """Create the new key, then `advance`."""
        self._check_files()
        for state in self.found.others:
            self._refuse_second(state)
        self._progress("creating an access key")
        with uninterrupted(self.context.messages, "RAM is creating an access key, and its answer is stored first"):
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
        """Wait until the new key works and is as restricted, store it everywhere, and make the old one inactive."""
        old, new = self._pair()
        self._check_files()
        self._check_active(new)
        user = self._wait_until_usable(new)
        if not self.journal.retired_at:
            self._check_user(user)
        self._restrict(old, new)
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
        deletion = report.deletion(other.access_key_id, self._user_name())
        raise RefusedError(
            f"the user has a second access key, {other.access_key_id} ({created}{last}); RAM allows two",
            hint=f"if nothing needs it: {deletion}; then `{self._rotate}`",
        )

    def _take_back(self, access_key_id: str) -> None:
        """Delete the new key, whose secret could not be stored; if that fails too, name it."""
        try:
            self.ram.delete_key(self.journal.old, access_key_id)
        except RoleEnvError as failure:
            self.context.messages.say(
                f"the key {access_key_id} was created and could not be stored or deleted ({failure.message});"
                f" delete it: {report.deletion(access_key_id, self._user_name())}"
            )

    def _check_active(self, new: AccessKey) -> None:
        if self.found.states.get(new.access_key_id) is Status.INACTIVE:
            raise RefusedError(
                f"the new key {new.access_key_id} was made inactive at RAM",
                hint=f"go back: `{self._rotate} --abort`; or make it active in the RAM console",
            )

    def _check_user(self, user: str) -> None:
        """Raise RefusedError if the new key's `user` is not the old one's: the server that answers as RAM lies then.

        If the old key does not work, nothing is compared. Raises UnreachableError.
        """
        try:
            before = self._user_of(self.journal.old, self.context.restarted())
        except RefusedError:
            return
        if user != before:
            self.holders.drop(self.journal)
            raise RefusedError(
                f"profile {self._name}: the new key {self.journal.new_id} is of {user}, not of {before}; nothing"
                " was replaced",
                hint=f"check the RAM endpoint; `{self._rotate} --status` shows the keys that RAM has",
            )

    def _restrict(self, old: AccessKey, new: AccessKey) -> None:
        """Give the new key the old one's network policy; without the permission, say so and continue.

        Raises StsError and UnreachableError, unless `force` continues without it or the new key is already used.
        """
        if self.found.signer is None:
            raise AssertionError("a key can sign")
        self._progress(f"comparing the network policies of {old.access_key_id} and {new.access_key_id}")
        try:
            action = copy_policy(old.access_key_id, new.access_key_id, self.found.signer, self.ims)
        except (StsError, UnreachableError) as failure:
            if not self.force and not self.journal.retired_at:
                failure.hint = (
                    f"try again: `{self._rotate}`; or go on without the key's network policy: `{self._rotate} --force`"
                )
                raise
            self._warn(f"{new.access_key_id} may lack the network policy of {old.access_key_id}: {failure.message}")
            return
        if action == network_policy.GET_ACTION:
            self._warn(
                f"whether {old.access_key_id} has a network policy is unknown, so {new.access_key_id} got none: allow"
                f" {action} to the user, then `{self._rotate}`"
            )
        elif action:
            self._warn(
                f"the network policy of {old.access_key_id} could not be set on {new.access_key_id}: allow {action} to"
                f" the user, then `{self._rotate}`"
            )

    # -- 5: to an end --

    def finish(self) -> None:
        """Check that the new key is used and the old one is not, and delete the old one."""
        if not self.journal.retired_at:
            raise RefusedError(f"there is no finished rotation of {self._name}", hint=f"go on with: `{self._rotate}`")
        old, new = self._pair()
        self._check_active(new)
        if self.found.states[old.access_key_id] is Status.ACTIVE:
            raise RefusedError(
                f"the old key {old.access_key_id} is active at RAM, so something may need it",
                hint=f"make it inactive: `{self._rotate}`; or go back: `{self._rotate} --abort`",
            )
        self._use(new)
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

    def go_back(self) -> None:
        """Make the old key active, store it in every entry, and delete the new one."""
        old, new = self._pair()
        if self.found.states[old.access_key_id] is not Status.ACTIVE:
            self._progress(f"making {old.access_key_id} active")
            self.ram.set_status(new, old.access_key_id, is_active=True)
        self.journal.retired_at = 0
        self.holders.record(self.journal)
        self._wait_until_usable(old)
        self._swap(new, old)
        self._progress(f"deleting {new.access_key_id}")
        self.ram.delete_key(old, new.access_key_id)
        self._end(f"{old.access_key_id} is used again")

    def keep_one(self) -> None:
        """Store in every entry the key that RAM still has, since somebody deleted the other one."""
        old, new = self._pair()
        is_new_left = self.found.states[old.access_key_id] is Status.DELETED
        gone, left = (old, new) if is_new_left else (new, old)
        if is_new_left and not self.journal.retired_at:  # perhaps before its policy was copied
            self._warn(f"{left.access_key_id} may lack the network policy that {gone.access_key_id} had")
        self._swap(gone, left)
        if not is_new_left and self.goal is not Goal.ABORT:
            self.holders.drop(self.journal)
            raise RefusedError(
                f"the new key {gone.access_key_id} was deleted at RAM, so {left.access_key_id} is used again",
                hint=f"start again: `{self._rotate}`",
            )
        self._end(
            f"{left.access_key_id} is used; {gone.access_key_id} no longer exists, and there is no way back to it"
        )

    def give_up(self) -> None:
        """Change nothing at RAM, name the keys that it has, and drop the journal.

        If no key can sign, and RAM does not know the profile's, the entries get the other one of the journal that is
        only inactive: it can be made active in the console.
        """
        left = [key for key in self.journal.keys if self.found.states[key.access_key_id] is Status.INACTIVE]
        for gone in self.journal.keys:
            if left and self.found.states[gone.access_key_id] is Status.UNKNOWN:
                self.holders.replace(gone, left[0])
        for line in report.what_stays(self.journal, self.found, self.holders, self._user_name()):
            self._say(line)
        self._end(f"the rotation of {self.journal.old_id} is dropped, and the key in the keyring stays")

    def refuse_unsigned(self) -> None:
        """Refuse, as no key can sign."""
        if self.journal.started_at:
            raise RefusedError(
                f"no key of the rotation of {self._name} can sign: {self.found.said}",
                hint="make one active in the RAM console; or, if a network policy excludes this machine, try elsewhere;"
                f" or drop the rotation: `{self._rotate} --abort`",
            )
        why = f": {self.found.refusal.message}" if self.found.refusal else ""
        hint = f"if it was replaced elsewhere, store the new one: `role-env login {self._name}`"
        if self.found.refusal and self.found.refusal.is_key_leaked:
            hint = self.found.refusal.hint
        raise RefusedError(f"the access key {self.journal.old.shown_id} of {self._name} does not work{why}", hint=hint)

    def refuse_third(self) -> None:
        """Refuse, as the profile has a key that is not the rotation's."""
        raise RefusedError(
            f"profile {self._name} has another key by now, in the middle of a rotation: {self.found.said}",
            hint=f"drop the rotation, which changes nothing at RAM: `{self._rotate} --abort`",
        )

    # -- the parts of a step --

    @property
    def _name(self) -> str:
        return self.holders.profile

    @property
    def _rotate(self) -> str:
        return self.holders.rotate_line

    def _pair(self) -> tuple[AccessKey, AccessKey]:
        if not self.journal.new:
            raise AssertionError("there is no new key yet")
        return self.journal.old, self.journal.new

    def _swap(self, before: AccessKey, after: AccessKey) -> None:
        """Replace `before` by `after` in each entry, and drop the cached sessions of `before`.

        Raises RefusedError if the profile has a third key by now.
        """
        if self.holders.replace(before, after) or not self.journal.retired_at:
            drop_former_sessions(self.file, self._name, self.context.restarted())
        if self.holders.key_id() != after.access_key_id:
            self.refuse_third()

    def _end(self, said: str) -> None:
        self.holders.drop(self.journal)
        self._say(said)

    def _say(self, line: str) -> None:
        ui.write(f"{self._name}: {line}\n")

    def _warn(self, line: str) -> None:
        self.context.messages.say(f"{self._name}: {line}")

    def _progress(self, line: str) -> None:
        self.context.messages.progress(f"{self._name}: {line}")

    # -- a key at STS --

    def _wait_until_usable(self, key: AccessKey) -> str:
        """Wait until STS accepts `key`, seconds to minutes; return its user's ARN.

        Raises StsError, UnreachableError.
        """
        self._progress(f"waiting until {key.access_key_id} works")
        end = Deadline(SECONDS)
        while True:
            try:
                return self._user_of(key, self.context.with_deadline(end))
            except StsError as refusal:
                if not cannot_sign(refusal):
                    raise
            if end.remaining() <= PAUSE_SECONDS:
                raise UnreachableError(
                    f"the key {key.access_key_id} does not work yet", hint=f"type again in a while: `{self._rotate}`"
                )
            time.sleep(PAUSE_SECONDS)

    def _use(self, key: AccessKey) -> None:
        """Request a session of a dependent profile, signed with `key`.

        Without one, or if its role refuses, request the caller's identity. Raises StsError, UnreachableError.
        """
        chains = chains_through(self.file, self._name)
        if role := next((one for chain in chains for one in chain.profiles if one.role_arn), None):
            try:
                client.assume_role(role.hop, key, self.context.restarted())
            except RefusedError as refused:  # only this role may refuse
                if isinstance(refused, StsError) and cannot_sign(refused):
                    raise
            else:
                return
        self._user_of(key, self.context.restarted())

    def _user_of(self, key: AccessKey, context: Context) -> str:
        """Return the ARN of the user whose key this is. Raises StsError, UnreachableError."""
        return str(client.caller_identity(key, endpoint=self.sts, context=context)["Arn"])

    def _user_name(self) -> str:
        """Return the name of the keys' user, empty if STS does not say it or the keys are the account's own."""
        signer = self.found.signer
        return client.user_name(signer, endpoint=self.sts, context=self.context) if signer else ""
