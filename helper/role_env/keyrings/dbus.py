"""A minimal D-Bus client for fast reads: a connection to a message bus on a Unix socket, calls and their replies.

Protocol: D-Bus specification 0.43, "Authentication Protocol". It imports only `_socket`: the `socket` module takes as
long as the whole exchange.
"""

import _socket
import os
import sys
import time

from role_env.keyrings.dbus_values import Reader, fields, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Call = tuple[str, str, str, str, tuple[Any, ...], str]
    """A call: object path, interface, member, the signature of the values, the values, the signature of the reply."""

# A record has about 3,000 bytes, the line that accepts a client 37.
_LARGEST_MESSAGE = 256 * 1024
_LONGEST_LINE = 64
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
    """A connection to the bus at `address`, for calls of the service `destination`.

    Every wait takes at most the seconds that `left` returns, or ends with the TimeoutError that it raises. While there
    is nothing to read, `meanwhile` is advanced; it must not yield None. Raises UnexpectedReply, OSError and, for a
    malformed message, ValueError or IndexError.
    """

    def __init__(
        self, address: str, destination: str, left: "Callable[[], float]", meanwhile: "Iterator[object]"
    ) -> None:
        self._destination = destination
        self._left = left
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

    def _accept(self) -> None:
        """Read the reply to the authentication, which comes before any other."""
        while (length := self._buffer.find(b"\r\n", 0, _LONGEST_LINE)) < 0:
            if len(self._buffer) >= _LONGEST_LINE:
                raise UnexpectedReply("not D-Bus")
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
            values = body.values(signature)
            if body.left():
                raise UnexpectedReply("more than the values")
            return values

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
        """Connect, and retry while too many clients are waiting for the bus."""
        while True:
            try:
                connection.settimeout(self._left())
                return connection.connect(path)
            except BlockingIOError:
                time.sleep(_STEP_SECONDS)

    def _receive_message(self) -> "tuple[int, int, str, Reader]":
        self._need(16)
        order = {108: "little", 66: "big"}.get(self._buffer[0])
        if order is None or self._buffer[3] != 1:
            raise UnexpectedReply("not D-Bus")
        head = Reader(bytes(self._buffer[:16]), order, 4)
        body_length = head.number()
        head.number()  # its own serial
        fields_length = head.number()
        start = 16 + fields_length + -fields_length % 8
        end = start + body_length
        if end > _LARGEST_MESSAGE:
            raise UnexpectedReply("too large")
        self._need(end)
        message = bytes(self._buffer[:end])
        del self._buffer[:end]
        reply_to, signature = fields(Reader(message[: 16 + fields_length], order, 16))
        return message[1], reply_to, signature, Reader(message[start:], order, 0)

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
        """Advance `meanwhile`; at its end, let the next socket operation wait for the time that is left."""
        if next(self._meanwhile, None) is None:
            self._socket.settimeout(self._left())


def check_owners(address: str) -> None:
    """Raise ForeignBus if one of the sockets in the D-Bus `address` belongs to another user. Nothing is sent to them.

    Raises ValueError for a malformed address.
    """
    for path in _unix_paths(address):
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            connection.connect(path)
            _check_owner(connection)
        except OSError:
            continue
        finally:
            connection.close()


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


def _unix_paths(address: str) -> "list[str | bytes]":
    """Return the sockets in a D-Bus address, `unix:path=…` and `unix:abstract=…`, with %-escapes decoded."""
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
    """Return `text` with %-escapes decoded. Raises ValueError for a malformed one and for a NUL."""
    first, *rest = os.fsencode(text).split(b"%")
    parts = [first]
    for part in rest:
        (byte,) = bytes.fromhex(part[:2].decode("ascii"))
        parts += (bytes((byte,)), part[2:])
    name = b"".join(parts)
    if 0 in name:
        raise ValueError("a NUL")
    return name
