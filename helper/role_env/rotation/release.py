"""Refuse or drop a rotation whose key `login` or `logout` replaces or removes."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from role_env.context import Context
from role_env.errors import RefusedError
from role_env.rotation import remains, renamed
from role_env.rotation.exclusion import hold_keys
from role_env.rotation.holders import Holders
from role_env.rotation.journal import Journal, Step, Unreadable
from role_env.rotation.ram import Ram


class Release:
    """The rotation of a key that the profile of `holders` is about to lose, if there is one.

    `is_forced` drops a rotation that the profile began; one that another profile began goes on without it.
    `access_key_id` is the profile's next key, empty for none. Without `is_in_file`, the profiles file has no such
    profile.
    """

    def __init__(
        self,
        holders: Holders,
        context: Context,
        *,
        is_forced: bool,
        access_key_id: str = "",
        is_in_file: bool = True,
    ) -> None:
        self._holders = holders
        self._context = context
        self._is_forced = is_forced
        self._access_key_id = access_key_id
        self._is_in_file = is_in_file
        self._dropped: Journal | None = None
        self._others: Journal | None = None
        self._is_dropping = False
        self._before = ""

    def hold_locks(self) -> AbstractContextManager[None]:
        """Hold the locks of the profile's key, of its next key and of their rotations, as `hold_keys` does."""

        def ids() -> set[str]:
            """Return the IDs of both keys, and of the old keys of their rotations."""
            key = self._holders.key()
            both = {key.access_key_id if key else "", self._access_key_id} - {""}
            journals = [self._holders.journal_of(access_key_id) for access_key_id in both]
            with suppress(Unreadable):
                journals.append(self._holders.own_journal())
            return both | {journal.old.access_key_id for journal in journals if journal}

        return hold_keys(ids, self._holders.profile, self._context)

    def check(self) -> bool:
        """Return whether there is a rotation to drop.

        Raises RefusedError, which names the ways on, if a rotation is under way and a key would be lost.
        """
        key = self._holders.key()
        self._before = key.access_key_id if key else ""
        try:
            own = self._holders.own_journal()
        except Unreadable:
            if not self._is_forced:
                raise
            self._is_dropping = True
            return True
        journal = own or (self._holders.journal_of(self._before) if key else None)
        if journal is None or journal.expected().access_key_id == self._access_key_id:
            return False
        if journal.step is not Step.STARTED and not self._is_forced:
            raise self._refusal(journal, is_own=own is not None)
        if own is None:
            self._others = journal
            return False
        self._dropped, self._is_dropping = own, True
        return True

    def end(self, tell: Callable[[str], None], ram: Callable[[], Ram]) -> None:
        """Print, by `tell`, which keys stay at RAM, including a replaced one; then drop the rotation."""
        journal, before = self._dropped, self._before
        is_replaced = bool(before and self._access_key_id) and before != self._access_key_id
        is_named = any(one.names(before) for one in (journal, self._others) if one)
        if is_replaced and not is_named and not self._holders.of(before):
            tell(f"the former key {before} is not deleted at RAM; to delete it: {remains.deletion(before)}")
        if self._others and self._others.step is not Step.STARTED:
            owner = self._others.entry.username
            tell(f"the rotation of {_keys(self._others)} goes on with profile {owner}, which began it")
        if journal and journal.step is not Step.STARTED:
            found, why = remains.look_or_guess(journal, ram)
            if why:
                self._context.messages.warn(f"RAM could not be asked for the state of the keys: {why}")
            for line in remains.of_rotation(journal, found, self._holders):
                tell(line)
        if self._is_dropping:
            if journal is None:
                tell("a rotation's journal could not be read: look at the user's keys in the RAM console")
            self._holders.drop_journal()

    def _refusal(self, journal: Journal, *, is_own: bool) -> RefusedError:
        """Return the error that names the ways on; any profile with the key can continue its rotation."""
        profile = self._holders.profile
        rotate, abort = f"role-env rotate {profile}", f"role-env rotate {profile} --abort"
        ways = {Step.RETIRED: f"finish it: {rotate} --finish; or go back: {abort}", Step.ABORTING: f"go back: {abort}"}
        way = ways.get(journal.step, f"go on: {rotate}; or go back: {abort}")
        force = "--force drops the rotation" if is_own else "--force leaves the rotation to that profile"
        if not self._is_in_file:
            way = f"{renamed.way_back(profile, self._holders.path)}, then {way}"
        whose = "in its journal" if is_own else f"in the journal of profile {journal.entry.username}"
        return RefusedError(
            f"the access key of {profile} is being rotated ({_keys(journal)}), and the secrets are {whose}",
            hint=f"{way}; {force}",
        )


def _keys(journal: Journal) -> str:
    return " to ".join(key.access_key_id for key in journal.keys)
