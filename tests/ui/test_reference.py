"""The Markdown of the topics as text."""

import re

from role_env.ui.reference import text_of
from role_env.ui.table import width
from support.documents import TOPICS


def shown(document: str, columns: int = 40) -> str:
    return text_of(document, columns=columns, has_styles=False)


def test_paragraphs_are_filled_and_links_and_strong_text_are_their_words() -> None:
    text = "**Strong words**, `code that stays`, and\na [link to](other.md)\nsomewhere.\n"
    assert shown(text, 24) == "Strong words,\ncode that stays, and a\nlink to somewhere.\n"
    assert shown(text, 10).splitlines()[2:4] == ["code that stays,", "and a link"]


def test_a_style_ends_with_its_line_and_asterisks_of_code_are_no_style() -> None:
    text = text_of("**Two words** of `*:*Token*` and `**`.\n", columns=12, has_styles=True)
    assert text == ("\x1b[1mTwo\x1b[0m \x1b[1mwords\x1b[0m of\n\x1b[36m*:*Token*\x1b[0m\nand \x1b[36m**\x1b[0m.\n")


def test_the_columns_of_a_table_are_aligned_and_a_pipe_in_a_cell_is_one() -> None:
    table = "| a | meaning |\n|---|---|\n| `x \\| y` | first |\n| 漢字 | second |\n"
    assert shown(table) == "a      meaning\nx | y  first\n漢字   second\n"


def test_the_last_column_of_a_table_takes_several_lines_where_it_has_room() -> None:
    table = f"| exit | meaning |\n|---|---|\n| 1 | {'word ' * 10}|\n"
    assert shown(table) == "exit  meaning\n1     word word word word word word word\n      word word word\n"


def test_no_table_of_a_topic_is_wider_than_a_terminal_of_80_columns() -> None:
    for document in TOPICS:
        tables = re.findall(r"(?:^\|.*\n)+", document.read_text("utf-8"), re.MULTILINE)
        lines = [line for table in tables for line in shown(table, 80).splitlines()]
        wide = [line for line in lines if width(line) > 80]
        assert wide == [], f"make a list of the table in {document.name}, and fence what is to be typed"


def test_the_blocks_of_an_item_are_below_its_text() -> None:
    text = "1. First:\n\n   ```sh\n   make  it\n   ```\n\n   Then.\n2. Second,\n   longer.\n"
    assert shown(text) == "1. First:\n\n       make  it\n\n   Then.\n2. Second, longer.\n"


def test_a_part_of_a_file_is_at_the_margin_where_it_can_be_copied_into_the_file() -> None:
    assert shown("In it:\n\n```ini\n[p]\nkey = value\n```\n") == "In it:\n\n[p]\nkey = value\n"
