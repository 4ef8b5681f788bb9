"""Of many calls at once one asks STS, whatever becomes of it; what it has stored, those that waited for it find."""

import random
import subprocess
import sys
import threading
import time

import pytest

from role_env.files.locks import TAKEN, Lock
from role_env.sessions import Request
from role_env.sessions.obtain import obtain
from support.cached_sessions import SLOW_WAY, asks, entry_of
from support.contexts import context
from support.fault_rows import EXPORT, Environ
from support.machine import Machine
from support.waiting import wait_until


@pytest.mark.parametrize(("count", "variables"), [(20, {}), (6, {"XDG_RUNTIME_DIR": "/nonexistent"})])
def test_many_at_once_make_one_call_and_get_the_right_answer(machine: Machine, count: int, variables: Environ) -> None:
    """Also where the lock has to be in the state folder, of which a few are enough to tell."""
    patient = {**variables, "ROLE_ENV_TIMEOUT": "90"}
    ended = [process.communicate(timeout=60) for process in [machine.start(*EXPORT, **patient) for _ in range(count)]]
    (issued,) = machine.sts.issued
    assert all(issued.token in out for out, _ in ended)
    assert not [err for _, err in ended if err]


def test_killed_holders_keep_nobody_waiting(machine: Machine) -> None:
    """Five at a time are killed at any moment of their life; one beside them has the answer as if it were alone."""
    chance = random.Random(0)
    machine.sts.fault("delay:0.2", times=None)
    for _ in range(5):
        moments = sorted(chance.uniform(0, 0.8) for _ in range(5))
        holders = [machine.start(*EXPORT, "--refresh") for _ in moments]
        survivor = machine.start(*EXPORT, "--refresh", ROLE_ENV_TIMEOUT="90")  # for 75 of which it waits for a holder
        start = time.monotonic()
        for holder, moment in zip(holders, moments, strict=True):
            time.sleep(max(0, start + moment - time.monotonic()))
            holder.kill()
        out, err = survivor.communicate(timeout=60)
        assert (survivor.returncode, err) == (0, "")
        assert any(session.token in out for session in machine.sts.issued)
        for holder in holders:
            holder.communicate(timeout=60)
    asks(machine, calls=0)


def test_a_lock_of_the_fast_path_is_released_when_the_second_look_finds_a_session(machine: Machine) -> None:
    asks(machine, calls=1)
    lock = Lock(entry_of(machine).name, machine.environ)
    assert lock.take() == TAKEN
    session = obtain(Request("profileB"), context(machine.environ), lock)
    assert session.credentials.security_token == machine.sts.issued[-1].token
    assert not lock.is_taken


# ---- while the keyring is slow ----


LONGER_THAN_A_USE = 8.0
"""Seconds; where nothing was stored, a use of the keyring ends after five."""


def start_slow_way(machine: Machine, **environ: str) -> "subprocess.Popen[str]":
    """Start the command without its fast path."""
    command, pipe = [sys.executable, "-c", SLOW_WAY, *EXPORT], subprocess.PIPE
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
    first = machine.start(*EXPORT, **environ)
    wait_until(lambda: machine.sts.calls)
    others = [machine.start(*EXPORT, **environ) if way == "fast" else start_slow_way(machine, **environ) for _ in "12"]
    resume = stop_keyring_once_stored(machine)
    try:
        outputs = [process.communicate(timeout=60)[0] for process in (first, *others)]
    finally:
        resume.join()
    (issued,) = machine.sts.issued
    assert all(issued.token in output for output in outputs)
