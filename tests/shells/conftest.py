"""The shells that have the integration, and a machine with the real clients of Alibaba Cloud."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.local_sts import LocalSts
from support.machine import Machine
from support.readers import RealClients
from support.secret_service_bus import KeyringBus, require
from support.shell_terminal import SHELLS


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Each of them; a test that is for others names them."""
    require(request.param)
    return str(request.param)


@pytest.fixture
def with_clients(tmp_path: Path, sts: LocalSts, bus: KeyringBus) -> Iterator[tuple[Machine, RealClients]]:
    """Yield a machine with its clients and direnv, whose argument lists other tests watch."""
    require("direnv")
    machine = Machine(tmp_path / "home", sts, bus)
    with RealClients(machine.home) as clients:
        yield machine, clients
    shutil.rmtree(machine.home / ".aliyun")  # the tools' own files hold secrets by their nature
    assert not machine.leaks()
