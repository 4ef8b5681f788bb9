"""What a person may type to choose several lines of a list."""

import pytest

from role_env.ui.prompt import Menu, read_choices
from role_env.ui.table import time_left

LINES = ("prod/pay  (1111111111111111)", "prod/shop  (2222222222222222)", "Straße  (3333333333333333)", "支付  (4)")


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("all", [0, 1, 2, 3]),
        ("none", []),
        ("2", [1]),
        ("3-4, 1", [0, 2, 3]),
        ("1 - 2", [0, 1]),
        ("prod", [0, 1]),
        ("SHOP,支", [1, 3]),
        ("STRASSE", [2]),
        ("3333333333333333", [2]),
        ("1,1,1-1,pay", [0]),
    ],
)
def test_numbers_and_parts_choose_lines_in_their_order(text: str, chosen: list[int]) -> None:
    assert read_choices(text, LINES) == chosen


@pytest.mark.parametrize(("answer", "chosen"), [("2", 1), ("3333", 2), ("4", 3), ("shop", 1)])
def test_digits_that_are_no_number_of_the_list_are_a_part_of_an_account(answer: str, chosen: int) -> None:
    assert Menu(LINES).read(answer) == chosen
    with pytest.raises(ValueError, match="type a number from 1 to 4, or a part of a name"):
        Menu(LINES).read("99")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(59, "under 1 min"), (3599, "59 min"), (3600, "1 h 0 min"), (28799, "7 h 59 min")]
)
def test_an_hour_or_more_is_shown_in_hours(seconds: int, shown: str) -> None:
    assert time_left(seconds) == f"{shown} left"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5", "the numbers are 1 to 4"),
        ("0", "the numbers are 1 to 4"),
        ("3-2", "the numbers are 1 to 4"),
        ("1-99999", "the numbers are 1 to 4"),
        ("1,lab", "none of them contains lab"),
        ("99999999999", "none of them contains 99999999999"),
        (",", "type all, none, numbers from 1 to 4"),
        ("", "type all, none, numbers from 1 to 4"),
    ],
)
def test_what_stands_for_no_line_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_choices(text, LINES)


def test_full_width_digits_of_a_japanese_keyboard_are_numbers() -> None:
    assert Menu(["a", "b"]).read("２") == 1
    assert read_choices("１，３-４", ["a", "b", "c", "d"]) == [0, 2, 3]
