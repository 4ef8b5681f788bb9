"""What a session bus and a keyring say when a secret is read, and readers of it, byte by byte.

`Memory` is no socket at all, where every recv gives a chosen piece.
"""

import functools
import os
import struct
import time
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from role_env.keyrings import Entry, dbus, secret_service
from role_env.keyrings.secret_service import CannotReadDirectly
from support.waiting import DEADLINE

jeepney = pytest.importorskip("jeepney", reason="keyring brings it where there can be a Secret Service")
low_level = pytest.importorskip("jeepney.low_level")

SERVICE, NAME = "role-env session 1", "profileB"
ATTRIBUTES = {"service": SERVICE, "username": NAME}
SECRET = "role-env session 1\nprofile Zürich\nend"

SHORT = 0.3
"""Seconds that a read gets when nothing will come."""

SLACK = 60.0
"""Seconds by which a busy machine may be late."""

LITTLE = low_level.Endianness.little

OK = b"OK 5c27e71733bfd7037803e8fc6b06daa2\r\n"
ITEM = "/org/freedesktop/secrets/collection/login/1"
OTHER_ITEM = "/org/freedesktop/secrets/collection/login/2"
SESSION = "/org/freedesktop/secrets/session/s2"


def message(kind: str, signature: str, body: tuple[object, ...], *, order: object = LITTLE, **fields: object) -> bytes:
    """Return a message as jeepney writes it."""
    header_fields = {low_level.HeaderFields[name]: value for name, value in fields.items()}
    header_fields[low_level.HeaderFields.sender] = ":1.0"
    if signature:
        header_fields[low_level.HeaderFields.signature] = signature
    header = low_level.Header(order, low_level.MessageType[kind], 1, 1, 0, 9, header_fields)
    written: bytes = low_level.Message(header, body).serialise()
    return written


def reply(serial: int, signature: str, *body: object, order: object = LITTLE) -> bytes:
    """Return an answer to the call with this number."""
    return message("method_return", signature, body, order=order, reply_serial=serial, destination=":1.3")


def error(serial: int, name: str) -> bytes:
    """Return an error as the answer to the call with this number."""
    fields = {"reply_serial": serial, "error_name": name}
    return message("error", "s", ("words",), **fields)


def noise() -> bytes:
    """Return a signal that nobody has asked for."""
    fields = {"path": "/", "interface": "a.b", "member": "Signal"}
    return message("signal", "a{sv}as", ({"a": ("u", 1)}, ["b"]), **fields)


def read(service: str, name: str, environ: Mapping[str, str], *, seconds: float) -> str | None:
    """Return what the fast read finds as the one entry of this name."""
    (found,) = secret_service.read([Entry(service, name)], environ, seconds=seconds)
    return found


def exchange(secret: bytes = SECRET.encode(), order: object = LITTLE) -> dict[str, bytes]:
    """All that a bus and a keyring say when all is well. `|` or a comprehension makes it go wrong."""
    answer = functools.partial(reply, order=order)
    return {
        "auth": OK,
        "hello": answer(1, "s", ":1.3"),
        "search": answer(2, "ao", [ITEM]),
        "open": answer(3, "vo", ("s", ""), SESSION),
        "get": answer(4, "(oayays)", (SESSION, b"", secret, "text/plain; charset=utf8")),
    }


def whole(said: Mapping[str, bytes]) -> bytes:
    """Return the parts of an exchange in one piece."""
    return b"".join(said.values())


class Memory:
    """A socket that receives the given pieces, one at each recv, and then a hang-up; and what was asked of it."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        self.sent = b""
        self.open = True

    def getsockopt(self, *_: int) -> bytes:
        """Say that the other end is this user's."""
        return struct.pack("3i", os.getpid(), os.geteuid(), os.getegid())

    def settimeout(self, seconds: float) -> None:
        """Check that there is time left."""
        assert seconds >= 0

    def connect(self, path: object) -> None:
        """Check the path."""
        assert path == b"/memory"

    def send(self, data: bytes) -> int:
        """Take at most 100 bytes."""
        self.sent += data[:100]
        return len(data[:100])

    def recv(self, size: int) -> bytes:
        """Return the next piece, or what is left of the last."""
        data = self._rest or next(self._pieces, b"")
        self._rest = data[size:]
        return data[:size]

    def close(self) -> None:
        """Note that it is closed."""
        self.open = False


def hear(pieces: Iterable[bytes], *, seconds: float = DEADLINE) -> tuple[str | None, Memory]:
    """Return the secret that is read from the pieces, or None when the reader is unsure."""
    memory = Memory(pieces)
    with played(memory):
        try:
            found = read(SERVICE, NAME, MEMORY, seconds=seconds)
        except CannotReadDirectly:
            found = None
    assert not memory.open
    return found, memory


MEMORY = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/memory"}


def played(memory: Memory) -> Any:
    """Return a patch by which the next socket is `memory`."""
    numbers = dict.fromkeys(("AF_UNIX", "SOCK_STREAM", "SOL_SOCKET", "SO_PEERCRED"), 0)
    fake = SimpleNamespace(**numbers, socket=lambda *_: memory)
    return mock.patch.object(dbus, "_socket", fake)


def heard(*pieces: bytes) -> str | None:
    """Return the secret that is read from the pieces, or None when the reader is unsure."""
    return hear(pieces)[0]


def assert_unsure(environ: Mapping[str, str], *, seconds: float = SHORT, username: str = NAME) -> float:
    """Read, expect CannotReadDirectly within the deadline, and return the seconds that it took."""
    began = time.monotonic()
    with pytest.raises(CannotReadDirectly):
        read(SERVICE, username, environ, seconds=seconds)
    took = time.monotonic() - began
    assert took < seconds + SLACK
    return took


SEVERAL = [Entry(f"service {number}", f"näme {number}") for number in range(5)]
