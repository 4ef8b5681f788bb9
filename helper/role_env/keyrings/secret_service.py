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
# While processes wait for a processor, the service may be one of them: how often to look whether they still do.
_STEP_SECONDS = 0.25


class AskKeyring(Exception):
    """The fast read cannot read the entry: `keyring` itself has to."""


class SlowService(AskKeyring):
    """The bus, or the service on it, did not reply in time. It was waited for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__("timeout")
        self.seconds = seconds


class _Wait:
    """The time of a read: `seconds`, and `at_most` so many as long as processes wait for a processor."""

    def __init__(self, seconds: float, at_most: float) -> None:
        self._began = time.monotonic()
        self._end = self._began + seconds
        self._last = self._began + at_most

    def left(self) -> float:
        """Return how long to wait now. Raises TimeoutError at the end."""
        now = time.monotonic()
        if self._end <= now < self._last:
            from role_env.deadline import is_busy  # a usual reply comes before

            if is_busy():
                self._end = min(now + _STEP_SECONDS, self._last)
        if now >= self._end:
            raise TimeoutError
        return self._end - now

    def spent(self) -> float:
        """Return the seconds that count so far."""
        return time.monotonic() - self._began

    def around(self, steps: "Iterator[object]") -> "Iterator[object]":
        """Yield from `steps`, whose time does not count."""
        while True:
            began = time.monotonic()
            step = next(steps, None)
            took = time.monotonic() - began
            self._began, self._end, self._last = self._began + took, self._end + took, self._last + took
            if step is None:
                return
            yield step


def read(
    entries: "Sequence[Entry]",
    environ: "Mapping[str, str]",
    *,
    seconds: float = USUAL_SECONDS,
    at_most: float = 0,
    meanwhile: "Iterator[object] | None" = None,
) -> "list[str | None]":
    """Return what the default collection has as each of `entries`, None for one that it lacks, over one connection.

    Steps of `meanwhile` are done while the service works. Raises AskKeyring, also if only one of the entries cannot be
    read; it is SlowService after `seconds`, or on a busy machine `at_most` so many, in which those steps do not count.
    """
    address, wait = environ.get("DBUS_SESSION_BUS_ADDRESS", ""), _Wait(seconds, at_most)
    searches: list[Call] = []
    for entry in entries:
        sought = {"username": entry.username, "service": entry.service}
        searches.append((DEFAULT_COLLECTION, COLLECTION_INTERFACE, "SearchItems", "a{ss}", (sought,), "ao"))
    try:
        with Bus(address, _SERVICE, wait.left, wait.around(meanwhile or iter(()))) as bus:
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
        raise SlowService(wait.spent()) from None
    except (OSError, ValueError, IndexError, UnexpectedReply) as error:
        raise AskKeyring(type(error).__name__) from None


def _text(struct: "tuple[str, bytes, bytes, str]", session: str) -> str:
    """Return the text in a Secret: its session, its parameters, which a plain session has none of, and its value."""
    found, parameters, value, _ = struct
    # A record has no NUL, and padding that a wrong length made part of it is nothing else.
    if found != session or parameters or 0 in value:
        raise UnexpectedReply("not the secret of this session")
    return value.decode("utf-8")
