"""`export` at a terminal: no secret or code goes there unasked."""

import pexpect
import pytest

from role_env.command_table import DOCUMENT_FORMATS, SHELLS, Shell
from support.machine import Machine
from support.waiting import DEADLINE

EXPORT = "role-env profileB"


def line_in_bash(shell: Shell) -> str:
    """The line that evaluates a session for this shell, at a prompt of bash, which evaluates those of its dialect."""
    return (SHELLS["bash"] if shell.dialect == SHELLS["bash"].dialect else shell).evaluate.format(EXPORT)


LINES_TO_TYPE = {
    EXPORT: f"source <({EXPORT})",
    **{f"{EXPORT} --format {name}": line_in_bash(shell) for name, shell in SHELLS.items()},
    **{f"{EXPORT} --format {name}": f"{EXPORT} --format {name} | …" for name in DOCUMENT_FORMATS},
    "role-env process profileB": "role-env process profileB | …",
    "role-env off": 'eval "$(role-env off)"',
}


@pytest.mark.parametrize(("command", "line"), LINES_TO_TYPE.items())
def test_no_secret_goes_to_a_terminal_unasked(machine: Machine, command: str, line: str) -> None:
    machine.environ["GITHUB_ENV"] = "/dev/null"
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
