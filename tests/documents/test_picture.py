"""The picture of a terminal in the README is what the program shows today."""

import re

from support.picture import FILE, lines_of_a_day, render


def test_the_picture_is_what_a_real_terminal_shows_today() -> None:
    assert FILE.read_text("utf-8") == render(lines_of_a_day()), "run: .venv/bin/python -m support.picture (in tests/)"


def test_the_picture_shows_each_state_that_the_text_claims() -> None:
    shown = re.sub(r"<[^>]+>", "", FILE.read_text("utf-8"))
    for state in ("profileB 59m", "production 59m", "production≠ 59m", "staging expired"):
        assert state in shown
