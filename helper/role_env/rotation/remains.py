"""Report and clean up the keys that stay at RAM when a rotation is dropped."""

import time
from collections.abc import Callable, Iterable

from role_env import timestamps
from role_env.credentials import AccessKey
from role_env.dataclass import replace
from role_env.errors import RoleEnvError
from role_env.rotation.holders import Holders
from role_env.rotation.journal import Journal, Step
from role_env.rotation.look import ACTIVE, DELETED, INACTIVE, UNKNOWN, Look, is_young, look
from role_env.rotation.ram import KeyState, Ram, UnknownUse
from role_env.rotation.steps import AtRam
from role_env.sts.client import StsError

_SAID = {ACTIVE: "stays active at RAM", INACTIVE: "stays inactive at RAM", UNKNOWN: "is unknown at RAM"}


def deletion(access_key_id: str) -> str:
    """Return the command that deletes a key."""
    return f"aliyun ram DeleteAccessKey --UserAccessKeyId {access_key_id}"


def last_use(access_key_id: str, signer: AccessKey, ram: Ram) -> str:
    """Return a phrase on the last use of a key. Raises StsError, UnreachableError."""
    try:
        used = ram.last_used(signer, access_key_id)
    except UnknownUse:
        return "RAM does not say when it was used"
    return time.strftime("last used on %Y-%m-%d", time.gmtime(used)) if used else "never used"


def of_rotation(journal: Journal, found: Look, holders: Holders) -> list[str]:
    """Return a line for each key that RAM has, as far as is known. Raises KeyringError."""
    lines = [_line(key_id, state, holders) for key_id, state in found.states.items() if state != DELETED]
    if journal.step is Step.CREATING and not found.signer:
        lines.append("RAM may have created a key without an answer: look at the user's keys in the RAM console")
    return [*lines, *other_keys(found.others, journal.step)]


def look_or_guess(journal: Journal, ram: Callable[[], Ram]) -> tuple[Look, str]:
    """Return RAM's answer, without waiting for a new key, and an empty text; or unknown states, and why."""
    try:
        server = ram()
        found = look(journal, server, new_first=False)
        if journal.new and is_young(journal, server) and found.states[journal.new.access_key_id] == DELETED:
            found.states[journal.new.access_key_id] = UNKNOWN
        return found, ""
    except RoleEnvError as failure:
        states = {key.access_key_id: UNKNOWN for key in journal.keys}
        return Look(AtRam.UNKNOWN, states, [], None), failure.message


def clean_up(journal: Journal, found: Look, holders: Holders, ram: Ram) -> Look:
    """Undo a rotation at RAM if the profile now has a third key, and return RAM's answer afterwards.

    The profile's own key stays as it is. Raises StsError, UnreachableError, KeyringError.
    """
    old, new, states, signer = journal.old.access_key_id, journal.new, dict(found.states), found.signer
    if signer and journal.retired_at and states[old] == INACTIVE:
        ram.set_status(signer, old, is_active=True)
        states[old] = ACTIVE
    is_there = new is not None and states[new.access_key_id] != DELETED
    if signer and new and is_there and not _is_used(new.access_key_id, journal, signer, holders, ram):
        ram.delete_key(signer, new.access_key_id)
        states[new.access_key_id] = DELETED
    return replace(found, states=states)


def _is_used(access_key_id: str, journal: Journal, signer: AccessKey, holders: Holders, ram: Ram) -> bool:
    """Return whether an entry of the keyring has the key, or RAM reports a use of it or does not say."""
    if holders.of(access_key_id):
        return True
    try:
        return ram.last_used(signer, access_key_id) >= journal.started_at
    except (StsError, UnknownUse):
        return True


def other_keys(others: Iterable[KeyState], step: Step | None) -> list[str]:
    """Return a line for each key of the user that neither the profile nor the journal has."""
    lines = []
    for state in others:
        created = f", created {timestamps.format_utc(state.created)}" if state.created else ""
        inactive = "" if state.is_active else ", inactive"
        lost = ", perhaps the one that RAM created without an answer" if step is Step.CREATING else ""
        lines.append(
            f"the user has another access key, {state.access_key_id}{created}{inactive}{lost}; to delete it:"
            f" {deletion(state.access_key_id)}"
        )
    return lines


def _line(access_key_id: str, state: str, holders: Holders) -> str:
    names = ", ".join(sorted({entry.username for entry in holders.of(access_key_id)}))
    if names:
        return f"{access_key_id} {_SAID[state]}, and the keyring has it for {names}"
    return f"{access_key_id} {_SAID[state]}; to delete it: {deletion(access_key_id)}"
