"""The machines that transcripts name beside those of the other tests."""

import time

import pytest

from cloud.ram import LocalRam
from support.machine import Machine
from support.secret_service_bus import KeyringBus


@pytest.fixture
def keyring(bus: KeyringBus) -> KeyringBus:
    """Return the keyring of the machine, gnome-keyring on a bus of its own."""
    return bus


def _age_key(machine: Machine, ram: LocalRam, days: int) -> None:
    ram.world.keys[machine.sts.access_key_id].created = time.time() - (days + 0.5) * 86400
    machine.log_in("profileA")


@pytest.fixture
def a_key_of_89_days(machine: Machine, ram: LocalRam) -> None:
    """Give the keyring a key for which no rotation is suggested yet."""
    _age_key(machine, ram, 89)


@pytest.fixture
def a_key_of_90_days(machine: Machine, ram: LocalRam) -> None:
    """Give the keyring a key that is to be rotated."""
    _age_key(machine, ram, 90)
