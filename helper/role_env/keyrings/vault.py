"""Store long-lived secrets, such as access keys, in the OS keyring: never in the kernel keyring or a file."""

import contextlib

from role_env.context import Context
from role_env.errors import KeyringError
from role_env.keyrings import Entry, profile_entry
from role_env.keyrings.faults import OTHER_BACKEND, KeyringFault
from role_env.keyrings.index import Index
from role_env.keyrings.system import SystemKeyring

INDEX = "keys-index"
"""The file of the index of these entries."""
SERVICE = "role-env "
"""The prefix of the services of these entries."""


class NoKeyring(KeyringError):
    """There is no keyring for this user here, so it stores nothing."""


def read(entry: Entry, context: Context) -> str | None:
    """Return the text stored as `entry`, or None. Raises KeyringError if the keyring cannot be used."""
    keyring = SystemKeyring(context)
    text = keyring.read(entry)
    check_usable(keyring)
    return text


def write(entry: Entry, text: str, context: Context) -> None:
    """Store `text` as `entry`, and read it back. Raises KeyringError; an earlier text may then still be stored."""
    keyring = SystemKeyring(context)
    with contextlib.suppress(OSError):  # without the index, a search can still find the entry
        Index(context.environ, INDEX, SERVICE).note(entry)
    keyring.write(entry, text)
    stored = keyring.read(entry)
    check_usable(keyring)
    check_stored(stored, text)


def delete(entry: Entry, context: Context) -> None:
    """Delete `entry` if it exists. Raises KeyringError."""
    keyring = SystemKeyring(context)
    keyring.delete(entry)
    check_usable(keyring)
    with contextlib.suppress(OSError):  # a reader of a stale name finds no entry
        Index(context.environ, INDEX, SERVICE).remove(entry)


def entries(service: str, context: Context) -> list[Entry]:
    """Return the entries of `service` by the index and a search; some may not exist. Raises KeyringError."""
    keyring = SystemKeyring(context)
    found = Index(context.environ, INDEX, service).entries(keyring.names())
    check_usable(keyring)
    return found


def profiles_of(service: str, path: str, context: Context) -> list[str]:
    """Return the profiles of the profiles file at `path` that have an entry of `service`. Raises KeyringError."""
    found = entries(service, context)
    own = [entry for entry in found if entry.name == profile_entry(service, path, entry.username).name]
    return [entry.username for entry in own if read(entry, context)]


def check_available(entry: Entry, context: Context) -> None:
    """Raise KeyringError if nothing can be stored as `entry`: no keyring, a locked one, or one that stores nothing."""
    read(entry, context)
    if SystemKeyring(context).backend_name().startswith("keyring.backends.null."):
        raise NoKeyring(
            "the keyring that is chosen stores nothing", hint=f"{OTHER_BACKEND}; or see `role-env help headless`"
        )


def check_usable(keyring: SystemKeyring) -> None:
    """Raise NoKeyring if there is no keyring, and KeyringError if it cannot be used."""
    if not keyring.fault:
        return
    message = f"the keyring cannot be used: {keyring.reason}"
    is_missing = keyring.is_absent or keyring.fault is KeyringFault.FOREIGN_BUS
    raise (NoKeyring if is_missing else KeyringError)(message, hint=keyring.fix)


def check_stored(stored: str | None, text: str) -> None:
    """Raise KeyringError if `stored`, which was read back, is not `text`."""
    if stored != text:
        raise KeyringError("the keyring does not return the stored text", hint=OTHER_BACKEND)
