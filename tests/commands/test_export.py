"""`export` at a terminal: no secret or code goes there unasked."""

import pexpect
import pytest

from role_env.command_table import FORMATS
from support.machine import ROLE_ENV, Machine
from support.terminal import on_terminal
from support.waiting import DEADLINE

LINES = (*(f"export profileB --format {form}" for form in FORMATS), "profileB", "process profileB")


@pytest.mark.parametrize("line", LINES)
def test_a_secret_goes_to_a_terminal_only_with_show(machine: Machine, line: str) -> None:
    machine.environ["GITHUB_ENV"] = "/dev/null"
    screen = on_terminal(machine, *line.split())
    assert (screen.status, "or add --show to see it anyway" in screen.raw) == (2, True)
    assert not machine.sts.calls
    output = pexpect.run(f"{ROLE_ENV} {line} --show", env=machine.environ, timeout=DEADLINE)
    assert machine.sts.issued[0].token in output.decode().replace("\r\n", "")
