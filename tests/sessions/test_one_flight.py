"""Of many calls at once one asks STS, whatever becomes of it."""

import random
import time

import pytest

from support.cached_sessions import asks
from support.fault_rows import EXPORT, WITHIN, Environ
from support.machine import Machine


@pytest.mark.parametrize(("count", "variables"), [(50, {}), (10, {"XDG_RUNTIME_DIR": "/nonexistent"})])
def test_fifty_at_once_make_one_call_and_get_fifty_right_answers(
    machine: Machine, count: int, variables: Environ
) -> None:
    """Also where the lock has to be in the state folder, of which ten are enough to tell."""
    patient = {**variables, "ROLE_ENV_TIMEOUT": "90"}
    ended = [process.communicate(timeout=100) for process in [machine.start(*EXPORT, **patient) for _ in range(count)]]
    (issued,) = machine.sts.issued
    assert all(issued.token in out for out, _ in ended)
    assert not [err for _, err in ended if err]


def test_fifty_killed_holders_keep_nobody_waiting(machine: Machine) -> None:
    """Five at a time are killed at any moment of their life; one beside them has the answer as if it were alone."""
    chance = random.Random(0)
    machine.sts.fault("delay:0.2", times=None)
    for _ in range(10):
        moments = sorted(chance.uniform(0, 0.8) for _ in range(5))
        holders = [machine.start(*EXPORT, "--refresh") for _ in moments]
        survivor = machine.start(*EXPORT, "--refresh")
        start = time.monotonic()
        for holder, moment in zip(holders, moments, strict=True):
            time.sleep(max(0, start + moment - time.monotonic()))
            holder.kill()
        killed = time.monotonic()
        out, err = survivor.communicate(timeout=30)
        assert time.monotonic() - killed < WITHIN / 2
        assert (survivor.returncode, err) == (0, "")
        assert any(session.token in out for session in machine.sts.issued)
        for holder in holders:
            holder.communicate(timeout=10)
    asks(machine, calls=0)
