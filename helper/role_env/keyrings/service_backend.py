"""Do with the Secret Service what `keyring`'s own backend for it cannot: look, open ahead and list."""

import contextlib

from role_env.keyrings.secret_service import COLLECTION_INTERFACE, DEFAULT_COLLECTION, ITEM_INTERFACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jeepney.io.blocking import DBusConnection
    from keyring.backend import KeyringBackend

MODULE = "keyring.backends.SecretService"
"""The module of the backend."""


def is_locked(backend: "KeyringBackend") -> bool:
    """Return whether using `backend` would ask a person to unlock its collection."""
    import secretstorage

    with contextlib.closing(secretstorage.dbus_init()) as connection:
        _introduce(connection)
        path = getattr(backend, "preferred_collection", None) or DEFAULT_COLLECTION
        return bool(secretstorage.Collection(connection, path).is_locked())


def open_ahead(backend: "KeyringBackend") -> None:
    """Open the Secret Service's default collection for the next use of `backend`, unless it is locked.

    Connecting, and agreeing on a key with the service, takes a dozen messages.
    """
    if type(backend).__module__ != MODULE or hasattr(backend, "preferred_collection"):
        return
    import secretstorage
    from secretstorage.util import open_session

    connection = secretstorage.dbus_init()
    _introduce(connection)
    collection = secretstorage.Collection(connection, DEFAULT_COLLECTION)
    if collection.is_locked():
        connection.close()
        return
    collection.session = open_session(connection)
    opened = [collection]
    usual = backend.get_preferred_collection  # type: ignore[attr-defined]  # the Secret Service's backend has it

    def preferred_collection() -> object:
        """Return the open collection for one use, and the usual one after that."""
        return opened.pop() if opened else usual()

    backend.get_preferred_collection = preferred_collection  # type: ignore[attr-defined]


def _introduce(connection: "DBusConnection") -> None:
    """Send a search over `connection`, so that the Secret Service knows this client.

    gnome-keyring 48 exits if an unknown client asks for a property, as `secretstorage` does first. A search from an
    unknown client only fails.
    """
    from secretstorage.exceptions import ItemNotFoundException
    from secretstorage.util import DBusAddressWrapper

    with contextlib.suppress(ItemNotFoundException):
        DBusAddressWrapper(DEFAULT_COLLECTION, COLLECTION_INTERFACE, connection).call(
            "SearchItems", "a{ss}", {"service": ""}
        )


def is_item_gone(error: Exception) -> bool:
    """Return whether `error` means that an item found in the Secret Service no longer exists.

    For a missing collection, the backend raises InitError.
    """
    return type(error).__name__ == "ItemNotFoundException"


def names(backend: "KeyringBackend") -> list[str]:
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
