"""A signal to `exec --renew` at any moment of its start leaves no process, no file and no traceback."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.machine import CONFINED, ROLE_ENV, Machine, is_pythons_own
from support.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in Linux's /proc")


def processes_of(machine: Machine) -> set[str]:
    """Return the processes that the machine's shells have started and that have not ended."""
    mark, found = f"\0HOME={machine.home}\0".encode(), set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in b"\0" + (folder / "environ").read_bytes():  # empty for a zombie
                found.add(folder.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("is_sealed", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_at_any_moment_ends_all_of_it(machine: Machine, number: signal.Signals, is_sealed: bool) -> None:
    machine.succeeds("profileB")
    before = processes_of(machine)
    command = [*(() if is_sealed else (*CONFINED, "no-memfd")), ROLE_ENV, "exec", "--renew", "profileB", "--"]
    for milliseconds in range(20, 420, 50):
        pipe = subprocess.PIPE
        with subprocess.Popen(
            [*command, "sleep", "60"], env=machine.environ, stdout=pipe, stderr=pipe, text=True
        ) as begun:
            time.sleep(milliseconds / 1000)
            begun.send_signal(number)
            out, err = begun.communicate(timeout=30)
        assert begun.returncode != 0
        assert out == ""
        assert err in ("", "role-env: interrupted\n") or is_pythons_own(err), milliseconds
        wait_until(lambda: processes_of(machine) <= before, f"processes are left after {milliseconds} ms")
        if number != signal.SIGKILL:
            assert list(machine.temporary.iterdir()) == []
