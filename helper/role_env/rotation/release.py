"""Refuse or drop a rotation whose key `login` or `logout` replaces or removes."""

from collections.abc import Iterator
from contextlib import contextmanager

from role_env import ui
from role_env.context import Context
from role_env.errors import RefusedError
from role_env.rotation import report
from role_env.rotation.holders import Holders, Journal, Unreadable
from role_env.rotation.ram import Ram


@contextmanager
def release_key(holders: Holders, context: Context, *, is_forced: bool, next_id: str = "") -> Iterator[bool]:
    """Lock the profile's keys while its key is replaced or removed; yield whether a rotation is dropped.

    `next_id` is the ID of the profile's next key, empty for none. When the block has ended, print which keys stay at
    RAM, including a replaced one, and drop the rotation.

    Raises RefusedError, which names the ways to continue, if a rotation is under way and a key would be lost.
    `is_forced` drops a rotation that the profile began.
    """
    with holders.lock(next_id):
        former = holders.key_id()
        journal, is_dropping = _find(holders, former, next_id, is_forced=is_forced)
        ram = Ram(context) if is_dropping else None
        yield is_dropping
        lines = []
        is_named = journal is not None and journal.names(former)
        if former and next_id not in ("", former) and not is_named and not holders.of(former):
            lines.append(f"the former key {former} is not deleted at RAM; to delete it: {report.deletion(former)}")
        if ram:
            lines += _what_stays(journal, holders, ram, context)
            holders.drop()
        elif journal:
            began = journal.entry.username
            lines.append(f"the rotation of {_keys(journal)} goes on with profile {began}, which began it")
        for line in lines:
            ui.write(f"{holders.profile}: {line}\n")


def _find(holders: Holders, former: str, next_id: str, *, is_forced: bool) -> tuple[Journal | None, bool]:
    """Return the journal of the rotation that loses the key `former`, and whether it is the profile's and is dropped.

    It is None and dropped if it is damaged. Otherwise another profile began the rotation, which continues without this
    one. Raises RefusedError and Unreadable for a rotation that only `is_forced` can drop.
    """
    try:
        own = holders.own_journal()
    except Unreadable:
        if not is_forced:
            raise
        return None, True
    journal = own or holders.journal_of(former)
    if journal is None or next_id == (former or journal.expected.access_key_id):
        return None, False
    if not is_forced:
        raise _refusal(holders, journal, is_own=own is not None)
    return journal, own is not None


def _what_stays(journal: Journal | None, holders: Holders, ram: Ram, context: Context) -> list[str]:
    if journal is None:
        return [report.UNREADABLE]
    found, why = report.look_or_guess(journal, ram, may_lag=True)
    if why:
        context.messages.say(f"RAM could not be asked for the state of the keys: {why}")
    return report.of_rotation(journal, found, holders)


def _refusal(holders: Holders, journal: Journal, *, is_own: bool) -> RefusedError:
    """Return the error that names the ways to continue; any profile with the key can continue its rotation."""
    profile = holders.profile
    rotate, abort = f"role-env rotate {profile}", f"`role-env rotate {profile} --abort`"
    forward = f"finish it: `{rotate} --finish`" if journal.retired_at else f"go on: `{rotate}`"
    way = f"{forward}; or go back: {abort}"
    force = "--force drops the rotation" if is_own else "--force leaves the rotation to that profile"
    if not holders.is_in_file:
        way = f"{holders.way_back(profile)}, then {way}"
    whose = "in its journal" if is_own else f"in the journal of profile {journal.entry.username}"
    return RefusedError(
        f"the access key of {profile} is being rotated ({_keys(journal)}), and the secrets are {whose}",
        hint=f"{way}; {force}",
    )


def _keys(journal: Journal) -> str:
    return " to ".join(key.access_key_id for key in journal.keys)
