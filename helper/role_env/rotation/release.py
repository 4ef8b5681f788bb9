"""Refuse or drop a rotation whose key `login` or `logout` replaces or removes."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from role_env import ui
from role_env.context import Context
from role_env.dataclass import dataclass
from role_env.errors import RefusedError
from role_env.rotation import remains, renamed
from role_env.rotation.exclusion import hold_keys
from role_env.rotation.holders import Holders
from role_env.rotation.journal import Journal, Step, Unreadable
from role_env.rotation.ram import Ram, endpoint_of


@dataclass(frozen=True)
class _Found:
    """The key that a profile is about to lose, `before`, and its rotation.

    `own` is a rotation that the profile began, which is dropped; `others` is one that another profile began, which
    continues without this profile. With `is_unreadable`, the profile's own journal is damaged, and is dropped.
    """

    before: str
    own: Journal | None = None
    others: Journal | None = None
    is_unreadable: bool = False


@contextmanager
def release_key(
    holders: Holders, context: Context, *, is_forced: bool, next_id: str = "", is_in_file: bool = True
) -> Iterator[bool]:
    """Lock the profile's keys while its key is replaced or removed; yield whether a rotation is dropped.

    `next_id` is the ID of the profile's next key, empty for none. Without `is_in_file`, the profiles file has no such
    profile. When the block has ended, print which keys stay at RAM, including a replaced one, and drop the rotation.

    Raises RefusedError, which names the ways to continue, if a rotation is under way and a key would be lost.
    `is_forced` drops a rotation that the profile began.
    """
    with hold_keys(lambda: _ids(holders, next_id), holders.profile, context):
        found = _find(holders, next_id, is_forced=is_forced, is_in_file=is_in_file)
        yield found.own is not None or found.is_unreadable
        for line in _remains(found, holders, next_id, context):
            ui.write(f"{holders.profile}: {line}\n")
        if found.own or found.is_unreadable:
            holders.drop()


def _ids(holders: Holders, next_id: str) -> set[str]:
    """Return the IDs of the profile's key, of its next key, and of the old keys of their rotations."""
    both = {holders.key_id(), next_id}
    journals = [holders.journal_of(access_key_id) for access_key_id in both]
    with suppress(Unreadable):
        journals.append(holders.own_journal())
    return both | {journal.old.access_key_id for journal in journals if journal}


def _find(holders: Holders, next_id: str, *, is_forced: bool, is_in_file: bool) -> _Found:
    """Return the rotation of the key. Raises RefusedError and Unreadable for one that only `is_forced` can drop."""
    before = holders.key_id()
    try:
        own = holders.own_journal()
    except Unreadable:
        if not is_forced:
            raise
        return _Found(before, is_unreadable=True)
    journal = own or holders.journal_of(before)
    if journal is None or journal.expected().access_key_id == next_id:
        return _Found(before)
    if journal.step is not Step.STARTED and not is_forced:
        raise _refusal(holders, journal, is_own=own is not None, is_in_file=is_in_file)
    return _Found(before, own=own) if own else _Found(before, others=journal)


def _remains(found: _Found, holders: Holders, next_id: str, context: Context) -> Iterator[str]:
    """Yield lines on the keys that stay at RAM, and on the rotation."""
    own, others = found.own, found.others
    is_replaced = bool(found.before and next_id) and found.before != next_id
    is_named = any(journal.names(found.before) for journal in (own, others) if journal)
    if is_replaced and not is_named and not holders.of(found.before):
        yield f"the former key {found.before} is not deleted at RAM; to delete it: {remains.deletion(found.before)}"
    if others and others.step is not Step.STARTED:
        yield f"the rotation of {_keys(others)} goes on with profile {others.entry.username}, which began it"
    if own and own.step is not Step.STARTED:
        states, why = remains.look_or_guess(own, lambda: Ram(context, endpoint_of(context.environ)))
        if why:
            context.messages.say(f"RAM could not be asked for the state of the keys: {why}")
        yield from remains.of_rotation(own, states, holders)
    if found.is_unreadable:
        yield "a rotation's journal could not be read: look at the user's keys in the RAM console"


def _refusal(holders: Holders, journal: Journal, *, is_own: bool, is_in_file: bool) -> RefusedError:
    """Return the error that names the ways to continue; any profile with the key can continue its rotation."""
    profile = holders.profile
    rotate, abort = f"role-env rotate {profile}", f"role-env rotate {profile} --abort"
    ways = {Step.RETIRED: f"finish it: {rotate} --finish; or go back: {abort}", Step.ABORTING: f"go back: {abort}"}
    way = ways.get(journal.step, f"go on: {rotate}; or go back: {abort}")
    force = "--force drops the rotation" if is_own else "--force leaves the rotation to that profile"
    if not is_in_file:
        way = f"{renamed.way_back(profile, holders.path)}, then {way}"
    whose = "in its journal" if is_own else f"in the journal of profile {journal.entry.username}"
    return RefusedError(
        f"the access key of {profile} is being rotated ({_keys(journal)}), and the secrets are {whose}",
        hint=f"{way}; {force}",
    )


def _keys(journal: Journal) -> str:
    return " to ".join(key.access_key_id for key in journal.keys)
