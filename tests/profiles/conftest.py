"""Fixtures of the tests of profiles."""

from pathlib import Path

import pytest

from support.profiles_folder import Folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Return an empty home folder."""
    return Folder(tmp_path / "home", monkeypatch)
