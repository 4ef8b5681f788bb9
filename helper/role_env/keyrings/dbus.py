"""A minimal D-Bus client for fast reads: a connection to a message bus on a Unix socket, calls and their replies.

Protocol: D-Bus specification 0.43, "Authentication Protocol". It imports only `_socket`: the `socket` module takes as
long as the whole exchange.

A signature gives the types of values: `s` and `o` are texts, `b` a bool, `ay` bytes, `ao` a list of texts, `a{ss}` a
dictionary, `v` the text or bool in it, and a struct is a tuple (the section "Message Format").
"""

import _socket
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Call = tuple[str, str, str, str, tuple[Any, ...], str]
    """A call: object path, interface, member, the signature of the values, the values, the signature of the reply."""

_STEP_SECONDS = 0.01
_METHOD_RETURN, _ERROR, _SIGNAL = 2, 3, 4
_BUS = "org.freedesktop.DBus"


class UnexpectedReply(Exception):
    """The bus, or the service on it, is missing or replies in an unexpected way."""


class ErrorReply(UnexpectedReply):
    """The reply to a call is an error. The connection can still be used."""


class ForeignBus(UnexpectedReply):
    """The bus belongs to another user, as below `su` without `-`. The text names that user."""


class Bus:
    """A connection to the bus at `address`, for calls of the service `destination` within `seconds` in all.

    While there is nothing to read, `meanwhile` is advanced, whose time is not counted; it must not yield None. Raises
    TimeoutError at the end of that time, UnexpectedReply, OSError and, for a malformed message, ValueError or
    IndexError.
    """

    def __init__(self, address: str, destination: str, seconds: float, meanwhile: "Iterator[object]") -> None:
        self._destination = destination
        self._end = time.monotonic() + seconds
        self._meanwhile = meanwhile
        self._buffer = bytearray()
        self._serial = 1
        self._socket = self._connected(address)
        greeting = b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\nBEGIN\r\n"
        self._unsent = greeting + message(1, _BUS, "/org/freedesktop/DBus", _BUS, "Hello")
        self._is_greeted = False

    def exchange(self, *calls: "Call") -> "list[list[Any]]":
        """Send all `calls` at once, and return the values in the replies, in the order of the calls."""
        first = self._serial + 1
        for path, interface, member, signature, values, _ in calls:
            self._serial += 1
            self._unsent += message(self._serial, self._destination, path, interface, member, signature, values)
        while self._unsent:
            self._socket.settimeout(self._left())
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        if not self._is_greeted:
            self._accept()
            self._reply(1, "s")
            self._is_greeted = True
        return [self._reply(serial, returns) for serial, (*_, returns) in enumerate(calls, first)]

    def __enter__(self) -> "Bus":
        return self

    def __exit__(self, *failure: object) -> None:
        self._socket.close()

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _accept(self) -> None:
        while (length := self._buffer.find(b"\r\n")) < 0:
            self._receive()
        if not self._buffer.startswith(b"OK "):
            raise UnexpectedReply("not accepted")
        del self._buffer[: length + 2]

    def _reply(self, serial: int, signature: str) -> "list[Any]":
        """Return the values in the reply to the call `serial`, which must have this signature.

        Signals are ignored, and so are replies to earlier calls, which remain after an error.
        """
        while True:
            kind, reply_to, found, body = self._receive_message()
            if kind == _SIGNAL or reply_to < serial:
                continue
            if kind == _ERROR:
                raise ErrorReply("an error")
            if kind != _METHOD_RETURN or reply_to != serial or found != signature:
                raise UnexpectedReply("another reply")
            return body.values(signature)

    def _connected(self, address: str) -> _socket.socket:
        for path in _unix_paths(address):
            # No child inherits it (PEP 446).
            connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            try:
                self._connect(connection, path)
                _check_owner(connection)
            except OSError:
                connection.close()
            except ForeignBus:
                connection.close()
                raise
            else:
                return connection
        raise UnexpectedReply("no session bus")

    def _connect(self, connection: _socket.socket, path: str | bytes) -> None:
        while True:
            try:
                connection.settimeout(self._left())
                return connection.connect(path)
            except BlockingIOError:
                time.sleep(_STEP_SECONDS)

    def _receive_message(self) -> "tuple[int, int, str, Reader]":
        self._need(16)
        if self._buffer[0] != ord("l"):
            raise UnexpectedReply("not little-endian")
        head = Reader(bytes(self._buffer[:16]), 4)
        body_length = head.number()
        head.number()  # its own serial
        fields_length = head.number()
        start = 16 + fields_length + -fields_length % 8
        end = start + body_length
        self._need(end)
        message = bytes(self._buffer[:end])
        del self._buffer[:end]
        reply_to, signature = fields(Reader(message[: 16 + fields_length], 16))
        return message[1], reply_to, signature, Reader(message[start:], 0)

    def _need(self, count: int) -> None:
        while len(self._buffer) < count:
            self._receive()

    def _receive(self) -> None:
        self._left()  # an endless message must not delay the deadline
        self._socket.settimeout(0)
        data = None
        while data is None:
            try:
                data = self._socket.recv(65536)
            except (BlockingIOError, TimeoutError):
                self._go_on()
        if not data:
            raise UnexpectedReply("the bus hung up")
        self._buffer += data

    def _go_on(self) -> None:
        began = time.monotonic()
        step = next(self._meanwhile, None)
        self._end += time.monotonic() - began
        if step is None:
            self._socket.settimeout(self._left())


