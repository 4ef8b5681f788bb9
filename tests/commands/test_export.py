"""`export` at a terminal: no secret or code goes there unasked."""

import pexpect
import pytest

from support.machine import Machine
from support.waiting import DEADLINE


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("role-env profileB", "source <(role-env profileB)"),
        ("role-env profileB --format fish", "role-env profileB | source"),
        ("role-env profileB --format json", "role-env profileB --format json | …"),
        ("role-env profileB --format dotenv", "role-env profileB --format dotenv | …"),
        ("role-env process profileB", "role-env process profileB | …"),
        ("role-env off", 'eval "$(role-env off)"'),
    ],
)
def test_no_secret_goes_to_a_terminal_unasked(machine: Machine, command: str, line: str) -> None:
    script = f"{command} 2>reported; echo status=$?"
    output, _ = pexpect.run(
        "bash --norc -c " + f"'{script}'",
        env=machine.environ,
        cwd=str(machine.home),
        withexitstatus=True,
        timeout=DEADLINE,
    )
    assert output.decode().strip() == "status=2"
    assert line in (machine.home / "reported").read_text()
    assert not machine.sts.calls
    if "off" not in command:
        output = pexpect.run(f"bash --norc -c '{command} --show'", env=machine.environ, timeout=DEADLINE)
        assert machine.sts.issued[0].token in output.decode().replace("\r\n", "")
