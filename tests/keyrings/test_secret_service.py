"""The fast read returns exactly what keyring stored or raises AskKeyring, in time, whatever the bus does.

Three buses serve it: a real one with gnome-keyring; `Memory`, no socket at all, where every recv gives a chosen piece;
and `ScriptedBus`, a program at the other end of a real socket.
"""

import contextlib
import functools
import itertools
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from role_env.keyrings import dbus, secret_service
from role_env.keyrings.entry import Entry
from role_env.keyrings.secret_service import AskKeyring, SlowService
from support import secret_service_bus
from support.secret_service_bus import DEADLINE, KeyringBus, PrivateBus, SilentBus, StoppedBus

jeepney = pytest.importorskip("jeepney", reason="keyring brings it where there can be a Secret Service")
low_level = pytest.importorskip("jeepney.low_level")

SERVICE, NAME = "role-env session 1", "profileB"
ATTRIBUTES = {"service": SERVICE, "username": NAME}
SECRET = "role-env session 1\nprofile Zürich\nend"

SHORT = 0.3
"""Seconds that a read gets when nothing will come."""

SLACK = 10.0
"""Seconds by which a busy machine may be late."""

ORDERS = [pytest.param(low_level.Endianness.little, id="little"), pytest.param(low_level.Endianness.big, id="big")]

# What gnome-keyring 48 and dbus-daemon sent when SECRET was read.
RECORDED = (
    b"OK 5c27e71733bfd7037803e8fc6b06daa2\r\nl\x02\x01\x01\t\x00\x00\x00\x01\x00\x00\x00=\x00\x00\x00\x06\x01s\x00"
    b"\x04\x00\x00\x00:1.3\x00\x00\x00\x00\x05\x01u\x00\x01\x00\x00\x00\x08\x01g\x00\x01s\x00\x00\x07\x01s\x00\x14"
    b"\x00\x00\x00org.freedesktop.DBus\x00\x00\x00\x00\x04\x00\x00\x00:1.3\x00l\x04\x01\x01\t\x00\x00\x00\x02\x00"
    b"\x00\x00\x8d\x00\x00\x00\x01\x01o\x00\x15\x00\x00\x00/org/freedesktop/DBus\x00\x00\x00\x02\x01s\x00\x14\x00"
    b"\x00\x00org.freedesktop.DBus\x00\x00\x00\x00\x03\x01s\x00\x0c\x00\x00\x00NameAcquired\x00\x00\x00\x00\x06\x01s"
    b"\x00\x04\x00\x00\x00:1.3\x00\x00\x00\x00\x08\x01g\x00\x01s\x00\x00\x07\x01s\x00\x14\x00\x00\x00org.freedesktop"
    b".DBus\x00\x00\x00\x00\x04\x00\x00\x00:1.3\x00l\x02\x01\x014\x00\x00\x00\x10\x00\x00\x00-\x00\x00\x00\x06\x01s"
    b"\x00\x04\x00\x00\x00:1.3\x00\x00\x00\x00\x08\x01g\x00\x02ao\x00\x05\x01u\x00\x02\x00\x00\x00\x07\x01s\x00\x04"
    b"\x00\x00\x00:1.0\x00\x00\x00\x000\x00\x00\x00+\x00\x00\x00/org/freedesktop/secrets/collection/login/1\x00l\x02"
    b"\x01\x014\x00\x00\x00\x11\x00\x00\x00-\x00\x00\x00\x06\x01s\x00\x04\x00\x00\x00:1.3\x00\x00\x00\x00\x08\x01g"
    b"\x00\x02vo\x00\x05\x01u\x00\x03\x00\x00\x00\x07\x01s\x00\x04\x00\x00\x00:1.0\x00\x00\x00\x00\x01s\x00\x00\x00"
    b"\x00\x00\x00\x00\x00\x00\x00#\x00\x00\x00/org/freedesktop/secrets/session/s2\x00l\x02\x01\x01g\x00\x00\x00\x12"
    b"\x00\x00\x005\x00\x00\x00\x06\x01s\x00\x04\x00\x00\x00:1.3\x00\x00\x00\x00\x08\x01g\x00\x08(oayays)\x00\x00"
    b"\x00\x05\x01u\x00\x04\x00\x00\x00\x07\x01s\x00\x04\x00\x00\x00:1.0\x00\x00\x00\x00#\x00\x00\x00/org/freedeskto"
    b"p/secrets/session/s2\x00\x00\x00\x00\x00&\x00\x00\x00role-env session 1\nprofile Z\xc3\xbcrich\nend\x00\x00\n"
    b"\x00\x00\x00text/plain\x00"
)

OK = b"OK 5c27e71733bfd7037803e8fc6b06daa2\r\n"
ITEM = "/org/freedesktop/secrets/collection/login/1"
OTHER_ITEM = "/org/freedesktop/secrets/collection/login/2"
SESSION = "/org/freedesktop/secrets/session/s2"


# --- What a bus says


def message(kind: str, signature: str, body: tuple[object, ...], *, order: object, **fields: object) -> bytes:
    """A message as jeepney writes it, in either byte order."""
    header_fields = {low_level.HeaderFields[name]: value for name, value in fields.items()}
    header_fields[low_level.HeaderFields.sender] = ":1.0"
    if signature:
        header_fields[low_level.HeaderFields.signature] = signature
    header = low_level.Header(order, low_level.MessageType[kind], 1, 1, 0, 9, header_fields)
    written: bytes = low_level.Message(header, body).serialise()
    return written


