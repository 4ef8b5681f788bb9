"""The fast read of entries from the Secret Service, over the session bus's own socket.

It reads what `keyring` reads, one entry in four messages. It never writes, prompts or starts a service. Everything
unexpected is left to `keyring` itself: another transport, more than one item, a locked one, an odd reply, a timeout.
API: Secret Service API draft 0.2.
"""

import time

from role_env.keyrings.dbus import Bus, ErrorReply, UnexpectedReply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from role_env.keyrings.dbus import Call
    from role_env.keyrings.entry import Entry

_SERVICE, _PATH = "org.freedesktop.secrets", "/org/freedesktop/secrets"
_SERVICE_INTERFACE, _PROPERTIES = "org.freedesktop.Secret.Service", "org.freedesktop.DBus.Properties"
COLLECTION_INTERFACE, ITEM_INTERFACE = "org.freedesktop.Secret.Collection", "org.freedesktop.Secret.Item"
DEFAULT_COLLECTION = f"{_PATH}/aliases/default"
_OPENING: "Call" = (_PATH, _SERVICE_INTERFACE, "OpenSession", "sv", ("plain", ""), "vo")
_LOCKED: "Call" = (DEFAULT_COLLECTION, _PROPERTIES, "Get", "ss", (COLLECTION_INTERFACE, "Locked"), "v")
# A healthy service replies within milliseconds (seconds); a prompt is `keyring`'s business.
USUAL_SECONDS = 0.25


class AskKeyring(Exception):
    """The fast read cannot read the entry: `keyring` itself has to."""


class SlowService(AskKeyring):
    """The bus, or the service on it, did not reply in time."""


def read(
    entries: "Sequence[Entry]",
    environ: "Mapping[str, str]",
    *,
    seconds: float = USUAL_SECONDS,
    meanwhile: "Iterator[object] | None" = None,
) -> "list[str | None]":
    """Return what the default collection has as each of `entries`, None for one that it lacks, over one connection.

    Steps of `meanwhile` are done while the service works. Raises AskKeyring, at the latest after `seconds`, in which
    those steps do not count; then it is SlowService. It does so, too, if only one of the entries cannot be read.
    """
    address, end = environ.get("DBUS_SESSION_BUS_ADDRESS", ""), time.monotonic() + seconds
    searches: list[Call] = []
    for entry in entries:
        sought = {"username": entry.username, "service": entry.service}
        searches.append((DEFAULT_COLLECTION, COLLECTION_INTERFACE, "SearchItems", "a{ss}", (sought,), "ao"))
    try:
        with Bus(address, _SERVICE, end, meanwhile or iter(())) as bus:
            try:
                found = bus.exchange(*searches)
            except ErrorReply:
                # gnome-keyring 48 can reply to a client's first calls before it knows the client. It does by now, and
                # must when a session is opened: it would end itself.
                found = bus.exchange(*searches)
            # A locked KeePassXC finds nothing.
            (output, session), *locked = bus.exchange(_OPENING, *([_LOCKED] if [[]] in found else []))
            if output != "":
                raise UnexpectedReply("not plain")
            if locked not in ([], [[False]]):
                raise AskKeyring("locked")
            calls: list[Call] = []
            for (items,) in found:
                if len(items) > 1:
                    raise UnexpectedReply("more than one item")
                if items:
                    calls.append((items[0], ITEM_INTERFACE, "GetSecret", "o", (session,), "(oayays)"))
            secrets = iter(bus.exchange(*calls))
        return [_text(next(secrets)[0], session) if items else None for (items,) in found]
    except TimeoutError:
        raise SlowService from None
    except (OSError, ValueError, IndexError, UnexpectedReply) as error:
        raise AskKeyring(type(error).__name__) from None


def _text(struct: "tuple[str, bytes, bytes, str]", session: str) -> str:
    """Return the text in a Secret: its session, its parameters, which a plain session has none of, and its value."""
    found, parameters, value, _ = struct
    # A record has no NUL, and padding that a wrong length made part of it is nothing else.
    if found != session or parameters or 0 in value:
        raise UnexpectedReply("not the secret of this session")
    return value.decode("utf-8")
