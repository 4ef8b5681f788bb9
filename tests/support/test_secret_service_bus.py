"""The private buses do what the other tests count on: each by itself, and nothing left running.

tests/keyrings/ goes through what they answer, and how they hang.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import bus_client, secret_service_bus, silent_bus
from support.processes import processes_with
from support.secret_service_bus import KeyringBus, PrivateBus, require
from support.silent_bus import SilentBus, StoppedBus
from support.waiting import DEADLINE, wait_until


def python(code: str, bus: PrivateBus) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process whose session bus is the given one."""
    command, environ = [sys.executable, "-I", "-X", "utf8", "-c", code], {"PATH": os.environ["PATH"], **bus.environment}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=DEADLINE, check=False)


def running_on(bus: PrivateBus) -> list[str]:
    """Command lines of the processes that belong to a bus: its folder's name is unique."""
    return list(processes_with(str(bus.runtime), str(bus.folder)).values())


@pytest.mark.parametrize("kind", [KeyringBus, SilentBus, StoppedBus])
def test_nothing_is_left_of_a_bus(kind: type[PrivateBus], tmp_path: Path) -> None:
    with kind(tmp_path) as bus:
        assert any("dbus-daemon" in command for command in running_on(bus))
        began = time.monotonic()
    assert running_on(bus) == []
    assert not bus.runtime.exists()
    assert tmp_path.exists()
    assert time.monotonic() - began < bus_client.DEADLINE
    bus.stop()


def test_nothing_is_left_of_a_bus_that_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bus = SilentBus(tmp_path)
    monkeypatch.setattr(silent_bus, "SERVICE", "no name of a service")
    with pytest.raises(Exception, match="no name of a service"):
        bus.start()
    assert running_on(bus) == []
    monkeypatch.setattr(secret_service_bus, "CONFIGURATION", "no configuration of a bus")
    with pytest.raises(RuntimeError, match=r"(?s)did not start:.*bus\.conf"):
        bus.start()
    assert running_on(bus) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a signal upon the parent's death is Linux's")
def test_nothing_is_left_when_the_tests_are_killed() -> None:
    """A bus ends with the process that started it, even where that has no chance to stop it."""
    code = (
        "import os; from support.silent_bus import SilentBus; bus = SilentBus(); bus.start();"
        "os.write(1, bytes(bus.runtime)); os._exit(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 9
    bus = PrivateBus()
    bus.runtime = bus.folder = Path(done.stdout)
    assert bus.runtime.name.startswith("bus-")
    wait_until(lambda: not running_on(bus))
    bus.stop()


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_program_skips_a_test_locally_and_fails_it_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    """Where nobody looks at skips, a test must not be skipped for want of a package."""
    monkeypatch.setenv("CI", ci)
    require("sh")
    with pytest.raises(outcome, match="no-such-shell"):
        require("sh", "no-such-shell")
