"""The fast read of one entry from the Secret Service, over D-Bus on the session bus's own socket.

It reads what `keyring` reads, in four messages, the first three in one write, and imports only `_socket`: the
`socket` module alone costs as much as the whole exchange. It never writes, prompts or starts a service. Whatever is
unusual raises Unsure, and `keyring` itself is asked: another transport, no such item, more than one, a locked one, an
odd answer, lateness.

Formats: D-Bus specification 0.43, "Message Format" and "Authentication Protocol"; Secret Service API draft 0.2.
"""

import _socket
import os
import sys
import time

from role_env import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# A record has some 3,000 bytes, the line that lets us in 37.
_LARGEST_MESSAGE = 256 * 1024
_LONGEST_LINE = 64
_SERVICE, _PATH = "org.freedesktop.secrets", "/org/freedesktop/secrets"
DEFAULT_COLLECTION = f"{_PATH}/aliases/default"
_METHOD_RETURN, _SIGNAL = 2, 4
_NO_AUTO_START = 2
_HELLO, _SEARCH, _OPEN, _GET = 1, 2, 3, 4
# A healthy service answers within some milliseconds (seconds); a prompt is `keyring`'s affair.
USUAL = 0.25
# The files in the state folder that name the installation whose `keyring` chose the Secret Service, and the one whose
# `keyring` found nothing to choose without a session bus. `system_keyring` writes them.
CHOICE = "secret-service"
ABSENT = "no-keyring"


class Unsure(Exception):
    """The fast read cannot tell what is kept."""


class Absent(Unsure):
    """Nothing is kept there: the collection is open and has no such item."""


def is_usual(environ: "Mapping[str, str]") -> bool:
    """Whether nothing that `keyring` reads chooses a backend or a collection, so that it looks for the Secret Service
    on Linux.
    """
    if sys.platform != "linux" or "PYTHON_KEYRING_BACKEND" in environ:
        return False
    # On KDE `keyring` prefers KWallet; its properties can name another collection.
    if "KDE" in environ.get("XDG_CURRENT_DESKTOP", "") or any(name.startswith("KEYRING_PROPERTY_") for name in environ):
        return False
    folder = paths.usual_folder(environ, paths.CONFIG)
    return bool(folder) and not os.path.exists(f"{folder}/python_keyring/keyringrc.cfg")  # noqa: PTH110  pathlib costs 5 ms


def is_chosen(environ: "Mapping[str, str]") -> bool:
    """Whether `keyring` has chosen the Secret Service's backend in this installation, and nothing speaks against it.

    Choosing costs `keyring` 40 ms: it is noted in a file once, for reading and for writing.
    """
    return bool(environ.get("DBUS_SESSION_BUS_ADDRESS")) and is_usual(environ) and _is_noted(CHOICE, environ)


def is_absent(environ: "Mapping[str, str]") -> bool:
    """Whether there is no session bus, and `keyring` has found no other keyring in this installation."""
    return not environ.get("DBUS_SESSION_BUS_ADDRESS") and is_usual(environ) and _is_noted(ABSENT, environ)


def _is_noted(name: str, environ: "Mapping[str, str]") -> bool:
    try:
        with open(f"{paths.usual_folder(environ, paths.STATE)}/role-env/{name}", encoding="utf-8") as file:  # noqa: PTH123
            return file.read() == sys.prefix
    except (OSError, ValueError):
        return False


def read(service: str, username: str, environ: "Mapping[str, str]", *, seconds: float) -> str:
    """The secret of the one item of the default collection with these attributes, read within `seconds`.

    Raises Absent when there is none, and Unsure for everything else.
    """
    try:
        bus = _Bus(environ.get("DBUS_SESSION_BUS_ADDRESS", ""), time.monotonic() + seconds)
        try:
            return _exchange(bus, service, username)
        finally:
            bus.close()
    except (OSError, ValueError, IndexError) as error:
        raise Unsure(type(error).__name__) from None


