"""Fixtures of the tests of sessions."""

import pytest

from support.chains import CliFile
from support.machine import Machine


@pytest.fixture
def cli_file(machine: Machine) -> CliFile:
    """Return the `aliyun` CLI's file of the machine."""
    return CliFile(machine)