def check_owners(address: str) -> None:
    """Raise ForeignBus if one of the sockets in the D-Bus `address` belongs to another user. Nothing is sent to them.

    A library connects again after this check, so a socket's folder must not be another user's either, who could put
    another socket there meanwhile. Raises ValueError for a malformed address.
    """
    for path in _unix_paths(address):
        if not path.startswith(b"\0"):
            _check_folders(path)
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            connection.connect(path)
            _check_owner(connection)
        except OSError:
            continue
        finally:
            connection.close()


def _check_folders(path: bytes) -> None:
    """Raise ForeignBus if another user, who is not root, owns the folder of the socket `path` or of its symlink."""
    for name in (path, os.path.realpath(path)):
        try:
            owner = os.stat(os.path.dirname(name)).st_uid
        except OSError:
            continue
        if owner not in (0, os.geteuid()):
            raise ForeignBus(_user_name(owner))


def _check_owner(connection: _socket.socket) -> None:
    """Raise ForeignBus if the process that listens at the other end belongs to another user."""
    if not hasattr(_socket, "SO_PEERCRED"):
        return
    # struct ucred: the process, its user and its group. unix(7).
    owner = int.from_bytes(connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)[4:8], sys.byteorder)
    if owner != os.geteuid():
        raise ForeignBus(_user_name(owner))


def _user_name(number: int) -> str:
    import pwd  # not for a usual bus

    try:
        return f"{pwd.getpwuid(number).pw_name} (uid {number})"
    except KeyError:
        return f"the uid {number}"


def _unix_paths(address: str) -> list[bytes]:
    """Return the sockets in a D-Bus address, `unix:path=…` and `unix:abstract=…`, with %-escapes decoded."""
    paths: list[bytes] = []
    for entry in address.split(";"):
        transport, _, rest = entry.partition(":")
        pairs = dict(pair.split("=", 1) for pair in rest.split(",") if "=" in pair) if transport == "unix" else {}
        if "path" in pairs:
            paths.append(_unescaped(pairs["path"]))
        elif "abstract" in pairs:
            paths.append(b"\0" + _unescaped(pairs["abstract"]))
    return paths


def _unescaped(text: str) -> bytes:
    first, *rest = os.fsencode(text).split(b"%")
    parts = [first]
    for part in rest:
        (byte,) = bytes.fromhex(part[:2].decode("ascii"))
        parts += (bytes((byte,)), part[2:])
    return b"".join(parts)


# --- the values of calls and messages

_NO_AUTO_START = 2


