"""Read entries from the Secret Service quickly, over the session bus's own socket.

It reads the same entries as `keyring`, each in four messages. It never writes, prompts or starts a service. It leaves
everything unexpected to `keyring`: another transport, several items, a locked one, an odd reply, a timeout.
API: Secret Service API draft 0.2.
"""

from role_env.keyrings.dbus import Bus, ErrorReply, UnexpectedReply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from role_env.keyrings import Entry
    from role_env.keyrings.dbus import Call

_SERVICE, _PATH = "org.freedesktop.secrets", "/org/freedesktop/secrets"
_SERVICE_INTERFACE, _PROPERTIES = "org.freedesktop.Secret.Service", "org.freedesktop.DBus.Properties"
COLLECTION_INTERFACE, ITEM_INTERFACE = "org.freedesktop.Secret.Collection", "org.freedesktop.Secret.Item"
DEFAULT_COLLECTION = f"{_PATH}/aliases/default"
_OPENING: "Call" = (_PATH, _SERVICE_INTERFACE, "OpenSession", "sv", ("plain", ""), "vo")
_LOCKED: "Call" = (DEFAULT_COLLECTION, _PROPERTIES, "Get", "ss", (COLLECTION_INTERFACE, "Locked"), "v")


class CannotReadDirectly(Exception):
    """The entry cannot be read directly; `keyring` has to read it."""


class SlowService(CannotReadDirectly):
    """The bus, or the service on it, timed out."""


def read(
    entries: "Sequence[Entry]",
    environ: "Mapping[str, str]",
    *,
    seconds: float,
    meanwhile: "Iterator[object] | None" = None,
) -> "list[str | None]":
    """Return the text of each of `entries` in the default collection, None for a missing one, over one connection.

    `meanwhile` is advanced while the service works. Raises CannotReadDirectly, also if only one entry cannot be read,
    and SlowService after `seconds`.
    """
    try:
        with Bus(environ.get("DBUS_SESSION_BUS_ADDRESS", ""), _SERVICE, seconds, meanwhile or iter(())) as bus:
            found = _search(bus, entries)
            session = _open_session(bus, found)
            return _secrets(bus, found, session)
    except TimeoutError:
        raise SlowService from None
    except (OSError, ValueError, IndexError, UnexpectedReply) as error:
        raise CannotReadDirectly(type(error).__name__) from None


def _search(bus: Bus, entries: "Sequence[Entry]") -> "list[list[str]]":
    """Return the paths of the items that each of `entries` has in the default collection."""
    searches: list[Call] = []
    for entry in entries:
        sought = {"username": entry.username, "service": entry.service}
        searches.append((DEFAULT_COLLECTION, COLLECTION_INTERFACE, "SearchItems", "a{ss}", (sought,), "ao"))
    try:
        replies = bus.exchange(*searches)
    except ErrorReply:
        # gnome-keyring 48 can refuse a client's first calls before it knows the client. By now it knows this one. If a
        # session is opened before that, gnome-keyring exits.
        replies = bus.exchange(*searches)
    return [items for (items,) in replies]


def _open_session(bus: Bus, found: "list[list[str]]") -> str:
    """Return the path of an unencrypted session. Raises CannotReadDirectly if locked: then KeePassXC finds nothing."""
    asks_locked = [] in found  # an entry is missing, or the collection is locked
    replies = bus.exchange(_OPENING, _LOCKED) if asks_locked else bus.exchange(_OPENING)
    output, session = replies[0]
    if output != "":
        raise UnexpectedReply("not plain")
    if asks_locked and replies[1][0]:
        raise CannotReadDirectly("locked")
    return str(session)


def _secrets(bus: Bus, found: "list[list[str]]", session: str) -> "list[str | None]":
    """Return the text of each entry by its items in `found`, None without one. Raises UnexpectedReply for several."""
    calls: list[Call] = []
    for items in found:
        if len(items) > 1:
            raise UnexpectedReply("more than one item")
        if items:
            calls.append((items[0], ITEM_INTERFACE, "GetSecret", "o", (session,), "(oayays)"))
    # Each struct has the session, the parameters (none if plain), the value and a content type.
    texts = (value.decode("utf-8") for ((_session, _parameters, value, _type),) in bus.exchange(*calls))
    return [next(texts) if items else None for items in found]
