"""What a lock's file says of a stored session, and to which processes."""

import os
import subprocess
import sys
import time

import pytest

from role_env.files import entry_lock
from role_env.files.entry_lock import EntryLock
from support.machine import Machine


def test_a_session_counts_as_stored_for_the_processes_that_had_begun(machine: Machine) -> None:
    lock = EntryLock("entry\tp", machine.environ)
    assert not lock.has_stored()
    lock.report_stored()
    assert lock.has_stored()
    imports = "import os; from role_env.files.entry_lock import EntryLock"
    command = f"{imports}; print(EntryLock('entry\\tp', os.environ).has_stored())"
    time.sleep(0.1)
    assert machine.run(sys.executable, "-c", command).stdout == "False\n"
    lock.withdraw()
    assert not lock.has_stored()


def test_a_session_that_was_stored_more_than_a_minute_ago_is_not_waited_for(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = machine.environ | {"XDG_RUNTIME_DIR": ""}
    monkeypatch.setattr(entry_lock, "process_age", lambda: 100.0)
    lock = EntryLock("entry\tp", environ)
    lock.report_stored()
    assert lock.has_stored()
    (file,) = (machine.home / ".local/state/role-env").glob("*.lock")
    assert file.read_bytes() == b"stored\n"
    os.utime(file, (time.time() - 61, time.time() - 61))
    assert not lock.has_stored()


def test_a_process_knows_for_how_long_it_has_existed() -> None:
    began = time.monotonic()
    script = "import time; from role_env.files.entry_lock import process_age as a; time.sleep(1); print(a())"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    assert 1 <= float(printed) <= time.monotonic() - began + 0.02
