"""The local STS of a test, for conftest.py, and for what CI's job for Windows runs without it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.local_sts import LocalSts


@pytest.fixture
def sts(tmp_path: Path) -> Iterator[LocalSts]:
    """Yield a local STS of this test's own."""
    with LocalSts(tmp_path / "sts") as started:
        yield started
