"""A system that fails role-env in the middle of its work is reported as that, and never as a bug of role-env."""

import signal

import pytest

from support.machine import Machine
from support.shells import NOTHING_CHANGED
from support.strace import Strace

# The calls of Python's own start come first: what fails there is Python's to report.
SWEEPS = {
    "no memory for a library": ("mmap", "ENOMEM", range(24, 170, 9)),
    "a disk that cannot be read": ("read", "EIO", range(150, 330, 9)),
    "a file that cannot be opened": ("openat", "EIO", range(60, 330, 12)),
    "too many open files": ("openat", "EMFILE", range(64, 330, 24)),
}


# Until it has a session, each makes the same calls, so each has every other number.
COMMANDS = ("export profileB --format sh", "exec profileB -- true")


@pytest.mark.parametrize("sweep", SWEEPS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_system_call_that_fails_is_no_bug(machine: Machine, sweep: str, command: str) -> None:
    strace = Strace(machine)
    call, error, numbers = SWEEPS[sweep]
    for number in numbers[COMMANDS.index(command) :: 2]:
        done = strace.fail(call, error, number, *command.split(), ROLE_ENV_CACHE="none")
        if "Traceback" in done.stderr and "role_env/" not in done.stderr:  # before role-env's first line
            continue
        assert "bug" not in done.stderr, (number, done.stderr)
        crash = -signal.SIGSEGV if error == "ENOMEM" else 0  # of a C library that goes on without its memory
        assert done.returncode in (0, 3, 5, 125, 126, crash), (number, done.stderr)
        if done.returncode and command.startswith("export"):
            assert done.stdout in ("{ false; }\n", NOTHING_CHANGED, ""), number


@pytest.mark.parametrize("error", ["EPERM", "EIO"])
def test_where_core_dumps_cannot_be_forbidden_login_says_how_to(machine: Machine, error: str) -> None:
    strace = Strace(machine)
    ends = [strace.fail("prlimit64", error, number, "login", "profileA") for number in range(1, 6)]
    refused = [done.stderr for done in ends if done.returncode == 3]
    assert refused
    assert all("core dump" in reported and "ulimit -c 0" in reported for reported in refused)
    assert not [done.stderr for done in ends if "bug" in done.stderr]


def test_a_disk_that_fails_while_the_first_line_is_written_is_reported(machine: Machine) -> None:
    strace = Strace(machine)
    for number in range(1, 14):
        done = strace.fail("write", "EIO", number, "exec", "--renew", "profileB", "--", "true")
        assert "bug" not in done.stderr, (number, done.stderr)
        assert "Traceback" not in done.stderr, (number, done.stderr)