class Reader:
    """A reader of aligned little-endian values. Raises IndexError past the end, ValueError for another type."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position

    def left(self) -> int:
        """Return the number of bytes that are left."""
        return len(self._data) - self._position

    def values(self, signature: str) -> "list[Any]":
        """Read a value for each type in `signature`."""
        if signature.startswith("("):
            self.align(8)
            return [tuple(self.values(signature[1:-1]))]
        values: list[Any] = []
        types = iter(signature)
        for kind in types:
            if kind == "a":
                values.append(self._array(next(types, "")))
            elif kind == "v" and (inner := self.signature()) in ("b", "s"):
                values += self.values(inner)
            elif kind == "b":
                values.append(bool(self.number()))
            elif kind in "so":
                values.append(self.text())
            else:
                raise ValueError("an unknown type")
        return values

    def align(self, size: int) -> None:
        """Skip the padding before a value that begins at a multiple of `size`."""
        self._position += -self._position % size

    def take(self, count: int) -> bytes:
        """Read `count` bytes without alignment."""
        taken = self._data[self._position : self._position + count]
        if len(taken) != count:
            raise IndexError("past the end")
        self._position += count
        return taken

    def byte(self) -> int:
        """Read a byte."""
        self._position += 1
        return self._data[self._position - 1]

    def number(self) -> int:
        """Read an unsigned 32-bit number."""
        self.align(4)
        return int.from_bytes(self.take(4), "little")

    def text(self) -> str:
        """Read a string or an object path."""
        return self._terminated(self.number()).decode("utf-8")

    def signature(self) -> str:
        """Read a signature."""
        return self._terminated(self.byte()).decode("ascii")

    def _array(self, element: str) -> "bytes | list[Any]":
        length = self.number()
        if element == "y":
            return self.take(length)
        end, items = self._position + length, []
        while self._position < end:
            items += self.values(element)
        return items

    def _terminated(self, count: int) -> bytes:
        return self.take(count + 1)[:-1]


def message(
    serial: int,
    destination: str,
    path: str,
    interface: str,
    member: str,
    signature: str = "",
    values: "tuple[Any, ...]" = (),
) -> bytes:
    """Return a little-endian method call that does not start the service."""
    fields = b""
    for code, kind, value in ((1, b"o", path), (2, b"s", interface), (3, b"s", member), (6, b"s", destination)):
        fields += bytes(-len(fields) % 8) + bytes((code, 1)) + kind + b"\0" + _string(value)
    if signature:
        text = signature.encode()
        fields += bytes(-len(fields) % 8) + b"\x08\x01g\0" + bytes((len(text),)) + text + b"\0"
    body = _body(signature, values)
    head = bytes((108, 1, _NO_AUTO_START, 1)) + _number(len(body)) + _number(serial) + _number(len(fields))
    return head + fields + bytes(-len(fields) % 8) + body


def _body(signature: str, values: "tuple[Any, ...]") -> bytes:
    if signature == "a{ss}":
        return _dictionary(*values)
    body = b""
    for kind, value in zip(signature, values, strict=True):
        body += b"\1s\0" if kind == "v" else b""
        body += bytes(-len(body) % 4) + _string(value)
    return body


def _dictionary(pairs: "dict[str, str]") -> bytes:
    entries = b""
    for name, value in pairs.items():
        # An array's length comes first and its entries begin at 8, so padding within them counts from there.
        entries += bytes(-len(entries) % 8) + _string(name)
        entries += bytes(-len(entries) % 4) + _string(value)
    return _number(len(entries)) + bytes(4) + entries


def _string(text: str) -> bytes:
    data = text.encode("utf-8")
    return _number(len(data)) + data + b"\0"


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")


def fields(reader: Reader) -> "tuple[int, str]":
    """Return the serial that a message replies to and the signature of its body, from its header fields."""
    reply_to, signature = 0, ""
    while reader.left():
        reader.align(8)
        code, kind = reader.byte(), reader.take(3)  # the kind is a signature of one letter
        if kind in (b"\1s\0", b"\1o\0"):
            reader.text()
        elif kind == b"\1g\0":
            value = reader.signature()
            signature = value if code == 8 else signature
        elif kind == b"\1u\0":
            number = reader.number()
            reply_to = number if code == 5 else reply_to
        else:
            raise ValueError("an unknown field")
    return reply_to, signature
