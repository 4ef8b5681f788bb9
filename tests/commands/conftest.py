"""Fixtures of the tests of commands."""

from pathlib import Path

import pytest

from support.cli_home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home folder of this test's own."""
    return Home(tmp_path)
