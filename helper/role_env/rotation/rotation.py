"""Replace an access key in the OS keyring by a new one, in steps that can be killed and repeated.

At every moment one key works and the rotation can be undone: the new key is stored beside the old one, works before it
replaces it, and the old one stays until `--finish`. `steps` decides the next step after the journal's, as taken here.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from role_env import timestamps, ui
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.dataclass import dataclass
from role_env.errors import KeyringError, ProfileError, RefusedError, RoleEnvError, UnreachableError
from role_env.rotation import refusals, remains, steps
from role_env.rotation.exclusion import hold_keys
from role_env.rotation.holders import Holders
from role_env.rotation.journal import Journal, Step
from role_env.rotation.look import ACTIVE, INACTIVE, Look, look
from role_env.rotation.propagation import check_same_user, wait_until_usable
from role_env.rotation.ram import NO_KEY, KeyState, Ram
from role_env.rotation.steps import Action, Command, Present
from role_env.rotation.uninterrupted import uninterrupted
from role_env.sts import client


@dataclass(frozen=True)
class Rotation:
    """The rotation of the key of `holders` at `ram`; STS at `endpoint` checks the keys.

    `check_old` raises if the old key is needed elsewhere; `use_new` uses the new key; `drop_sessions` deletes the
    cached sessions of the former key.
    """

    holders: Holders
    ram: Ram
    context: Context
    endpoint: str
    check_old: Callable[[str], None]
    use_new: Callable[[AccessKey], None]
    drop_sessions: Callable[[], None]

    @property
    def profile(self) -> str:
        """The name of the profile whose key is rotated."""
        return self.holders.profile

    def hold_lock(self) -> AbstractContextManager[None]:
        """Hold the lock of the key that is rotated, as `exclusion.hold_keys` does."""

        def ids() -> set[str]:
            """Return the ID of the old key."""
            journal = self.holders.journal()
            return {journal.old.access_key_id if journal else self.holders.key_id()}

        return hold_keys(ids, self.profile, self.context)

    def run(self, command: Command, *, force: bool = False) -> tuple[Action, Journal]:
        """Take the rotation as far as `command` asks. Return what was done, and the journal.

        Raises RefusedError, UnreachableError, KeyringError. Completed steps stay, and the next call continues.
        """
        journal = self.holders.journal()
        if journal is None and command is not Command.ROTATE:
            raise RefusedError(
                f"no rotation of {self.profile} is under way", hint=f"begin one: role-env rotate {self.profile}"
            )
        journal = journal or self._start()
        present = self.holders.present(journal)
        if steps.is_void(journal.step, present):
            self.holders.drop(journal)
            return self.run(command, force=force)
        found = self._look(journal, present)
        action = steps.action(command, journal.step, present, found.at_ram)
        if action is Action.REFUSE_OTHER and force:
            action = Action.GIVE_UP
        if present is Present.NONE:
            self.holders.store(journal.expected())
        if not force and action in (Action.CREATE, Action.ADVANCE) and journal.step is not Step.RETIRED:
            self.check_old(journal.old.access_key_id)
        if action is Action.REFUSE_UNSIGNED:
            self.holders.drop(journal)
        if refused := refusals.of_action(action, self.profile, journal, found):
            raise refused
        self._do(action, command, journal, found, is_own=present is not Present.OTHER)
        return action, journal

    def _look(self, journal: Journal, present: Present) -> Look:
        """Ask RAM. If a use of the new key would look like another program's, sign with the old key first."""

        def wait(key: AccessKey) -> bool:
            """Return whether the new key begins to work in time."""
            try:
                self._wait_until_usable(key)
            except UnreachableError:
                return False
            return True

        return look(journal, self.ram, new_first=present is not Present.OTHER, wait=wait)

    def _do(self, action: Action, command: Command, journal: Journal, found: Look, *, is_own: bool) -> None:
        """Carry out `action`, which is not a refusal. With `is_own` the profile has a key of the journal, or none."""
        if action is Action.CREATE:
            self._create(journal, found)
            self._advance(journal, ACTIVE)
        elif action is Action.ADVANCE:
            self._advance(journal, found.states[journal.old.access_key_id])
        elif action is Action.FINISH:
            self._finish(journal)
        elif action is Action.GO_BACK:
            self._go_back(journal, found)
        elif action in (Action.KEEP_OLD, Action.KEEP_NEW):
            self._keep(journal, is_old=action is Action.KEEP_OLD, command=command)
        else:
            self._end(action, command, journal, found, is_own=is_own)

    # -- forward --

    def _start(self) -> Journal:
        key = self.holders.key()
        if key is None:
            raise ProfileError(
                f"profile {self.profile} has no access key in the keyring", hint=f"role-env login {self.profile}"
            )
        journal = self.holders.new_journal(key)
        self.holders.record(journal, Step.STARTED)
        return journal

    def _create(self, journal: Journal, found: Look) -> None:
        for state in found.others:
            self._refuse_second(journal, state)
        self._progress("creating an access key")
        with uninterrupted(self.context.messages, "RAM is creating an access key, and its answer is stored first"):
            journal.started_at = self.ram.moment
            self.holders.record(journal, Step.CREATING)
            try:
                new = self.ram.create_key(journal.old)
            except client.StsError:
                self.holders.drop(journal)
                raise
            except UnreachableError as lost:
                raise UnreachableError(
                    f"{lost.message}; RAM may have created a key all the same",
                    hint=f"see whether there is another one, and how to delete it: role-env rotate {self.profile}"
                    " --status",
                ) from None
            journal.new = new
            try:
                self.holders.record(journal, Step.CREATED)
            except KeyringError:
                self._take_back(journal.old, new.access_key_id)
                raise

    def _refuse_second(self, journal: Journal, other: KeyState) -> None:
        """Raise RefusedError with the user's other key. A user has at most two, and role-env deletes only its own."""
        last = remains.last_use(other.access_key_id, journal.old, self.ram)
        if journal.step is Step.STARTED:
            self.holders.drop(journal)
        created = f"created {timestamps.format_utc(other.created)}, " if other.created else ""
        raise RefusedError(
            f"the user has a second access key, {other.access_key_id} ({created}{last}); RAM allows two",
            hint=f"if nothing needs it: {remains.deletion(other.access_key_id)}; then role-env rotate {self.profile}",
        )

    def _take_back(self, old: AccessKey, access_key_id: str) -> None:
        """Delete a new key that could not be stored."""
        try:
            self.ram.delete_key(old, access_key_id)
        except RoleEnvError as failure:
            self.context.messages.say(
                f"the key {access_key_id} was created and could not be stored or deleted ({failure.message});"
                f" delete it: {remains.deletion(access_key_id)}"
            )

    def _advance(self, journal: Journal, old_state: str) -> None:
        """Continue to the new key: wait until it works, store it in every entry, and make the old one inactive."""
        old, new = journal.old, journal.replacement
        self._wait_until_usable(new)
        if journal.step is Step.CREATED:
            try:
                check_same_user(old, new, self.profile, endpoint=self.endpoint, context=self.context)
            except RefusedError:
                self.holders.drop(journal)
                raise
        self._swap(journal, old, new)
        if journal.step is Step.RETIRED and old_state == INACTIVE:
            return
        if journal.step is not Step.RETIRED:
            self.holders.record(journal, Step.SWAPPED)
        self._progress(f"making {old.access_key_id} inactive")
        try:
            self.ram.set_status(new, old.access_key_id, is_active=False)
        except client.StsError as refusal:
            if refusal.code != NO_KEY:  # NO_KEY: it was deleted meanwhile, as the next call reports
                raise
        journal.retired_at = self.ram.moment
        self.holders.record(journal, Step.RETIRED)

    def _finish(self, journal: Journal) -> None:
        old, new = journal.old.access_key_id, journal.replacement
        self.use_new(new)
        if self.ram.last_used(new, old) > journal.retired_at:
            raise RefusedError(
                f"the old key {old} has been used since the rotation, so something else has it",
                hint=f"find it, or go back: role-env rotate {self.profile} --abort",
            )
        self._swap(journal, journal.old, new)
        self.ram.delete_key(new, old)
        self.holders.drop(journal)

    # -- undo or end --

    def _go_back(self, journal: Journal, found: Look) -> None:
        old, new = journal.old, journal.replacement
        if journal.step is not Step.ABORTING:
            self.holders.record(journal, Step.ABORTING)
        if found.states[old.access_key_id] != ACTIVE and found.signer:
            self._progress(f"making {old.access_key_id} active")
            self.ram.set_status(found.signer, old.access_key_id, is_active=True)
        self._wait_until_usable(old)
        self._swap(journal, new, old)
        self._progress(f"deleting {new.access_key_id}")
        self.ram.delete_key(old, new.access_key_id)
        self.holders.drop(journal)

    def _keep(self, journal: Journal, *, is_old: bool, command: Command) -> None:
        """Store the remaining key in every entry, and end the rotation."""
        old, new = journal.old, journal.replacement
        kept, gone = (old, new) if is_old else (new, old)
        self._swap(journal, gone, kept)
        self.holders.drop(journal)
        if is_old and command is not Command.ABORT:
            raise RefusedError(
                f"the new key {new.access_key_id} was deleted at RAM, so {old.access_key_id} is used again",
                hint=f"start again: role-env rotate {self.profile}",
            )

    def _restore_inactive(self, journal: Journal, found: Look, command: Command) -> None:
        """Store an inactive key that RAM still has, if any: it can be made active in the console."""
        keys = journal.keys if command is Command.ABORT else journal.keys[::-1]
        kept = next((key for key in keys if found.states[key.access_key_id] == INACTIVE), None)
        for other in journal.keys:
            if kept and other is not kept:
                self._swap(journal, other, kept)

    def _end(self, action: Action, command: Command, journal: Journal, found: Look, *, is_own: bool) -> None:
        """Report what stays at RAM, and drop the journal."""
        if action is Action.CLEAN_UP:
            found = remains.clean_up(journal, found, self.holders, self.ram)
        elif action is Action.GIVE_UP and is_own:
            self._restore_inactive(journal, found, command)
        if action is Action.DROP:  # the profile keeps the old key, which needs no report
            lines = remains.other_keys(found.others, journal.step)
        else:
            lines = remains.of_rotation(journal, found, self.holders)
        for line in lines:
            ui.write(f"{self.profile}: {line}\n")
        self.holders.drop(journal)

    # -- the parts of an action --

    def _wait_until_usable(self, key: AccessKey) -> None:
        self._progress(f"waiting until {key.access_key_id} works")
        wait_until_usable(key, self.profile, endpoint=self.endpoint, context=self.context)

    def _swap(self, journal: Journal, before: AccessKey, after: AccessKey) -> None:
        """Replace `before` by `after` in each entry, and drop the cached sessions of `before`."""
        if self.holders.replace(before, after) or journal.step is not Step.RETIRED:
            self.drop_sessions()

    def _progress(self, line: str) -> None:
        self.context.messages.progress(f"{self.profile}: {line}")