def reply(serial: int, signature: str, *body: object, order: object = low_level.Endianness.little) -> bytes:
    return message("method_return", signature, body, order=order, reply_serial=serial, destination=":1.3")


def error(serial: int, name: str) -> bytes:
    fields = {"reply_serial": serial, "error_name": name}
    return message("error", "s", ("words",), order=low_level.Endianness.little, **fields)


def noise(order: object = low_level.Endianness.little) -> bytes:
    fields = {"path": "/", "interface": "a.b", "member": "Signal"}
    return message("signal", "a{sv}as", ({"a": ("u", 1)}, ["b"]), order=order, **fields)


def read(service: str, name: str, environ: Mapping[str, str], *, seconds: float) -> str | None:
    """What the fast read finds as the one entry of this name."""
    (found,) = secret_service.read([Entry(service, name)], environ, seconds=seconds)
    return found


def exchange(secret: bytes = SECRET.encode(), order: object = low_level.Endianness.little) -> dict[str, bytes]:
    """All that a bus and a keyring say when all is well. `|` or a comprehension makes it go wrong."""
    answer = functools.partial(reply, order=order)
    return {
        "auth": OK,
        "hello": answer(1, "s", ":1.3"),
        "search": answer(2, "ao", [ITEM]),
        "open": answer(3, "vo", ("s", ""), SESSION),
        "get": answer(4, "(oayays)", (SESSION, b"", secret, "text/plain; charset=utf8")),
    }


def variants_in_variants() -> bytes:
    """A reply to OpenSession with more of them than Python has levels; a bus allows 64."""
    text = b"\1s\0\0" + (9000).to_bytes(4, "little") + b"v" * 9000
    return reply(3, "vo", ("s", "v" * 9000), SESSION).replace(text, (b"\1v\0" * 9000)[: len(text)])


def whole(said: Mapping[str, bytes]) -> bytes:
    return b"".join(said.values())


class Memory:
    """A socket that receives the given pieces, one at each recv, and then a hang-up; and what was asked of it."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        self.sent = b""
        self.received = 0
        self.open = True

    def settimeout(self, seconds: float) -> None:
        assert seconds >= 0

    def connect(self, path: object) -> None:
        assert path == b"/memory"

    def send(self, data: bytes) -> int:
        self.sent += data[:100]
        return len(data[:100])

    def recv(self, size: int) -> bytes:
        data = self._rest or next(self._pieces, b"")
        self._rest = data[size:]
        self.received += len(data[:size])
        return data[:size]

    def close(self) -> None:
        self.open = False


def hear(pieces: Iterable[bytes], *, seconds: float = DEADLINE) -> tuple[str | None, Memory]:
    """The secret that is read from the pieces, or None when the reader is unsure."""
    memory = Memory(pieces)
    with played(memory):
        try:
            found = read(SERVICE, NAME, MEMORY, seconds=seconds)
        except AskKeyring:
            found = None
    assert not memory.open
    return found, memory


MEMORY = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/memory"}


def played(memory: Memory) -> Any:
    """A patch by which the next socket is `memory`."""
    fake = SimpleNamespace(AF_UNIX=0, SOCK_STREAM=0, socket=lambda *_: memory)
    return mock.patch.object(dbus, "_socket", fake)


def heard(*pieces: bytes) -> str | None:
    return hear(pieces)[0]


class ScriptedBus:
    """A program at the other end of a real unix socket: `play` gets the connection, and ends with the reader."""

    def __init__(self, folder: Path, play: Callable[[socket.socket], object], *, name: str = "") -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.settimeout(DEADLINE)
        self._listener.bind(name or str(folder / "bus"))
        self._listener.listen()
        self._play = play
        self._thread = threading.Thread(target=self._serve)
        self.environ = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus"}

    def __enter__(self) -> "ScriptedBus":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(DEADLINE)
        self._listener.close()
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(DEADLINE)
        with connection, contextlib.suppress(OSError):  # the reader goes when it knows enough
            self._play(connection)
            while connection.recv(65536):
                pass


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's."""
    made = secret_service_bus.short_folder()
    yield made
    for path in made.iterdir():
        path.unlink()
    made.rmdir()


def assert_unsure(environ: Mapping[str, str], *, seconds: float = SHORT, username: str = NAME) -> float:
    """Reads, expects AskKeyring within the deadline, and returns the seconds that it took."""
    began = time.monotonic()
    with pytest.raises(AskKeyring):
        read(SERVICE, username, environ, seconds=seconds)
    took = time.monotonic() - began
    assert took < seconds + SLACK
    return took


# --- A real keyring


@pytest.fixture
def keyring(bus: KeyringBus) -> Iterator[KeyringBus]:
    bus.clear()
    yield bus
    bus.clear()


