"""What a lock's file says of a stored session, and to which processes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from role_env.files import locks
from support.machine import Machine


def test_a_session_counts_as_stored_for_the_processes_that_had_begun(machine: Machine) -> None:
    name, environ = "entry\tp", machine.environ
    assert not locks.has_stored(name, environ)
    locks.report_stored(name, environ)
    assert locks.has_stored(name, environ)
    command = "import os; from role_env.files import locks; print(locks.has_stored('entry\\tp', os.environ))"
    time.sleep(0.1)
    assert machine.run(sys.executable, "-c", command).stdout == "False\n"
    locks.withdraw(name, environ)
    assert not locks.has_stored(name, environ)


def test_a_session_that_was_stored_more_than_a_minute_ago_is_not_waited_for(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = machine.environ | {"XDG_RUNTIME_DIR": ""}
    monkeypatch.setattr(locks, "process_age", lambda: 100.0)
    locks.report_stored("entry\tp", environ)
    assert locks.has_stored("entry\tp", environ)
    (lock,) = (machine.home / ".local/state/role-env").glob("*.lock")
    assert lock.read_bytes() == b"stored\n"
    os.utime(lock, (time.time() - 61, time.time() - 61))
    assert not locks.has_stored("entry\tp", environ)


def test_a_process_knows_for_how_long_it_has_existed(tmp_path: Path) -> None:
    began = time.monotonic()
    script = "import time; from role_env.files.locks import process_age as a; time.sleep(1); print(a())"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    assert 1 <= float(printed) <= time.monotonic() - began + 0.02
    assert locks.process_age(str(tmp_path / "absent")) > 0
