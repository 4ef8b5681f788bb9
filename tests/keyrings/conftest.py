"""The keyring of the tests of the fast read, and the state of `keyring` in the tests' own process."""

from collections.abc import Iterator

import keyring.core
import pytest

from support.secret_service_bus import KeyringBus


@pytest.fixture(autouse=True)
def _forget_the_backend() -> Iterator[None]:
    """Let `keyring` choose its backend anew: it keeps the first one, also for what a later test forks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyring.core, "_keyring_backend", None)
        yield


@pytest.fixture(name="keyring")
def emptied(bus: KeyringBus) -> KeyringBus:
    """Return the bus's keyring, emptied."""
    bus.clear()
    return bus
