"""Single flight while the keyring is slow: what one process has stored, those that waited for it find."""

import subprocess
import sys
import threading
import time

import pytest

from role_env.keyrings.notes import KeyringNotes
from support.machine import Machine
from support.waiting import wait_until

SLOW_WAY = """
import sys
from role_env import fast_path
fast_path.answer = lambda *line: None
sys.argv = ["role-env", *sys.argv[1:]]
from role_env.__main__ import main
main()
"""
LINE = ("export", "profileB", "--format", "json")
LONGER_THAN_A_USE = 8.0
"""Seconds; where nothing was stored, a use of the keyring ends after five."""


def start_slow_way(machine: Machine, **environ: str) -> "subprocess.Popen[str]":
    """Start the command without its fast path."""
    command, pipe = [sys.executable, "-c", SLOW_WAY, *LINE], subprocess.PIPE
    return subprocess.Popen(command, env=machine.environ | environ, stdout=pipe, stderr=pipe, text=True)


def stop_keyring_once_stored(machine: Machine) -> threading.Timer:
    """Let the keyring stand still as soon as the new session is in it, for longer than a use may take."""
    wait_until(lambda: machine.sts.issued)
    token = machine.sts.issued[-1].token.encode()
    wait_until(lambda: any(token in item.secret for item in machine.bus.items()))
    machine.bus.pause()
    resume = threading.Timer(LONGER_THAN_A_USE, machine.bus.resume)
    resume.start()
    return resume


@pytest.mark.parametrize("way", ["fast", "slow"])
def test_what_the_locks_holder_has_stored_is_found_though_the_keyring_takes_longer_than_a_use(
    machine: Machine, way: str
) -> None:
    machine.settle()
    assert machine.role_env("list").returncode == 0
    machine.sts.fault("delay:2", times=1)
    environ = {"ROLE_ENV_TIMEOUT": "60"}
    first = machine.start(*LINE, **environ)
    wait_until(lambda: machine.sts.calls)
    others = [machine.start(*LINE, **environ) if way == "fast" else start_slow_way(machine, **environ) for _ in "12"]
    resume = stop_keyring_once_stored(machine)
    try:
        outputs = [process.communicate(timeout=60)[0] for process in (first, *others)]
    finally:
        resume.join()
    (issued,) = machine.sts.issued
    assert all(issued.token in output for output in outputs)


def test_what_was_stored_is_found_though_another_process_has_noted_a_timeout_meanwhile(machine: Machine) -> None:
    machine.settle()
    machine.sts.fault("delay:3", times=1)
    first = machine.start(*LINE)
    wait_until(lambda: machine.sts.calls)
    time.sleep(0.5)
    assert KeyringNotes(machine.environ).avoid() == ""
    assert list((machine.home / ".local/state/role-env").glob("keyring-avoided-*"))
    other = start_slow_way(machine)
    outputs = [process.communicate(timeout=60)[0] for process in (first, other)]
    (issued,) = machine.sts.issued
    assert all(issued.token in output for output in outputs)
    assert not list((machine.home / ".local/state/role-env").glob("keyring-avoided-*"))
