"""The fast read of what a bus may say: each message whole, cut, or not the expected one."""

import os

import pytest

from role_env.keyrings import secret_service
from support.bus_messages import (
    ITEM,
    MEMORY,
    NAME,
    OK,
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


def test_every_length_of_a_secret_is_read() -> None:
    for size in range(20):
        assert heard(whole(exchange(b"x" * size))) == "x" * size


def test_an_exchange_that_comes_byte_by_byte_is_read() -> None:
    said = whole(exchange())
    assert heard(*(said[place : place + 1] for place in range(len(said)))) == SECRET


def test_an_exchange_that_ends_anywhere_is_unsure() -> None:
    said = whole(exchange())
    assert [heard(said[:cut]) for cut in range(len(said))] == [None] * len(said)


def test_signals_between_the_answers_pass_by() -> None:
    steps = list(exchange().values())
    for place in range(1, len(steps)):
        assert heard(*steps[:place], noise(), noise() * 3, *steps[place:]) == SECRET


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
    "big-endian": exchange(order=low_level.Endianness.big),
    "another's answer": {"search": reply(7, "ao", [ITEM])},
    "answers swapped": {"search": exchange()["open"], "open": exchange()["search"]},
    "strings for paths": {"search": reply(2, "as", [ITEM])},
    "no body": {"search": reply(2, "")},
    "no content type": {"get": reply(4, "(oayay)", (SESSION, b"", b"secret"))},
    "not in a struct": {"get": reply(4, "oayays", SESSION, b"", b"secret", "text/plain")},
    "not utf-8": {"get": reply(4, "(oayays)", (SESSION, b"", b"\xc3", "text/plain"))},
    "not d-bus": {"hello": b"HTTP/1.1 400 Bad Request\r\n\r\n"},
    "a signal for an answer": {"get": exchange()["get"][:1] + b"\4" + exchange()["get"][2:]},
    "a call for an answer": {"get": message("method_call", "", (), path="/", member="Ping")},
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
