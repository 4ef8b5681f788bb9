"""Choose the backend that `keyring` would choose; check its lock and list its entries, which `keyring` cannot."""

import contextlib
import functools
import sys

from role_env.context.messages import hush_libraries
from role_env.keyrings import KeyringNotes, dbus
from role_env.keyrings.secret_service import COLLECTION_INTERFACE, DEFAULT_COLLECTION, ITEM_INTERFACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from jeepney.io.blocking import DBusConnection
    from keyring.backend import KeyringBackend

_SERVICE_MODULE = "keyring.backends.SecretService"
# These backends unlock everything they open, and offer no way to ask first.
_OPENED_BY_LOOKING = ("keyring.backends.kwallet", "keyring.backends.libsecret")
_ON_BUS = (_SERVICE_MODULE, *_OPENED_BY_LOOKING)


class PlainTextBackend(Exception):
    """The backend writes secrets to a file in plain text, and no setting chooses it."""


def choose(environ: "Mapping[str, str]", notes: KeyringNotes) -> "KeyringBackend":
    """Return the backend that `keyring` chooses, and record it if it is the Secret Service's.

    Raises what `keyring` raises, and ForeignBus before anything is sent to the session bus of another user.
    """
    hush_libraries()
    has_setting = is_set(environ)
    if not has_setting:
        _check_bus(environ)
    if notes.is_secret_service():
        from keyring.backends.SecretService import Keyring

        introduce_clients()
        return Keyring()  # type: ignore[no-untyped-call]  # SchemeSelectable's
    if sys.platform == "darwin" and not has_setting:  # examining all backends takes 40 ms
        from keyring.backends import macOS

        return macOS.Keyring()  # type: ignore[no-untyped-call]
    with _without_library_search() if sys.platform == "linux" else contextlib.nullcontext():
        import keyring

        chosen = keyring.get_keyring()
    if any(type(one).__module__ in _ON_BUS for one in getattr(chosen, "backends", [chosen])):
        _check_bus(environ)
    if type(writing_backend(chosen)).__module__ == _SERVICE_MODULE:
        notes.note_secret_service()
        introduce_clients()
    return chosen


def _check_bus(environ: "Mapping[str, str]") -> None:
    if sys.platform != "darwin":
        dbus.check_owners(environ.get("DBUS_SESSION_BUS_ADDRESS", ""))


@contextlib.contextmanager
def _without_library_search() -> "Iterator[None]":
    """Disable the search for Apple's libraries while `keyring` examines its backend for macOS.

    On Linux that search finds nothing, and starts ldconfig, gcc and ld three times each: too much for many processes.
    """
    import ctypes.util

    search = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None
    try:
        yield
    finally:
        ctypes.util.find_library = search


def writing_backend(backend: "KeyringBackend") -> "KeyringBackend":
    """Return the backend that entries are written to: the first one of a chain."""
    first: KeyringBackend = next(iter(getattr(backend, "backends", ())), backend)
    return first


def is_set(environ: "Mapping[str, str]") -> bool:
    """Return whether a setting of `keyring` chooses the backend."""
    return "PYTHON_KEYRING_BACKEND" in environ or settings_file().exists()


def settings_file() -> "Path":
    """Return the file of settings that `keyring` reads, which may not exist."""
    from pathlib import Path  # takes a tenth of the time of `list`

    from keyring.util import platform_

    return Path(platform_.config_root()) / "keyringrc.cfg"


def check_encrypted(backend: "KeyringBackend", environ: "Mapping[str, str]") -> None:
    """Raise PlainTextBackend for a backend that writes plain text, unless a setting chooses it."""
    if type(writing_backend(backend)).__name__ == "PlaintextKeyring" and not is_set(environ):
        raise PlainTextBackend


def check_open(backend: "KeyringBackend") -> None:
    """Raise KeyringLocked if using `backend` would, or could, ask a person to unlock it."""
    from keyring.errors import KeyringLocked

    first = writing_backend(backend)
    module = type(first).__module__
    if module in _OPENED_BY_LOOKING or (module == _SERVICE_MODULE and _is_service_locked(first)):
        raise KeyringLocked


def _is_service_locked(backend: "KeyringBackend") -> bool:
    """Return whether using `backend` would ask a person to unlock its collection."""
    import secretstorage

    with contextlib.closing(secretstorage.dbus_init()) as connection:
        path = getattr(backend, "preferred_collection", None) or DEFAULT_COLLECTION
        return bool(secretstorage.Collection(connection, path).is_locked())


@functools.cache
def introduce_clients() -> None:
    """Let each connection of `secretstorage` begin with a search, so that the Secret Service knows this client.

    gnome-keyring 48 exits if an unknown client asks for a property, as `secretstorage` does first. A search from an
    unknown client only fails.
    """
    import secretstorage
    from secretstorage.exceptions import ItemNotFoundException
    from secretstorage.util import DBusAddressWrapper

    # Two threads can do this at once: the one that prepares a write, and the write.
    connect = getattr(secretstorage.dbus_init, "__wrapped__", secretstorage.dbus_init)

    @functools.wraps(connect)
    def connect_and_search() -> "DBusConnection":
        """Return the connection that `secretstorage` opens, after a search that makes this client known."""
        connection = connect()
        collection = DBusAddressWrapper(DEFAULT_COLLECTION, COLLECTION_INTERFACE, connection)
        with contextlib.suppress(ItemNotFoundException):
            collection.call("SearchItems", "a{ss}", {"service": ""})
        return connection

    secretstorage.dbus_init = connect_and_search


def service_names(backend: "KeyringBackend") -> list[str]:
    """Return the names of all entries if `backend` is the Secret Service's. `keyring` itself cannot search."""
    collection_of = getattr(backend, "get_preferred_collection", None)
    if collection_of is None:
        return []
    from secretstorage.exceptions import ItemNotFoundException
    from secretstorage.util import DBusAddressWrapper

    collection = collection_of()
    found = []
    with contextlib.closing(collection.connection) as bus:
        items = DBusAddressWrapper(collection.collection_path, COLLECTION_INTERFACE, bus).get_property("Items")
        for item in items:
            with contextlib.suppress(ItemNotFoundException):  # another process has just deleted it
                found.append(dict(DBusAddressWrapper(item, ITEM_INTERFACE, bus).get_property("Attributes")))
    return [f"{attributes.get('service', '')}\t{attributes.get('username', '')}" for attributes in found]
