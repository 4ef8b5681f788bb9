"""The rows of the sources: plain data that agrees with the classes that are made from them."""

import subprocess
import sys

import pytest

from role_env.command_table.commands import NAMED_SOURCES
from role_env.profiles.profile import PROFILE_KEYS, class_of
from role_env.sources import rows
from role_env.sources.rows import ROWS, SourceRow

ALL = (*ROWS, rows.ALIYUN_SIGN_IN, rows.CREDENTIALS_URI)


@pytest.mark.parametrize("row", ALL, ids=lambda row: row.made_by)
def test_each_row_names_the_class_that_has_it(row: SourceRow) -> None:
    assert class_of(row).row is row


def test_each_kind_that_configure_offers_to_name_has_a_row() -> None:
    assert tuple(rows.NAMED) == NAMED_SOURCES, "give each a row in sources/rows.py, in this order"


def test_each_key_belongs_to_one_source_and_is_a_key_of_a_profile() -> None:
    own = [key for row in ROWS for key in row.keys]
    assert len(own) == len(set(own))
    assert {rows.SOURCE_PROFILE, rows.CREDENTIAL_SOURCE, *own} == rows.SOURCE_KEYS.keys() == rows.CHOOSERS.keys()
    assert all(PROFILE_KEYS[key] is check for key, check in rows.SOURCE_KEYS.items())


def test_a_profile_that_chooses_a_source_by_its_keys_chooses_no_other() -> None:
    for row in ROWS:
        values = {row.chooser: row.kind} if row.chooser else {}
        assert [one for one in ROWS if one.is_chosen_by(values)] == ([row] if row.chooser else [])


def test_the_rows_import_no_source() -> None:
    script = "import sys, role_env.sources.rows; print(*sorted(name for name in sys.modules if '.sources.' in name))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["role_env.sources.rows"]
