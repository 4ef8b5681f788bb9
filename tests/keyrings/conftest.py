"""The keyring of the tests of the fast read."""

import pytest

from support.secret_service_bus import KeyringBus


@pytest.fixture
def keyring(bus: KeyringBus) -> KeyringBus:
    """Return the bus's keyring, emptied."""
    bus.clear()
    return bus
