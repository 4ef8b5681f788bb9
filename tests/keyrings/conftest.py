"""The keyring of the tests of the fast read, and the state of `keyring` in the tests' own process."""

import keyring.core
import pytest

from support.secret_service_bus import KeyringBus


@pytest.fixture(autouse=True)
def _forget_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `keyring` choose its backend anew: it keeps the first one, also for what a later test forks."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)


@pytest.fixture(name="keyring")
def emptied(bus: KeyringBus) -> KeyringBus:
    """Return the bus's keyring, emptied."""
    bus.clear()
    return bus
