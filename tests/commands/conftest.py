"""Fixtures of the tests of commands."""

from collections.abc import Iterator

import pytest

from cloud.federation import Federation
from support.cli_home import Home
from support.machine import Machine
from support.secret_service_bus import KeyringBus


@pytest.fixture
def home(machine: Machine) -> Home:
    """Return a home folder of this test's own."""
    return Home(machine)


@pytest.fixture
def federation(machine: Machine) -> Iterator[Federation]:
    """Start the sign-in of both sites, to which the machine's way out leads."""
    with Federation(machine.sts) as started:
        machine.environ |= started.environment
        yield started


@pytest.fixture(scope="module")
def locked() -> Iterator[KeyringBus]:
    """Yield a locked keyring that waits for a person who is not there."""
    with KeyringBus(prompter=True) as started:
        started.lock()
        yield started
