"""Refuse or drop a rotation whose key `login` or `logout` replaces or removes."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

from role_env.context import Context
from role_env.errors import RefusedError
from role_env.rotation import remains
from role_env.rotation.exclusion import hold_keys
from role_env.rotation.holders import Holders
from role_env.rotation.journal import Journal, Step, Unreadable
from role_env.rotation.ram import Ram


class Release:
    """A rotation that the profile of `holders` began and whose key is about to change; `is_forced` drops it.

    `access_key_id` is the profile's next key, empty for none.
    """

    def __init__(self, holders: Holders, context: Context, *, is_forced: bool, access_key_id: str = "") -> None:
        self._holders = holders
        self._context = context
        self._is_forced = is_forced
        self._access_key_id = access_key_id
        self._dropped: Journal | None = None
        self._is_dropping = False
        self._before = ""

    def hold_locks(self) -> AbstractContextManager[None]:
        """Hold the locks of the profile's key and of its next key, as `hold_keys` does."""

        def ids() -> set[str]:
            """Return the IDs of both keys."""
            key = self._holders.key()
            found = {key.access_key_id} if key else set()
            with suppress(Unreadable):
                journal = self._holders.own_journal()
                found = {journal.old.access_key_id} if journal else found
            return found | ({self._access_key_id} if self._access_key_id else set())

        return hold_keys(ids, self._holders.profile, self._context)

    def check(self) -> bool:
        """Return whether there is a rotation to drop.

        Raises RefusedError, which names the ways on, if a rotation is under way and a key would be lost.
        """
        key = self._holders.key()
        self._before = key.access_key_id if key else ""
        try:
            journal = self._holders.own_journal()
        except Unreadable:
            if not self._is_forced:
                raise
            self._is_dropping = True
            return True
        if journal is None or journal.expected().access_key_id == self._access_key_id:
            return False
        if journal.step is not Step.STARTED and not self._is_forced:
            raise _refusal(self._holders.profile, journal)
        self._dropped, self._is_dropping = journal, True
        return True

    def end(self, tell: Callable[[str], None], ram: Callable[[], Ram]) -> None:
        """Print, by `tell`, which keys stay at RAM, including a replaced one; then drop the rotation."""
        journal, before = self._dropped, self._before
        is_replaced = bool(before and self._access_key_id) and before != self._access_key_id
        if is_replaced and not (journal and journal.names(before)) and not self._holders.of(before):
            tell(f"the former key {before} is not deleted at RAM; to delete it: {remains.deletion(before)}")
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


def _refusal(profile: str, journal: Journal) -> RefusedError:
    rotate, abort = f"role-env rotate {profile}", f"role-env rotate {profile} --abort"
    way = {Step.RETIRED: f"finish it: {rotate} --finish; or go back: {abort}", Step.ABORTING: f"go back: {abort}"}
    keys = " to ".join(key.access_key_id for key in journal.keys)
    return RefusedError(
        f"the access key of {profile} is being rotated ({keys}), and the secrets are in its journal",
        hint=f"{way.get(journal.step, f'go on: {rotate}; or go back: {abort}')}; --force drops the rotation",
    )
