"""Fixtures of the tests of the fast read."""

from collections.abc import Iterator

import pytest

from support.secret_service_bus import KeyringBus


@pytest.fixture
def keyring(bus: KeyringBus) -> Iterator[KeyringBus]:
    """Yield an empty keyring."""
    bus.clear()
    yield bus
    bus.clear()
