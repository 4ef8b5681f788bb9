"""role-env exec: the command takes role-env's place."""

import signal

import pytest

from support.machine import Machine


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_command_takes_role_envs_place_and_its_signals(machine: Machine, number: signal.Signals) -> None:
    begun = machine.start("exec", "profileB", "--", "sh", "-c", "echo $$; exec sleep 30")
    assert begun.stdout
    assert begun.stdout.readline() == f"{begun.pid}\n"
    begun.send_signal(number)
    begun.communicate(timeout=60)
    assert begun.returncode == -number
