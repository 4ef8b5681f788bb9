"""Report the keys of a rotation: `--status`, and what stays at RAM when a rotation is dropped."""

from collections.abc import Iterable

from role_env import ui
from role_env.context import Context
from role_env.credentials import AccessKey, format_utc
from role_env.errors import RoleEnvError
from role_env.rotation.holders import Holders, Journal, Unreadable
from role_env.rotation.ram import KeyState, Look, Ram, Status, look

UNREADABLE = "a rotation's journal could not be read: look at the user's keys in the RAM console"
_STAYS = {
    Status.ACTIVE: "stays active at RAM",
    Status.INACTIVE: "stays inactive at RAM",
    Status.UNKNOWN: "is unknown at RAM",
}


def show_status(holders: Holders, ram: Ram, context: Context) -> None:
    """Print the state of the rotation, and what RAM reports of its keys, the current key and the user's other keys.

    Raises ProfileError if there is neither a rotation nor a key.
    """
    name, journal, key = holders.profile, None, holders.key()
    try:
        journal = holders.journal()
    except Unreadable:
        ui.write(
            context.messages.shown(f"{name}: {UNREADABLE}\n{name}: to drop it: `role-env rotate {name} --force`\n")
        )
    else:
        if journal:
            _show_journal(journal, holders, key, context)
        elif key:
            ui.write(f"{name}: no rotation is under way\n")
        else:
            raise holders.no_key()
    _show_keys(journal, key, holders, ram, context)


def state_of(journal: Journal, used_id: str) -> str:
    """Return what a stored journal means, where `used_id` is the ID of the profile's key."""
    old, new = journal.old_id, journal.new_id
    if journal.is_unanswered:
        return f"a new key was requested and no answer stored, and {old} is used"
    if journal.retired_at:
        return f"{new} is used, and {old} is inactive"
    if used_id == new:
        return f"{new} is used, and {old} is still active"
    return f"the new key {new} is stored beside {old}, which is still used"


def look_or_guess(journal: Journal, ram: Ram, *, may_lag: bool = False) -> tuple[Look, str]:
    """Return RAM's answer and an empty text; or unknown states, and why. `may_lag` is that of `look`."""
    try:
        return look(journal, ram, may_lag=may_lag), ""
    except RoleEnvError as failure:
        return Look({key.access_key_id: Status.UNKNOWN for key in journal.keys}, [], None), failure.message


def of_rotation(journal: Journal, found: Look, holders: Holders) -> list[str]:
    """Return a line for each key that RAM has, as far as is known. Raises KeyringError."""
    lines = []
    for key_id, state in found.states.items():
        names = ", ".join(sorted({entry.username for entry in holders.of(key_id)}))
        where = f", and the keyring has it for {names}" if names else f"; to delete it: {deletion(key_id)}"
        if state is not Status.DELETED:
            lines.append(f"{key_id} {_STAYS[state]}{where}")
    if journal.is_unanswered and not found.signer:
        lines.append("RAM may have created a key without an answer: look at the user's keys in the RAM console")
    return [*lines, *other_keys(found.others, journal)]


def other_keys(others: Iterable[KeyState], journal: Journal) -> list[str]:
    """Return a line for each key of the user that neither the profile nor the journal has."""
    lines = []
    for state in others:
        created = f", created {format_utc(state.created)}" if state.created else ""
        inactive = "" if state.is_active else ", inactive"
        lost = ", perhaps the one that RAM created without an answer" if journal.is_unanswered else ""
        lines.append(
            f"the user has another access key, {state.access_key_id}{created}{inactive}{lost}; to delete it:"
            f" {deletion(state.access_key_id)}"
        )
    return lines


def deletion(access_key_id: str) -> str:
    """Return the command that deletes a key."""
    return f"aliyun ram DeleteAccessKey --UserAccessKeyId {access_key_id}"


def _show_journal(journal: Journal, holders: Holders, key: AccessKey | None, context: Context) -> None:
    name, key_id = holders.profile, key.access_key_id if key else ""
    ui.write(f"{name}: {state_of(journal, key_id)} (started {format_utc(journal.started_at)})\n")
    if not key_id:
        expected = journal.expected.access_key_id
        again = f"`role-env rotate {name}`"
        ui.write(context.messages.shown(f"{name}: the keyring has no key of it; to store {expected} again: {again}\n"))
    elif not journal.names(key_id):
        rotate = f"role-env rotate {name}"
        another = (
            f"{name}: the keyring has another key by now, {key_id}; to clean up at RAM: `{rotate} --abort`; only to"
            f" drop the rotation: `{rotate} --force`\n"
        )
        ui.write(context.messages.shown(another))


def _show_keys(journal: Journal | None, key: AccessKey | None, holders: Holders, ram: Ram, context: Context) -> None:
    watched = [journal] if journal else []
    if key and not (journal and journal.names(key.access_key_id)):
        watched.append(Journal(holders.journal_entry, key))
    ours = {one.access_key_id for each in watched for one in each.keys}
    lines = []
    for each in watched:
        found, why = look_or_guess(each, ram)
        if why:
            context.messages.say(f"the user's keys could not be listed: {why}")
            continue
        lines.append(f"RAM says {found.said}")
        if found.refusal and not each.new:
            login = f"`role-env login {holders.profile}`"
            lines.append(f"{found.refusal.message}; if it was replaced, store the new one: {login}")
        lines += other_keys([state for state in found.others if state.access_key_id not in ours], each)
    for line in dict.fromkeys(lines):
        ui.write(context.messages.shown(f"{holders.profile}: {line}\n"))
