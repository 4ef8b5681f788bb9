"""Report the keys of a rotation: `--status`, and what stays at RAM when a rotation is dropped."""

from collections.abc import Iterable

from role_env import ui
from role_env.context import Context
from role_env.credentials import AccessKey, format_utc, shown_id
from role_env.errors import ProfileError, RoleEnvError
from role_env.keyrings.access_keys import SwappedKey
from role_env.rotation.holders import Holders
from role_env.rotation.journal import Journal, Unreadable
from role_env.rotation.ram import KeyState, Look, Ram, Status, look
from role_env.sts import client

_STAYS = {
    Status.ACTIVE: "stays active at RAM",
    Status.INACTIVE: "stays inactive at RAM",
    Status.UNKNOWN: "is unknown at RAM",
}


def show_status(holders: Holders, ram: Ram, sts_endpoint: str, context: Context) -> None:
    """Print the state of the rotation, and what RAM reports of its keys, the current key and the user's other keys.

    Raises ProfileError if there is neither a rotation nor a key.
    """
    journal = key = None
    try:
        key = holders.key()
    except SwappedKey:
        if not holders.is_rotating():
            raise
    try:
        journal = holders.journal()
        if not journal and not key:
            raise no_key(holders)
        lines = _of_journal(journal, key, holders) if journal else ["no rotation is under way"]
    except Unreadable as damaged:
        lines = [
            f"{damaged.message}: look at the user's keys in the RAM console",
            f"to drop it: `{holders.rotate_line} --abort`",
        ]
    asked = [journal] if journal else []
    if key and not (journal and journal.names(key.access_key_id)):
        asked.append(Journal(holders.journal_entry, key))  # it has only the profile's present key
    ours = {one.access_key_id for each in asked for one in each.keys}
    for each in asked:
        if found := _look(each, ram, context):
            user = ""
            if found.signer and found.others:
                user = client.user_name(found.signer, endpoint=sts_endpoint, context=context)
            lines += _at_ram(each, found, ours, holders, user)
    for line in dict.fromkeys(lines):
        ui.write(context.messages.shown(f"{holders.profile}: {line}\n"))


def state_of(journal: Journal, used_id: str) -> str:
    """Return what a stored journal means, where `used_id` is the ID of the profile's key."""
    old, new = journal.old_id, journal.new_id
    if not new:
        return f"a new key was requested and no answer stored, and {old} is used"
    if journal.retired_at:
        return f"{new} is used, and {old} is inactive"
    if used_id == new:
        return f"{new} is used, and {old} is still active"
    return f"the new key {new} is stored beside {old}, which is still used"


def what_stays(journal: Journal, found: Look, holders: Holders, user: str) -> list[str]:
    """Return a line for each key of `user` that RAM has, as far as is known. Raises KeyringError."""
    lines = []
    for key_id, state in found.states.items():
        names = ", ".join(sorted({entry.username for entry in holders.of(key_id)}))
        where = f", and the keyring has it for {names}" if names else f"; to delete it: {deletion(key_id, user)}"
        if state is not Status.DELETED:
            lines.append(f"{key_id} {_STAYS[state]}{where}")
    if not journal.new and not found.signer:
        lines.append("RAM may have created a key without an answer: look at the user's keys in the RAM console")
    return [*lines, *other_keys(found.others, journal, user)]


def other_keys(others: Iterable[KeyState], journal: Journal, user: str) -> list[str]:
    """Return a line for each key of `user` that neither the profile nor the journal has."""
    lines = []
    for state in others:
        created = f", created {format_utc(state.created)}" if state.created else ""
        inactive = "" if state.is_active else ", inactive"
        is_lost = bool(journal.started_at) and not journal.new
        lost = ", perhaps the one that RAM created without an answer" if is_lost else ""
        lines.append(
            f"the user has another access key, {state.access_key_id}{created}{inactive}{lost}; to delete it:"
            f" {deletion(state.access_key_id, user)}"
        )
    return lines


def deletion(access_key_id: str, user: str) -> str:
    """Return the command that deletes a key of `user`, empty if the name is unknown or the key is the account's."""
    return f"aliyun ram DeleteAccessKey --UserAccessKeyId {access_key_id}" + (f" --UserName {user}" if user else "")


def no_key(holders: Holders) -> ProfileError:
    """Return the error for a profile without a key and a rotation."""
    return ProfileError(
        f"profile {holders.profile} has no access key in the keyring",
        hint=f"store it: `role-env login {holders.profile}`",
    )


def _of_journal(journal: Journal, key: AccessKey | None, holders: Holders) -> list[str]:
    key_id = key.access_key_id if key else ""
    lines = [f"{state_of(journal, key_id)} (started {format_utc(journal.started_at)})"]
    if not key_id:
        expected = journal.expected.access_key_id
        lines.append(f"the keyring has no key of it; to store {expected} again: `{holders.rotate_line}`")
    elif not journal.names(key_id):
        other = shown_id(key_id)
        lines.append(
            f"the keyring has another key by now, {other}; to drop the rotation: `{holders.rotate_line} --abort`"
        )
    return lines


def _look(asked: Journal, ram: Ram, context: Context) -> Look | None:
    """Return what RAM has of the keys in `asked`; after a failure, which is reported, None."""
    try:
        return look(asked, ram)
    except RoleEnvError as failure:
        context.messages.say(f"the user's keys could not be listed: {failure.message}")
        return None


def _at_ram(asked: Journal, found: Look, ours: set[str], holders: Holders, user: str) -> list[str]:
    """Return what RAM says of the keys in `asked`, and of the others of `user` that are not in `ours`."""
    lines = [f"RAM says {found.said}"]
    if found.refusal and not asked.new:
        lines.append(
            f"{found.refusal.message}; if it was replaced, store the new one: `role-env login {holders.profile}`"
        )
    others = [state for state in found.others if state.access_key_id not in ours]
    return lines + other_keys(others, asked, user)
