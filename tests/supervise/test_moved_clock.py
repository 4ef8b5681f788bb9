"""`exec --renew` while the machine's clock is wrong, whose sessions come from an STS with the right one."""

import struct
import subprocess
from pathlib import Path

import pytest

from support.machine import Machine
from support.secret_service_bus import require
from support.served_command import Begin
from support.waiting import wait_until

SOURCE = Path(__file__).parents[1] / "support" / "shifted_clock.c"
MINUTE, HOUR = 60, 3600


class Clock:
    """The clock of `machine`, except that of its STS and its keyring."""

    def __init__(self, machine: Machine) -> None:
        require("cc")
        library = machine.temporary / "shifted_clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(SOURCE)], check=True)
        self._file = machine.temporary / "shift"
        self._file.write_bytes(struct.pack("q", 0))
        machine.environ |= {"LD_PRELOAD": str(library), "SHIFTED_CLOCK": str(self._file)}

    def move(self, seconds: int) -> None:
        """Let the clock be wrong by so many seconds."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("q", seconds))


@pytest.fixture
def clock(machine: Machine) -> Clock:
    return Clock(machine)


def test_a_session_that_lives_by_a_clock_that_is_fast_is_served(machine: Machine, begin: Begin, clock: Clock) -> None:
    running = begin()
    first = running.session()
    clock.move(10 * MINUTE)
    assert running.session() == first
    assert running.end() == ""


def test_a_clock_that_is_hours_fast_costs_the_session_until_it_is_right_again(
    machine: Machine, begin: Begin, clock: Clock
) -> None:
    running = begin()
    first = running.session()
    clock.move(2 * HOUR)
    assert running.ask()[0] == 503
    clock.move(0)
    assert running.session() == first
    assert "STS said InvalidTimeStamp.Expired" in running.end()


def test_a_clock_that_was_set_back_leads_to_a_new_session(machine: Machine, begin: Begin, clock: Clock) -> None:
    running = begin()
    first = running.session()
    clock.move(-10 * MINUTE)
    assert running.session() != first
    assert running.end() == ""


def test_a_session_has_its_end_though_the_clock_was_set_back_by_hours(
    machine: Machine, begin: Begin, clock: Clock
) -> None:
    machine.sts.session_seconds = 6
    running = begin()
    first = running.session()
    clock.move(-2 * HOUR)
    assert running.session() == first
    wait_until(lambda: running.ask()[0] == 503)
    clock.move(0)
    wait_until(lambda: running.ask()[0] == 200)
    assert running.session() != first
    assert running.end().count("could not be renewed") == 1
