"""The fast read of entries from the Secret Service, over the session bus's own socket.

It reads what `keyring` reads, one entry in four messages, the first three in one write. It never writes, prompts or
starts a service. Everything unexpected is left to `keyring` itself: another transport, more than one item, a locked
one, an odd reply, a timeout. API: Secret Service API draft 0.2.
"""

import time

from role_env.keyrings.dbus import Bus, Reader, UnexpectedReply, attributes, authentication, call, string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from role_env.keyrings.entry import Entry

_SERVICE, _PATH = "org.freedesktop.secrets", "/org/freedesktop/secrets"
_SERVICE_INTERFACE, _COLLECTION = "org.freedesktop.Secret.Service", "org.freedesktop.Secret.Collection"
DEFAULT_COLLECTION = f"{_PATH}/aliases/default"
_HELLO = 1
# A healthy service replies within milliseconds (seconds); a prompt is `keyring`'s business.
USUAL_SECONDS = 0.25
_NOTHING: "Iterator[None]" = iter(())


class AskKeyring(Exception):
    """The fast read cannot read the entry: `keyring` itself has to."""


class SlowService(AskKeyring):
    """The bus, or the service on it, did not reply in time."""


def read(
    service: str,
    username: str,
    environ: "Mapping[str, str]",
    *,
    seconds: float = USUAL_SECONDS,
    meanwhile: "Iterator[None]" = _NOTHING,
) -> "str | None":
    """Return the secret of the one item of the default collection with these attributes, or None if there is none.

    A step of `meanwhile` is done in each of the two waits for the service. Raises AskKeyring, at the latest after
    `seconds`, in which those steps do not count; then it is SlowService.
    """
    return _read([(service, username)], environ, seconds, meanwhile)[0]


def read_several(entries: "Sequence[Entry]", environ: "Mapping[str, str]", *, seconds: float) -> "list[str | None]":
    """Return what `read` returns for each of `entries`, over one connection.

    Raises AskKeyring, at the latest after `seconds`, also if only one of them cannot be read.
    """
    return _read([(entry.service, entry.username) for entry in entries], environ, seconds, _NOTHING)


def _read(
    names: "list[tuple[str, str]]", environ: "Mapping[str, str]", seconds: float, meanwhile: "Iterator[None]"
) -> "list[str | None]":
    try:
        bus = Bus(environ.get("DBUS_SESSION_BUS_ADDRESS", ""), time.monotonic() + seconds)
        try:
            return _exchange(bus, names, meanwhile)
        finally:
            bus.close()
    except TimeoutError:
        raise SlowService from None
    except (OSError, ValueError, IndexError, UnexpectedReply) as error:
        raise AskKeyring(type(error).__name__) from None


def _exchange(bus: Bus, names: "list[tuple[str, str]]", meanwhile: "Iterator[None]") -> "list[str | None]":
    """Return the secret of each of `names`, a service and a username. The calls are numbered as they are sent."""
    searches = range(_HELLO + 1, _HELLO + 1 + len(names))
    opening = searches.stop
    gets = range(opening + 1, opening + 1 + len(names))
    calls = (_search(serial, *name) for serial, name in zip(searches, names, strict=True))
    # gnome-keyring 48 can fail to know a client at its first calls, and ends itself if one of these is OpenSession.
    bus.send(_greeting(), *calls, _open(opening))
    _use_wait(bus, meanwhile)
    bus.expect_ok()
    bus.reply(_HELLO, "s")
    found = [_paths(bus.reply(serial, "ao")) for serial in searches]
    session = _session_path(bus.reply(opening, "vo"))
    if any(len(items) > 1 for items in found):
        raise UnexpectedReply("more than one item")
    if not all(found) and _is_locked(bus, gets.stop):
        raise AskKeyring("locked")
    items = {serial: paths[0] for serial, paths in zip(gets, found, strict=True) if paths}
    if items:
        bus.send(*(_get(serial, item, session) for serial, item in items.items()))
        _use_wait(bus, meanwhile)
    secrets = {serial: _secret(bus.reply(serial, "(oayays)"), session) for serial in items}
    return [secrets.get(serial) for serial in gets]


def _use_wait(bus: Bus, meanwhile: "Iterator[None]") -> None:
    """Do a step of `meanwhile` while the service works on what was sent."""
    began = time.monotonic()
    next(meanwhile, None)
    bus.extend(time.monotonic() - began)


def _greeting() -> bytes:
    return authentication() + call(
        _HELLO, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello"
    )


def _search(serial: int, service: str, username: str) -> bytes:
    searched = attributes({"username": username, "service": service})
    return call(serial, _SERVICE, DEFAULT_COLLECTION, _COLLECTION, "SearchItems", "a{ss}", searched)


def _open(serial: int) -> bytes:
    plain = string("plain") + b"\1s\0"
    plain += bytes(-len(plain) % 4) + string("")
    return call(serial, _SERVICE, _PATH, _SERVICE_INTERFACE, "OpenSession", "sv", plain)


def _get(serial: int, item: str, session: str) -> bytes:
    return call(serial, _SERVICE, item, "org.freedesktop.Secret.Item", "GetSecret", "o", string(session))


def _is_locked(bus: Bus, serial: int) -> bool:
    """Return whether the collection is locked: KeePassXC then finds nothing in it."""
    arguments = string(_COLLECTION)
    arguments += bytes(-len(arguments) % 4) + string("Locked")
    bus.send(call(serial, _SERVICE, DEFAULT_COLLECTION, "org.freedesktop.DBus.Properties", "Get", "ss", arguments))
    return _flag(bus.reply(serial, "v"))


def _paths(body: Reader) -> "list[str]":
    if body.number() != body.left():
        raise ValueError("not one array")
    paths = []
    while body.left():
        paths.append(body.text())
    return paths


def _session_path(body: Reader) -> str:
    if body.signature() != "s":
        raise ValueError("not plain")
    body.text()
    path = body.text()
    body.end()
    return path


def _flag(body: Reader) -> bool:
    if body.signature() != "b":
        raise ValueError("no flag")
    return bool(body.number())


def _secret(body: Reader, session: str) -> str:
    if body.text() != session:
        raise ValueError("another session")
    if body.array():
        raise ValueError("parameters, which a plain session has none of")
    secret = body.array()
    body.text()  # its content type
    body.end()
    # A record has no NUL, and padding that a wrong length made part of it is nothing else.
    if 0 in secret:
        raise ValueError("a NUL")
    return secret.decode("utf-8")
