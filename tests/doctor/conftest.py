"""Fixtures of the tests of doctor."""

from collections.abc import Iterator

import pytest

from support.machine import Machine
from support.secret_service_bus import KeyringBus, require


@pytest.fixture
def healthy(machine: Machine) -> Machine:
    """Return a machine of somebody who uses bash and has the integration in its start-up file."""
    require("bash")
    machine.environ["SHELL"] = "/bin/bash"
    (machine.home / ".bashrc").write_text('eval "$(role-env init bash)"\n')
    return machine


@pytest.fixture(scope="module")
def locked() -> Iterator[KeyringBus]:
    """Yield a locked keyring that waits for a person who is not there."""
    with KeyringBus(prompter=True) as started:
        started.lock()
        yield started