def _exchange(bus: "_Bus", service: str, username: str) -> str:
    attributes = _attributes({"username": username, "service": service})
    bus.send(
        b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\nBEGIN\r\n",
        _call(_HELLO, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", "", b""),
        _call(
            *(_SEARCH, _SERVICE, DEFAULT_COLLECTION, "org.freedesktop.Secret.Collection", "SearchItems"),
            *("a{ss}", attributes),
        ),
        _call(
            *(_OPEN, _SERVICE, _PATH, "org.freedesktop.Secret.Service", "OpenSession"),
            *("sv", _string("plain") + b"\1s\0" + bytes(-(len(_string("plain")) + 3) % 4) + _string("")),
        ),
    )
    bus.expect_ok()
    bus.answer(_HELLO, "s")
    items = _paths(bus.answer(_SEARCH, "ao"))
    if len(items) > 1:
        raise Unsure("more than one item")
    session = _session_path(bus.answer(_OPEN, "vo"))
    if not items:
        raise Unsure("locked") if _is_locked(bus) else Absent
    bus.send(_call(_GET, _SERVICE, items[0], "org.freedesktop.Secret.Item", "GetSecret", "o", _string(session)))
    return _secret(bus.answer(_GET, "(oayays)"), session)


def _is_locked(bus: "_Bus") -> bool:
    """Whether the collection is locked: KeePassXC then finds nothing in it."""
    arguments = _string("org.freedesktop.Secret.Collection")
    arguments += bytes(-len(arguments) % 4) + _string("Locked")
    bus.send(
        _call(
            *(_GET, _SERVICE, DEFAULT_COLLECTION, "org.freedesktop.DBus.Properties", "Get"),
            *("ss", arguments),
        )
    )
    return _flag(bus.answer(_GET, "v"))


class _Bus:
    """A connection whose every wait ends at one moment, `end` (of time.monotonic)."""

    def __init__(self, address: str, end: float) -> None:
        self._end = end
        self._buffer = bytearray()
        for path in _unix_paths(address):
            # No child inherits it (PEP 446).
            self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            try:
                self._wait()
                self._socket.connect(path)
            except OSError:
                self.close()
            else:
                return
        raise Unsure("no session bus")

    def close(self) -> None:
        self._socket.close()

    def send(self, *parts: bytes) -> None:
        """Writes all of `parts`, within the one deadline."""
        data = b"".join(parts)
        while data:
            self._wait()
            data = data[self._socket.send(data) :]

    def expect_ok(self) -> None:
        """Reads the answer to the authentication."""
        while (length := self._buffer.find(b"\r\n", 0, _LONGEST_LINE)) < 0:
            if len(self._buffer) >= _LONGEST_LINE:
                raise Unsure("not D-Bus")
            self._receive()
        if not self._buffer.startswith(b"OK "):
            raise Unsure("not let in")
        del self._buffer[: length + 2]

    def answer(self, serial: int, signature: str) -> "_Reader":
        """The body of the answer to the call `serial`. Signals pass by; another answer or an error is Unsure."""
        while True:
            kind, reply_to, found, body = self._message()
            if kind == _SIGNAL:
                continue
            if kind != _METHOD_RETURN or reply_to != serial or found != signature:
                raise Unsure("another answer")
            return body

    def _message(self) -> "tuple[int, int, str, _Reader]":
        self._need(16)
        order = {108: "little", 66: "big"}.get(self._buffer[0])
        if order is None or self._buffer[3] != 1:
            raise Unsure("not D-Bus")
        head = _Reader(bytes(self._buffer[:16]), order, 4)
        body_length = head.number()
        head.number()  # its own serial
        fields_length = head.number()
        start = 16 + fields_length + -fields_length % 8
        end = start + body_length
        if end > _LARGEST_MESSAGE:
            raise Unsure("too large")
        self._need(end)
        message = bytes(self._buffer[:end])
        del self._buffer[:end]
        reply_to, signature = _fields(_Reader(message[: 16 + fields_length], order, 16))
        return message[1], reply_to, signature, _Reader(message[start:], order, 0)

    def _need(self, count: int) -> None:
        while len(self._buffer) < count:
            self._receive()

    def _receive(self) -> None:
        self._wait()
        data = self._socket.recv(65536)
        if not data:
            raise Unsure("the bus hung up")
        self._buffer += data

    def _wait(self) -> None:
        """Lets the next operation wait until the end and no longer."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


class _Reader:
    """Reads aligned values from `data`. Raises IndexError or ValueError past its end or for what cannot be.

    It is strict, because a wrong length shows only by what follows: in padding, in a string's NUL, or at the end.
    """

    def __init__(self, data: bytes, order: str, position: int) -> None:
        self._data = data
        self._order = order
        self._position = position

    def left(self) -> int:
        return len(self._data) - self._position

    def end(self) -> None:
        if self.left():
            raise ValueError("more than expected")

    def align(self, size: int) -> None:
        if any(self._take(-self._position % size)):
            raise ValueError("no padding")

    def byte(self) -> int:
        self._position += 1
        return self._data[self._position - 1]

    def number(self) -> int:
        self.align(4)
        return int.from_bytes(self._take(4), self._order)  # type: ignore[arg-type]  # "little" or "big"

    def text(self) -> str:
        return self._terminated(self.number()).decode("utf-8")

    def signature(self) -> str:
        return self._terminated(self.byte()).decode("ascii")

    def array(self) -> bytes:
        """An array of bytes."""
        return self._take(self.number())

    def _terminated(self, count: int) -> bytes:
        taken = self._take(count + 1)
        if taken.find(0) != count:
            raise ValueError("not one NUL, at the end")
        return taken[:-1]

    def _take(self, count: int) -> bytes:
        taken = self._data[self._position : self._position + count]
        if len(taken) != count:
            raise IndexError("past the end")
        self._position += count
        return taken


def _fields(reader: _Reader) -> "tuple[int, str]":
    """The serial that a message answers and the signature of its body, from the fields of its header."""
    reply_to, signature = 0, ""
    while reader.left():
        reader.align(8)
        code, kind = reader.byte(), reader.signature()
        if kind in ("s", "o"):
            reader.text()
        elif kind == "g":
            value = reader.signature()
            signature = value if code == 8 else signature
        elif kind == "u":
            number = reader.number()
            reply_to = number if code == 5 else reply_to
        else:
            raise ValueError("an unknown field")
    return reply_to, signature


def _paths(body: _Reader) -> "list[str]":
    if body.number() != body.left():
        raise ValueError("not one array")
    paths = []
    while body.left():
        paths.append(body.text())
    return paths


def _session_path(body: _Reader) -> str:
    if body.signature() != "s":
        raise ValueError("not plain")
    body.text()
    path = body.text()
    body.end()
    return path


def _flag(body: _Reader) -> bool:
    if body.signature() != "b":
        raise ValueError("no flag")
    return bool(body.number())


def _secret(body: _Reader, session: str) -> str:
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


def _unix_paths(address: str) -> "list[str | bytes]":
    """What can be connected to in a D-Bus address: `unix:path=…` and `unix:abstract=…`, with %-escapes undone."""
    paths: list[str | bytes] = []
    for entry in address.split(";"):
        transport, _, rest = entry.partition(":")
        pairs = dict(pair.split("=", 1) for pair in rest.split(",") if "=" in pair) if transport == "unix" else {}
        if "path" in pairs:
            paths.append(_unescaped(pairs["path"]))
        elif "abstract" in pairs:
            paths.append(b"\0" + _unescaped(pairs["abstract"]))
    return paths


def _unescaped(text: str) -> bytes:
    """`text` with its %-escapes undone. Raises ValueError for a malformed one and for a NUL."""
    first, *rest = os.fsencode(text).split(b"%")
    parts = [first]
    for part in rest:
        (byte,) = bytes.fromhex(part[:2].decode("ascii"))
        parts += (bytes((byte,)), part[2:])
    name = b"".join(parts)
    if 0 in name:
        raise ValueError("a NUL")
    return name


def _call(serial: int, destination: str, path: str, interface: str, member: str, signature: str, body: bytes) -> bytes:
    """A method call in little-endian, which starts no service."""
    fields = b""
    for code, kind, value in ((1, b"o", path), (2, b"s", interface), (3, b"s", member), (6, b"s", destination)):
        fields += bytes(-len(fields) % 8) + bytes((code, 1)) + kind + b"\0" + _string(value)
    if signature:
        text = signature.encode()
        fields += bytes(-len(fields) % 8) + b"\x08\x01g\0" + bytes((len(text),)) + text + b"\0"
    head = bytes((108, 1, _NO_AUTO_START, 1)) + _number(len(body)) + _number(serial) + _number(len(fields))
    return head + fields + bytes(-len(fields) % 8) + body


def _attributes(pairs: "dict[str, str]") -> bytes:
    """`a{ss}` at the start of a body."""
    entries = b""
    for name, value in pairs.items():
        # An array's length comes first and its entries begin at 8: the padding within them counts from there.
        entries += bytes(-len(entries) % 8) + _string(name)
        entries += bytes(-len(entries) % 4) + _string(value)
    return _number(len(entries)) + bytes(4) + entries


def _string(text: str) -> bytes:
    data = text.encode("utf-8")
    return _number(len(data)) + data + b"\0"


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")
