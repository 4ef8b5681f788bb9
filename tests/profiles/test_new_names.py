"""Whatever others call their accounts, each name becomes one that a profile can have and no other profile has."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from role_env import validators
from role_env.command_table.commands import COMMANDS
from role_env.profiles.new_names import UnusedNames, sanitize
from role_env.variables import RESERVED_PROFILES

SIGNS = "._@+:/-"
WORDS = st.sampled_from(
    [*COMMANDS, *RESERVED_PROFILES, "DEFAULT", "Default", "prod", "PROD", "", "-", "x" * 64, "ß", "ss"]
)


@given(st.lists(st.one_of(st.text(max_size=90), WORDS), max_size=30), st.lists(WORDS, max_size=5))
def test_any_names_become_valid_ones_that_differ_in_more_than_case(given_names: list[str], taken: list[str]) -> None:
    unused = UnusedNames(taken)
    made = []
    for number, name in enumerate(given_names):
        account = f"{1000000000000000 + number}"
        made.append(unused.take(sanitize(name, signs=SIGNS) or account, account))
    assert [name for name in made if validators.name_fault(name)] == []
    folded = {name.casefold() for name in made}
    assert len(folded) == len(made)
    assert folded.isdisjoint(name.casefold() for name in (*COMMANDS, *RESERVED_PROFILES, "DEFAULT", *taken))


@given(st.text(max_size=200), st.integers(1, 64))
def test_a_name_is_visible_and_as_long_as_it_may_be(text: str, longest: int) -> None:
    made = sanitize(text, signs=SIGNS, longest=longest)
    assert len(made) <= longest
    assert made == made.strip("-")
    assert made == sanitize(made, signs=SIGNS, longest=longest)
    assert not made or not unicodedata.category(made[0]).startswith("M")


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("  R&D (test)  ", "R-D-test"),
        ("生产/支付", "生产/支付"),
        ("ｐｒｏｄ", "prod"),
        ("pro\ufe0fd\u3164", "prod"),
        ("ที่ปรึกษา", "ที่ปรึกษา"),
        ("e\u0301te\u0301", "été"),
        ("\u0301a", "a"),
        ("z" + "\u0316" * 9 + "z", "z" + "\u0316" * 3 + "-z"),
        ("🚀", ""),
        ("a\nb\x00\u2028c\ud800", "a-b-c"),
    ],
)
def test_a_name_keeps_the_letters_that_can_be_seen(text: str, made: str) -> None:
    assert sanitize(text, signs=SIGNS) == made


def test_the_thousandth_account_of_the_same_name_gets_one_too() -> None:
    unused = UnusedNames(["lab"])
    made = [unused.take("lab", "1000000000000001") for _ in range(1000)]
    assert made[:3] == ["lab-1000000000000001", "lab-1000000000000001-2", "lab-1000000000000001-3"]
    assert len(set(made)) == 1000