@pytest.fixture
def own(keyring: KeyringBus, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The backend of keyring for it."""
    from keyring.backends.SecretService import Keyring

    for variable, value in keyring.environment.items():
        monkeypatch.setenv(variable, value)
    return Keyring()  # type: ignore[no-untyped-call]


EIGHT = ["abcdefgh"[:size] for size in range(1, 9)]


@pytest.mark.parametrize(
    "secret",
    ["s3cret", "", "a\nb\r\n\tc ", "sécret ✓ 秘密 🔑", "x" * 3000, "é秘" * 30000, *EIGHT],
    ids=["ascii", "empty", "lines", "utf-8", "3000", "60000", *EIGHT],
)
def test_the_secret_is_what_keyring_stored(keyring: KeyringBus, own: Any, secret: str) -> None:
    own.set_password(SERVICE, NAME, secret)
    assert read(SERVICE, NAME, keyring.environment, seconds=DEADLINE) == secret


@pytest.mark.parametrize(
    ("service", "name"), [("sérvice 秘", "näme"), ("s", "é"), ("abcd", "abcdefg"), ("x" * 999, "n")]
)
def test_names_of_any_length_and_script_are_found(keyring: KeyringBus, own: Any, service: str, name: str) -> None:
    own.set_password(service, name, "s3cret")
    assert read(service, name, keyring.environment, seconds=DEADLINE) == "s3cret"


def test_only_the_item_asked_for_is_read(keyring: KeyringBus, own: Any) -> None:
    for service, name in itertools.product(("one", "two"), ("three", "four")):
        own.set_password(service, name, f"{service} {name}")
    assert read("two", "three", keyring.environment, seconds=DEADLINE) == "two three"


def test_an_item_that_is_not_there_is_none(keyring: KeyringBus, own: Any) -> None:
    own.set_password(SERVICE, "another", "s3cret")
    assert read(SERVICE, NAME, keyring.environment, seconds=DEADLINE) is None


@pytest.mark.parametrize("more", [{}, {"application": "another"}], ids=["twin", "extra attribute"])
def test_a_second_item_with_the_attributes_is_unsure(keyring: KeyringBus, own: Any, more: dict[str, str]) -> None:
    own.set_password(SERVICE, NAME, "s3cret")
    keyring.put("foreign", ATTRIBUTES | more, b"shadow")
    assert_unsure(keyring.environment, seconds=DEADLINE)


def test_a_foreign_item_with_an_extra_attribute_is_read_as_keyring_reads_it(keyring: KeyringBus, own: Any) -> None:
    keyring.put("foreign", ATTRIBUTES | {"extra": "attribute"}, b"shadow")
    assert own.get_password(SERVICE, NAME) == "shadow"
    assert read(SERVICE, NAME, keyring.environment, seconds=DEADLINE) == "shadow"


@pytest.mark.parametrize("secret", [b"\xff\xfe", b"a\0b", b"\0"], ids=repr)
def test_a_secret_that_is_no_text_is_unsure(keyring: KeyringBus, secret: bytes) -> None:
    keyring.put("foreign", ATTRIBUTES, secret)
    assert_unsure(keyring.environment, seconds=DEADLINE)


def test_a_secret_too_large_for_a_record_is_unsure(keyring: KeyringBus) -> None:
    keyring.put("foreign", ATTRIBUTES, b"x" * 300_000)
    assert_unsure(keyring.environment, seconds=DEADLINE)


@pytest.mark.parametrize(("service", "name"), [("a\0b", NAME), (SERVICE, "a\0b"), (SERVICE, "\udc80")])
def test_names_that_dbus_cannot_carry_are_unsure(keyring: KeyringBus, service: str, name: str) -> None:
    with pytest.raises(AskKeyring):
        read(service, name, keyring.environment, seconds=DEADLINE)


def test_a_locked_keyring_is_unsure_until_it_is_unlocked(keyring: KeyringBus, own: Any) -> None:
    own.set_password(SERVICE, NAME, "s3cret")
    with keyring.locked():
        assert_unsure(keyring.environment, seconds=DEADLINE)
    assert read(SERVICE, NAME, keyring.environment, seconds=DEADLINE) == "s3cret"


def test_a_keyring_on_an_abstract_socket_is_read() -> None:
    with KeyringBus(abstract=True) as bus:
        bus.put("label", ATTRIBUTES, b"s3cret")
        assert read(SERVICE, NAME, bus.environment, seconds=DEADLINE) == "s3cret"


# --- Several entries over one connection

SEVERAL = [Entry(f"service {number}", f"näme {number}") for number in range(5)]


def put_several(keyring: KeyringBus) -> list[str | None]:
    """Stores a secret for all but the third and the last of SEVERAL; returns what is read of them."""
    for entry in (SEVERAL[0], SEVERAL[1], SEVERAL[3]):
        keyring.put("label", {"service": entry.service, "username": entry.username}, f"sécret {entry.name}".encode())
    return [read(entry.service, entry.username, keyring.environment, seconds=DEADLINE) for entry in SEVERAL]


def test_several_entries_are_read_over_one_connection_as_each_by_itself(keyring: KeyringBus) -> None:
    each = put_several(keyring)
    assert [text is None for text in each] == [False, False, True, False, True]
    with mock.patch.object(secret_service, "Bus", wraps=dbus.Bus) as connections:
        assert secret_service.read(SEVERAL, keyring.environment, seconds=DEADLINE) == each
        assert secret_service.read(SEVERAL[2:3], keyring.environment, seconds=DEADLINE) == [None]
        assert secret_service.read([], keyring.environment, seconds=DEADLINE) == []
    assert connections.call_count == 3


def test_two_hundred_entries_are_read(keyring: KeyringBus) -> None:
    each = put_several(keyring)
    assert secret_service.read(SEVERAL * 40, keyring.environment, seconds=DEADLINE) == each * 40


@pytest.mark.parametrize("secret", [b"shadow", b"\xff", b"a\0b", b"x" * 300_000], ids=["twin", "bytes", "nul", "huge"])
def test_one_entry_that_cannot_be_read_makes_all_unsure(keyring: KeyringBus, secret: bytes) -> None:
    put_several(keyring)
    entry = SEVERAL[1] if secret == b"shadow" else SEVERAL[2]
    keyring.put("foreign", {"service": entry.service, "username": entry.username, "x": "y"}, secret)
    with pytest.raises(AskKeyring):
        secret_service.read(SEVERAL, keyring.environment, seconds=DEADLINE)


def test_several_entries_of_a_locked_keyring_are_unsure(keyring: KeyringBus) -> None:
    put_several(keyring)
    with keyring.locked(), pytest.raises(AskKeyring):
        secret_service.read(SEVERAL, keyring.environment, seconds=DEADLINE)


def test_several_entries_that_a_locked_keyring_hides_are_unsure() -> None:
    with SilentBus(answers=10, locked=True) as bus, pytest.raises(AskKeyring, match="locked"):
        secret_service.read(SEVERAL, bus.environment, seconds=DEADLINE)


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("answers", [0, 3, 5, 6, 10])
def test_a_service_that_falls_silent_amid_several_is_unsure_in_time(answers: int, *, dies: bool) -> None:
    with SilentBus(answers=answers, dies=dies) as bus:
        began = time.monotonic()
        with pytest.raises(AskKeyring if dies else SlowService):
            secret_service.read(SEVERAL, bus.environment, seconds=DEADLINE if dies else SHORT)
        assert time.monotonic() - began < (DEADLINE / 2 if dies else SHORT + SLACK)


def test_the_calls_for_several_entries_are_sent_together() -> None:
    with SilentBus(answers=11, secret=SECRET.encode()) as bus:
        assert secret_service.read(SEVERAL, bus.environment, seconds=DEADLINE) == [SECRET] * 5
        # gnome-keyring 48 ends itself if the session of a client is opened before it knows that client.
        assert bus.calls() == ["SearchItems"] * 5 + ["OpenSession"] + ["GetSecret"] * 5


# --- Services that hang or are not there


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_a_service_that_falls_silent_is_unsure_at_the_deadline(answers: int) -> None:
    with SilentBus(answers=answers) as bus:
        seconds = SHORT if answers == 0 else 2  # a busy machine's answers may take some time
        assert assert_unsure(bus.environment, seconds=seconds) > seconds * 0.9
        assert bus.calls() == ["SearchItems", "OpenSession", "GetSecret"][: answers + 1]


def test_a_service_that_falls_silent_after_its_last_answer_is_not_waited_for() -> None:
    with SilentBus(answers=3, secret=SECRET.encode()) as bus:
        assert read(SERVICE, NAME, bus.environment, seconds=DEADLINE) == SECRET


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_a_service_that_dies_is_unsure_at_once(answers: int) -> None:
    with SilentBus(answers=answers, dies=True) as bus:
        assert assert_unsure(bus.environment, seconds=DEADLINE) < DEADLINE / 2


def test_a_stopped_bus_is_unsure_at_the_deadline() -> None:
    with StoppedBus() as bus:
        assert assert_unsure(bus.environment) > SHORT * 0.9
        # More than a socket holds, so that it is sending that waits.
        assert assert_unsure(bus.environment, username="x" * 5_000_000) > SHORT * 0.9


@pytest.mark.parametrize("seconds", [0, -1, 1e-9])
def test_no_time_at_all_is_unsure(bus: KeyringBus, seconds: float) -> None:
    assert_unsure(bus.environment, seconds=seconds)


def test_a_service_that_nobody_runs_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = tmp_path / "started"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n: > '{started}'\nexit 1\n", "utf-8")
    program.chmod(0o755)
    services = tmp_path / "services"
    services.mkdir()
    (services / "secrets.service").write_text(
        f"[D-BUS Service]\nName={secret_service_bus.SERVICE}\nExec={program}\n", "utf-8"
    )
    configuration = secret_service_bus.CONFIGURATION.replace(
        "  <listen>", f"  <servicedir>{services}</servicedir>\n  <listen>"
    )
    monkeypatch.setattr(secret_service_bus, "CONFIGURATION", configuration)
    with PrivateBus() as bus:
        assert assert_unsure(bus.environment, seconds=DEADLINE) < DEADLINE / 2
        assert not started.exists()
        # Another's call does start it.
        with secret_service_bus.connect(bus.address) as connection, pytest.raises(Exception, match="status 1"):
            secret_service_bus.call_method(connection, "/", "org.freedesktop.DBus.Peer.Ping", "", ())
        assert started.exists()


# --- What a bus may say


def test_the_recorded_exchange_gives_its_secret() -> None:
    assert heard(RECORDED) == SECRET


@pytest.mark.parametrize("order", ORDERS)
def test_every_length_of_a_secret_is_read_in_both_byte_orders(order: object) -> None:
    for size in range(20):
        assert heard(whole(exchange(b"x" * size, order))) == "x" * size


@pytest.mark.parametrize("order", ORDERS)
def test_an_exchange_cut_anywhere_into_two_pieces_is_read(order: object) -> None:
    said = whole(exchange(order=order))
    for cut in range(1, len(said)):
        assert heard(said[:cut], said[cut:]) == SECRET


@pytest.mark.parametrize("order", ORDERS)
def test_an_exchange_that_comes_byte_by_byte_is_read(order: object) -> None:
    said = whole(exchange(order=order))
    assert heard(*(said[place : place + 1] for place in range(len(said)))) == SECRET


@pytest.mark.parametrize("order", ORDERS)
def test_an_exchange_that_ends_anywhere_is_unsure(order: object) -> None:
    said = whole(exchange(order=order))
    assert [heard(said[:cut]) for cut in range(len(said))] == [None] * len(said)


@pytest.mark.parametrize("order", ORDERS)
def test_signals_between_the_answers_pass_by(order: object) -> None:
    steps = list(exchange(order=order).values())
    for place in range(1, len(steps)):
        assert heard(*steps[:place], noise(order), noise() * 3, *steps[place:]) == SECRET


def test_a_call_is_what_jeepney_reads() -> None:
    _, memory = hear([RECORDED])
    greeting, _, calls = memory.sent.partition(b"BEGIN\r\n")
    assert greeting == b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n"
    parser = low_level.Parser()
    parser.add_data(calls)
    messages = [parser.get_next_message() for _ in range(4)]
    assert parser.get_next_message() is None
    fields = low_level.HeaderFields
    assert [(m.header.fields[fields.member], m.header.serial, m.body) for m in messages] == [
        ("Hello", 1, ()),
        ("SearchItems", 2, ({"username": NAME, "service": SERVICE},)),
        ("OpenSession", 3, ("plain", ("s", ""))),
        ("GetSecret", 4, (SESSION,)),
    ]
    assert messages[3].header.fields[fields.path] == ITEM
    assert {m.header.flags for m in messages} == {low_level.MessageFlag.no_auto_start}


WRONG: dict[str, dict[str, bytes]] = {
    "rejected": {"auth": b"REJECTED EXTERNAL DBUS_COOKIE_SHA1\r\n"},
    "auth error": {"auth": b"ERROR unknown command\r\n"},
    "another ok": {"auth": b"OKAY then\r\n"},
    "no line's end": {"auth": OK[:-2] + b"\n"},
    "no auth": {"auth": b""},
    "nobody's name": {"search": error(2, "org.freedesktop.DBus.Error.ServiceUnknown")},
    "no session": {"open": error(3, "org.freedesktop.DBus.Error.NotSupported")},
    "deleted meanwhile": {"get": error(4, "org.freedesktop.DBus.Error.UnknownMethod")},
    "locked meanwhile": {"get": error(4, "org.freedesktop.Secret.Error.IsLocked")},
    "session gone": {"get": error(4, "org.freedesktop.Secret.Error.NoSession")},
    "no item": {"search": reply(2, "ao", [])},
    "two items": {"search": reply(2, "ao", [ITEM, OTHER_ITEM])},
    "another's answer": {"search": reply(7, "ao", [ITEM])},
    "answers swapped": {"search": exchange()["open"], "open": exchange()["search"]},
    "strings for paths": {"search": reply(2, "as", [ITEM])},
    "two arrays": {"search": reply(2, "aoao", [ITEM], [])},
    "no body": {"search": reply(2, "")},
    "a path for hello": {"hello": reply(1, "o", "/a")},
    "bytes from the session": {"open": reply(3, "vo", ("ay", b""), SESSION)},
    "structs from the session": {"open": reply(3, "vo", ("a(ss)", [("a", "b")]), SESSION)},
    "arrays from the session": {"open": reply(3, "vo", ("aas", [["a"]]), SESSION)},
    "variants in variants": {"open": variants_in_variants()},
    "another session": {"get": reply(4, "(oayays)", ("/other", b"", b"secret", "text/plain"))},
    "parameters": {"get": reply(4, "(oayays)", (SESSION, b"iv", b"secret", "text/plain"))},
    "no content type": {"get": reply(4, "(oayay)", (SESSION, b"", b"secret"))},
    "not in a struct": {"get": reply(4, "oayays", SESSION, b"", b"secret", "text/plain")},
    "not utf-8": {"get": reply(4, "(oayays)", (SESSION, b"", b"\xc3", "text/plain"))},
    "not d-bus": {"hello": b"HTTP/1.1 400 Bad Request\r\n\r\n"},
    "no such order": {"hello": b"x" + exchange()["hello"][1:]},
    "version 2": {"hello": exchange()["hello"][:3] + b"\2" + exchange()["hello"][4:]},
    "a signal for an answer": {"get": exchange()["get"][:1] + b"\4" + exchange()["get"][2:]},
    "a call for an answer": {
        "get": message("method_call", "", (), order=low_level.Endianness.little, path="/", member="Ping")
    },
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_an_answer_that_is_not_the_expected_one_is_unsure(wrong: dict[str, bytes]) -> None:
    assert heard(whole(exchange())) == SECRET
    assert heard(whole(exchange() | wrong)) is None
    # Whether it hangs up thereafter or goes on does not matter.
    assert heard(whole(exchange() | wrong), whole(exchange())) is None


def test_a_search_that_fails_for_an_unknown_client_is_repeated_once() -> None:
    failed, found = error(2, "org.freedesktop.DBus.Error.UnknownMethod"), reply(3, "ao", [ITEM])
    opened = reply(4, "vo", ("s", ""), SESSION)
    secret = reply(5, "(oayays)", (SESSION, b"", SECRET.encode(), "text/plain"))
    greeting = [OK, reply(1, "s", ":1.3")]
    answer, memory = hear([*greeting, failed, found, opened, secret])
    assert answer == SECRET
    assert memory.sent.count(b"SearchItems") == 2
    answer, memory = hear([*greeting, failed, error(3, "org.freedesktop.DBus.Error.UnknownMethod"), opened, secret])
    assert answer is None
    # gnome-keyring 48 ends itself if an unknown client opens a session.
    assert b"OpenSession" not in memory.sent


def test_the_replies_to_a_search_that_is_repeated_do_not_count() -> None:
    first = [error(2, "org.freedesktop.DBus.Error.UnknownMethod"), reply(3, "ao", [OTHER_ITEM])]
    second = [reply(4, "ao", [ITEM]), reply(5, "ao", [OTHER_ITEM])]
    secrets = [
        reply(number, "(oayays)", (SESSION, b"", text, "text/plain")) for number, text in ((7, b"one"), (8, b"two"))
    ]
    said = [OK, reply(1, "s", ":1.3"), *first, *second, reply(6, "vo", ("s", ""), SESSION), *secrets]
    with played(Memory(said)):
        assert secret_service.read(SEVERAL[:2], MEMORY, seconds=DEADLINE) == ["one", "two"]


def test_a_keyring_that_is_read_again_and_again_is_read_each_time(keyring: KeyringBus) -> None:
    each = put_several(keyring)
    # Where a read follows upon another, every hundredth search of gnome-keyring 48 does not know its client.
    for _ in range(300):
        assert secret_service.read(SEVERAL, keyring.environment, seconds=DEADLINE) == each


def test_a_secret_replaced_between_two_messages_is_the_new_one() -> None:
    assert heard(whole(exchange() | {"get": exchange(b"new")["get"]})) == "new"


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("value", [0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x08000000, 0x00040000, 0, 1])
def test_any_number_in_an_answer_may_be_wrong(order: object, value: int) -> None:
    said = exchange(order=order)
    written = value.to_bytes(4, "big" if order is low_level.Endianness.big else "little")
    for step in list(said)[1:]:
        for place in range(4, len(said[step]) - 3, 4):  # where a number of four bytes may stand
            wrong = said[step][:place] + written + said[step][place + 4 :]
            found = heard(whole(said | {step: wrong}))
            # Another secret only where the number went into the secret itself.
            assert found is None or found == SECRET or written in found.encode()


@pytest.mark.parametrize("change", [-3, -2, -1, 1, 2, 3])
@pytest.mark.parametrize("order", ORDERS)
def test_a_wrong_length_of_the_secret_is_unsure(order: object, change: int) -> None:
    byte_order = "big" if order is low_level.Endianness.big else "little"
    for size in range(4, 16):
        said = exchange(b"x" * size, order)
        length, wrong = (number.to_bytes(4, byte_order) for number in (size, size + change))  # type: ignore[arg-type]
        assert said["get"].count(length + b"x") == 1
        assert heard(whole(said | {"get": said["get"].replace(length + b"x", wrong + b"x")})) is None


@pytest.mark.parametrize(
    "start",
    [
        b"x",
        OK,
        OK + b"l\2\0\1" + b"\xff" * 12,
        OK + b"B\2\0\1" + b"\xff" * 12,
        OK + b"l\2\0\1" + b"\0\0\2\0" + b"\1\0\0\0" + b"\0\0\2\0",
    ],
    ids=["auth", "not d-bus", "huge", "huge big-endian", "just too large"],
)
def test_an_endless_answer_is_unsure_and_fills_no_memory(start: bytes) -> None:
    found, memory = hear(itertools.chain([start], itertools.repeat(b"x" * 65536)))
    assert found is None
    assert memory.received < 1_000_000


def test_endless_signals_are_unsure_at_the_deadline() -> None:
    began = time.monotonic()
    found, _ = hear(itertools.chain([OK], itertools.repeat(noise() * 100)), seconds=SHORT)
    assert found is None
    assert SHORT * 0.9 < time.monotonic() - began < SHORT + SLACK


def test_a_large_answer_in_the_smallest_pieces_costs_time_in_proportion() -> None:
    def seconds(size: int) -> float:
        said = whole(exchange(b"x" * size))
        began = time.process_time()
        assert heard(*(said[place : place + 1] for place in range(len(said)))) == "x" * size
        return time.process_time() - began

    # Copying all that came at each byte takes some sixty times as long for eight times as much.
    assert seconds(240_000) < 20 * seconds(30_000)


# --- A real socket


def sockets() -> dict[int, int]:
    """The sockets of this process: inode and file descriptor."""
    found = {}
    for entry in Path("/dev/fd").iterdir():
        with contextlib.suppress(OSError):  # of the one that lists them
            status = os.fstat(int(entry.name))
            if stat.S_ISSOCK(status.st_mode):
                found[status.st_ino] = int(entry.name)
    return found


@pytest.mark.parametrize("order", ORDERS)
def test_a_scripted_bus_is_read_and_its_socket_neither_inherited_nor_left_open(order: object, folder: Path) -> None:
    inheritable: list[bool] = []

    def play(connection: socket.socket) -> None:
        connection.recv(65536)
        inheritable.extend(os.get_inheritable(file) for inode, file in sockets().items() if inode not in before)
        connection.sendall(whole(exchange(order=order)))

    before = sockets()
    with ScriptedBus(folder, play) as bus:
        assert read(SERVICE, NAME, bus.environ, seconds=DEADLINE) == SECRET
    assert inheritable == [False] * 3  # the bus's two and ours
    assert sockets() == before


@pytest.mark.parametrize("said", range(6))
def test_a_bus_that_hangs_up_after_any_step_is_unsure_at_once(said: int, folder: Path) -> None:
    def play(connection: socket.socket) -> None:
        # What is left unread makes the end a reset.
        connection.sendall(b"".join(list(exchange().values())[:said])[:-1])
        connection.close()

    before = sockets()
    with ScriptedBus(folder, play) as bus:
        assert assert_unsure(bus.environ, seconds=DEADLINE) < DEADLINE / 2
    assert sockets() == before


def test_a_bus_that_falls_silent_within_a_message_is_unsure_at_the_deadline(folder: Path) -> None:
    with ScriptedBus(folder, lambda connection: connection.sendall(whole(exchange())[:-1])) as bus:
        assert assert_unsure(bus.environ) > SHORT * 0.9


def test_a_bus_that_drips_is_unsure_at_the_deadline(folder: Path) -> None:
    def play(connection: socket.socket) -> None:
        for place in range(len(RECORDED)):
            connection.sendall(RECORDED[place : place + 1])
            time.sleep(SHORT / 20)

    with ScriptedBus(folder, play) as bus:
        assert assert_unsure(bus.environ) > SHORT * 0.9


def test_a_bus_that_listens_slowly_is_unsure_at_the_deadline(folder: Path) -> None:
    ended = threading.Event()

    def play(connection: socket.socket) -> None:
        # Fast enough that no one wait is long, too slow for the whole.
        while connection.recv(16384) and not ended.wait(0.02):
            pass

    with ScriptedBus(folder, play) as bus:
        assert assert_unsure(bus.environ, seconds=1, username="x" * 5_000_000) > 0.9
        ended.set()


def test_a_bus_whose_queue_is_full_is_unsure_in_time(folder: Path) -> None:
    full = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(3)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder / "bus"))
        listener.listen(0)
        for connection in full:
            connection.setblocking(False)
            connection.connect_ex(str(folder / "bus"))
        assert_unsure({"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus"})
    for connection in full:
        connection.close()


# --- Addresses


def escaped(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in os.fsencode(text))


GOOD_ADDRESSES = {
    "path": "unix:path={path}",
    "guid": "unix:path={path},guid=5c27e71733bfd7037803e8fc6b06daa2",
    "guid first": "unix:guid=5c27e71733bfd7037803e8fc6b06daa2,path={path}",
    "escapes": "unix:path={escaped}",
    "upper-case escapes": "unix:path={upper}",
    "the first is dead": "unix:path={path}-dead;unix:path={path}",
    "some are dead": "unix:path={path}-dead;unix:abstract={path}-dead;unix:path={path};unix:path={path}-dead",
    "the first refuses": "unix:path={refusing};unix:path={path}",
    "the first is overlong": "unix:path=/{overlong};unix:path={path}",
    "the first is empty": ";unix:path={path}",
    "the first has an empty path": "unix:path=;unix:path={path}",
    "tcp first": "tcp:host=localhost,port=1;unix:path={path}",
    "the last is empty": "unix:path={path};",
}

BAD_ADDRESSES = {
    "empty": "",
    "separators": ";;:,=;",
    "dead": "unix:path={path}-dead",
    "a folder": "unix:path={folder}",
    "empty path": "unix:path=",
    "empty abstract": "unix:abstract=",
    "no value": "unix:path",
    "no keys": "unix:",
    "only a path": "{path}",
    "tcp": "tcp:host=localhost,port=1",
    "tcp with a path": "tcp:path={path}",
    "tmpdir": "unix:tmpdir={folder}",
    "dir": "unix:dir={folder}",
    "runtime": "unix:runtime=yes",
    "autolaunch": "autolaunch:",
    "unixexec": "unixexec:path={path}",
    "launchd": "launchd:env=DBUS_LAUNCHD_SESSION_BUS_SOCKET",
    "overlong": "unix:path=/{overlong}",
    "overlong abstract": "unix:abstract=/{overlong}",
    "cut escape": "unix:path={path}%",
    "half an escape": "unix:path={path}%4",
    "no escape": "unix:path={path}%zz",
    "spaces for an escape": "unix:path={path}%  ",
    "a sign for an escape": "unix:path={path}%+4",
    "not ascii for an escape": "unix:path={path}%é",
    "escaped NUL": "unix:path={path}%00",
    "abstract by a NUL": "unix:path=%00{path}",
    "surrogates": "unix:path={path}\ud800",
}


def address(template: str, folder: Path) -> str:
    path = f"{folder}/bus"
    places = {"path": path, "folder": folder, "escaped": escaped(path), "upper": escaped(path).upper()}
    return template.format(**places, overlong="x" * 200, refusing=folder / "refusing")


@pytest.mark.parametrize("template", GOOD_ADDRESSES.values(), ids=GOOD_ADDRESSES)
def test_an_address_of_a_unix_socket_is_understood(template: str, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as closed:
        closed.bind(str(folder / "refusing"))
    with ScriptedBus(folder, lambda connection: connection.sendall(RECORDED)):
        environ = {"DBUS_SESSION_BUS_ADDRESS": address(template, folder)}
        assert read(SERVICE, NAME, environ, seconds=DEADLINE) == SECRET


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
@pytest.mark.parametrize("template", ["unix:abstract={}", "unix:abstract={},guid=00", "unix:guid=00,abstract={}"])
@pytest.mark.parametrize("written", [str, escaped])
def test_an_address_of_an_abstract_socket_is_understood(
    template: str, written: Callable[[str], str], folder: Path
) -> None:
    with ScriptedBus(folder, lambda connection: connection.sendall(RECORDED), name=f"\0{folder}/bus"):
        environ = {"DBUS_SESSION_BUS_ADDRESS": template.format(written(f"{folder}/bus"))}
        assert read(SERVICE, NAME, environ, seconds=DEADLINE) == SECRET


@pytest.mark.parametrize("template", BAD_ADDRESSES.values(), ids=BAD_ADDRESSES)
def test_an_address_of_nothing_that_could_be_read_is_unsure(template: str, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        # Even one who guesses at the path gets no answer from it.
        listener.bind(str(folder / "bus"))
        listener.listen()
        listener.setblocking(False)
        assert_unsure({"DBUS_SESSION_BUS_ADDRESS": address(template, folder)})
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_no_address_is_unsure() -> None:
    assert_unsure({})


# --- What it loads


@pytest.mark.parametrize("present", [True, False], ids=["read", "unsure"])
def test_a_read_loads_no_module_but_the_socket(keyring: KeyringBus, present: bool) -> None:
    if present:
        keyring.put("label", ATTRIBUTES, "sécret".encode())
    code = f"""
import sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
from role_env.keyrings.secret_service import AskKeyring, read
class Entry:
    service, username = {SERVICE!r}, {NAME!r}
try:
    (found,) = read([Entry], {keyring.environment!r}, seconds=10)
except AskKeyring:
    found = None
after = set(sys.modules)
import json
print(json.dumps([found, sorted(after - before)]))
"""
    source = Path(secret_service.__file__).parents[2]
    command = [sys.executable, "-I", "-c", code, str(source)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE, check=False)
    assert done.stderr == b""
    expected = "sécret" if present else None
    modules = ["_socket", "role_env", "role_env.keyrings", "role_env.keyrings.dbus", "role_env.keyrings.secret_service"]
    assert json.loads(done.stdout) == [expected, modules]


# --- Anything at all


Change = tuple[str, int, int, bytes]

CHANGES: st.SearchStrategy[list[Change]] = st.lists(
    st.tuples(
        st.sampled_from(["flip", "set", "cut", "insert"]),
        st.integers(0, 1000),
        st.integers(0, 255),
        st.binary(min_size=1, max_size=8) | st.sampled_from([bytes(4), b"\xff\xff\xff\x7f", noise(), RECORDED[:200]]),
    ),
    min_size=1,
    max_size=4,
)


def changed(said: bytes, secret: bytes, changes: list[Change]) -> tuple[bytes, bool]:
    """`said` with the changes, and whether the secret's own bytes are among what changed."""
    cells = [bytes((byte,)) for byte in said]
    for kind, somewhere, number, data in changes:
        place = somewhere % len(cells)
        if kind == "cut":
            cells[place : place + 1 + number % 16] = [b""] * len(cells[place : place + 1 + number % 16])
        elif kind == "insert":
            cells[place] += data
        elif kind == "set":
            cells[place] = bytes((number,))
        elif cells[place]:
            cells[place] = bytes((cells[place][0] ^ 1 << number % 8,)) + cells[place][1:]
    start = said.rindex(secret)
    kept = cells[start : start + len(secret)]
    return b"".join(cells), kept != [bytes((byte,)) for byte in secret]


EXCHANGES = [
    (RECORDED, SECRET.encode()),
    *(
        (whole(exchange(secret, order)), secret)
        for order in (low_level.Endianness.little, low_level.Endianness.big)
        for secret in (b"sec\nr", b"sec\nre", b"sec\nret", b"sec\nret!")
    ),
]


@settings(max_examples=3000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(EXCHANGES), CHANGES, st.sampled_from([13, 100, 65536]))
def test_a_changed_exchange_gives_no_other_secret_and_no_other_exception(
    said: tuple[bytes, bytes], changes: list[Change], pieces: int
) -> None:
    """Another secret comes only where the secret itself was changed."""
    data, touched = changed(*said, changes)
    found = heard(*(data[place : place + pieces] for place in range(0, len(data), pieces)))
    assert found is None or found == said[1].decode() or touched


@settings(max_examples=500, deadline=None, database=None)
@given(st.text(alphabet="unixpathbsr:=,;%0123456789abcdefABCDEF/ \0é\udc80\ud800"))
def test_any_text_as_an_address_is_unsure(text: str) -> None:
    assert_unsure({"DBUS_SESSION_BUS_ADDRESS": text})
