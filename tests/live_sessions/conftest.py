"""Fixtures of the tests of `exec --renew`."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.machine import Machine
from support.served_command import Begin, Running
from support.waiting import DEADLINE


@pytest.fixture(autouse=True)
def _spare_the_keyring(machine: Machine) -> None:
    machine.spare_the_keyring()


@pytest.fixture
def begin(machine: Machine) -> Iterator[Begin]:
    """Begins commands, and ends those that are left."""
    begun: list[Running] = []

    def start(**arguments: Any) -> Running:
        begun.append(Running(machine, **arguments))
        return begun[-1]

    yield start
    for running in begun:
        running.process.kill()
        running.process.communicate(timeout=DEADLINE)
