"""The text of a cached session: it has every field, and one with other fields is no session."""

import pytest

from role_env.credentials import Credentials
from role_env.sessions.record import Record, end_line, parse_record, text_of
from support.prompts import record


def full_record() -> Record:
    """Return a record in which every field has a value of its own."""
    made = record(color="red", policy="read-only")
    made.session.families, made.session.cli_can_follow = ("packer", "plain"), True
    made.session.region_id, made.session.fallback_region = "cn-hangzhou", "cn-shanghai"
    made.fingerprint = ["file /home/me/profiles.ini -", "variable HOME /home/me"]
    for name in (
        "endpoint",
        "session_name",
        "policy_digest",
        "chain_digest",
        "base_key_digest",
        "sign_in_id",
        "agents_policy",
    ):
        setattr(made, name, f"the {name}")
    return made


def signed(lines: list[str]) -> str:
    """Return the text of a complete record of these lines."""
    return "\n".join([*lines, end_line(lines)])


def test_what_is_stored_comes_back_unless_an_answer_adds_it() -> None:
    made = full_record()
    found = parse_record(text_of(made), "profileB")
    assert found
    for one, other in ((found, made), (found.session, made.session), (credentials(found), credentials(made))):
        added = {"session", "credentials", "request_words", "base_key"}
        compared = vars(one).keys() - added
        assert {name: vars(one)[name] for name in compared} == {name: vars(other)[name] for name in compared}
        assert vars(one).keys() == vars(other).keys()


def credentials(of: Record) -> Credentials:
    return of.session.credentials


def test_a_record_with_a_field_less_or_more_or_of_another_format_is_no_session() -> None:
    head, *lines = text_of(full_record()).split("\n")[:-1]
    assert parse_record(signed([head, *lines]), "profileB")
    names = head.split()
    for position in range(3, len(names)):
        less = [" ".join([*names[:position], *names[position + 1 :]]), *lines[: position - 3], *lines[position - 2 :]]
        more = [
            " ".join([*names[:position], "new", *names[position:]]),
            *lines[: position - 3],
            "x",
            *lines[position - 3 :],
        ]
        renamed = [" ".join([*names[:position], "new", *names[position + 1 :]]), *lines]
        assert [parse_record(signed(other), "profileB") for other in (less, more, renamed)] == [None] * 3
    assert parse_record(signed([head.replace(" 1 ", " 2 "), *lines]), "profileB") is None


@pytest.mark.parametrize("length", [0, 1, 100])
def test_a_record_that_is_cut_off_is_no_session(length: int) -> None:
    assert parse_record(text_of(full_record())[:length], "profileB") is None
