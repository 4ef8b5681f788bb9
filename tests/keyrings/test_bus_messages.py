"""The fast read of what a bus may say: each message whole, cut, changed, wrong, endless, in either byte order."""

import itertools
import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from role_env.keyrings import secret_service
from support.bus_client import DEADLINE
from support.bus_messages import (
    ITEM,
    MEMORY,
    NAME,
    OK,
    ORDERS,
    OTHER_ITEM,
    RECORDED,
    SECRET,
    SERVICE,
    SESSION,
    SEVERAL,
    SHORT,
    SLACK,
    Memory,
    error,
    exchange,
    hear,
    heard,
    low_level,
    message,
    noise,
    played,
    reply,
    variants_in_variants,
    whole,
)

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


@settings(max_examples=1000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(EXCHANGES), CHANGES, st.sampled_from([13, 100, 65536]))
def test_a_changed_exchange_gives_no_other_secret_and_no_other_exception(
    said: tuple[bytes, bytes], changes: list[Change], pieces: int
) -> None:
    """Another secret comes only where the secret itself was changed."""
    data, touched = changed(*said, changes)
    found = heard(*(data[place : place + pieces] for place in range(0, len(data), pieces)))
    assert found is None or found == said[1].decode() or touched
