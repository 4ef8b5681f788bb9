"""What a reader of the file of `exec --renew` gets while no new session can be had: the old one, then an error."""

import sys
from collections.abc import Callable

import pytest

from support.machine import Machine
from support.readers import PROGRAMS
from support.served_command import Begin, next_line

READ = f"{sys.executable} {PROGRAMS / 'credentials_go.py'} 9 1.5 >seen"


def refuse(machine: Machine) -> None:
    """Let STS be away."""
    machine.sts.fault("code:ServiceUnavailable:503", times=None, action="AssumeRole")


def forbid(machine: Machine) -> None:
    """Take away the policy that allows to assume the role."""
    user = machine.sts.world.key_of("test_user1").user
    assert user
    user.may_assume.clear()


def lock(machine: Machine) -> None:
    """Lock the keyring, which has the key."""
    machine.bus.lock()


@pytest.mark.parametrize("end", [refuse, forbid, lock])
def test_a_reader_has_the_old_session_until_its_end_then_an_error_and_no_file_has_a_secret(
    machine: Machine, begin: Begin, end: Callable[[Machine], None]
) -> None:
    key = f"access_key_id = {machine.sts.access_key_id}\naccess_key_secret = {machine.sts.access_key_secret}\n"
    machine.write(machine.standard_profiles().replace(key, ""))
    machine.log_in("profileA")
    machine.sts.session_seconds = 8
    running = begin(command=f"echo; {READ}; echo; read line")
    end(machine)
    next_line(running.process)
    lines = [line for line in (machine.home / "seen").read_text().splitlines() if not line.startswith("Warning: ")]
    assert {line.split()[1] for line in lines if line.startswith("External")} <= {machine.sts.issued[0].id}
    assert lines[-1].startswith("none failed to execute external command: exit status 5: ")
    assert "the session could not be renewed and expires in " in running.end()
    assert list(machine.temporary.iterdir()) == []
