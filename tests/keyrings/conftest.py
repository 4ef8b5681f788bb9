"""Fixtures of the tests of the fast read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import secret_service_bus
from support.secret_service_bus import KeyringBus


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder whose name leaves room for a socket's."""
    made = secret_service_bus.short_folder()
    yield made
    for path in made.iterdir():
        path.unlink()
    made.rmdir()


@pytest.fixture
def keyring(bus: KeyringBus) -> Iterator[KeyringBus]:
    """Yield an empty keyring."""
    bus.clear()
    yield bus
    bus.clear()
