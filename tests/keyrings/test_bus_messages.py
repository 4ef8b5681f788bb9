"""The fast read of what a bus may say: each message whole, cut, or not the expected one, in either byte order."""

import os
import time

import pytest

from role_env.keyrings import secret_service
from support.bus_messages import (
    ITEM,
    MEMORY,
    NAME,
    OK,
    ORDERS,
    OTHER_ITEM,
    SECRET,
    SERVICE,
    SESSION,
    SEVERAL,
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
    whole,
)
from support.waiting import DEADLINE

# --- What a bus may say


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
    _, memory = hear([whole(exchange())])
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
    "no body": {"search": reply(2, "")},
    "no content type": {"get": reply(4, "(oayay)", (SESSION, b"", b"secret"))},
    "not in a struct": {"get": reply(4, "oayays", SESSION, b"", b"secret", "text/plain")},
    "not utf-8": {"get": reply(4, "(oayays)", (SESSION, b"", b"\xc3", "text/plain"))},
    "not d-bus": {"hello": b"HTTP/1.1 400 Bad Request\r\n\r\n"},
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


def test_a_large_answer_in_the_smallest_pieces_costs_time_in_proportion() -> None:
    def seconds(size: int) -> float:
        said = whole(exchange(b"x" * size))
        began = time.process_time()
        assert heard(*(said[place : place + 1] for place in range(len(said)))) == "x" * size
        return time.process_time() - began

    # Copying all that came at each byte takes some sixty times as long for eight times as much.
    assert seconds(240_000) < 20 * seconds(30_000)
