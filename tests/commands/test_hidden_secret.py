"""The secret at its prompt is shown neither while it is typed nor after a stop, and no signal leaves the echo off."""

import io
import signal
import termios

import pexpect
import pytest

from support.machine import ROLE_ENV, Machine
from support.secret_service_bus import require
from support.waiting import DEADLINE, wait_until

SHELLS = {"bash": "bash --noprofile --norc -i", "zsh": "zsh -f -i", "fish": "fish --no-config -i", "sh": "sh -i"}
QUESTION = "AccessKey secret of profileA: "


def spawn(machine: Machine, command: str) -> "pexpect.spawn[str]":
    """Start `command` on a terminal, whose text the canary reads too."""
    environ = machine.environ | {"TERM": "dumb", "PS1": ">> "}
    made = pexpect.spawn(command, env=environ, encoding="utf-8", timeout=DEADLINE, cwd=str(machine.home))
    made.logfile_read = io.StringIO()
    machine.terminals.append(made.logfile_read)
    return made


def has_echo(terminal: "pexpect.spawn[str]") -> bool:
    return bool(termios.tcgetattr(terminal.child_fd)[3] & termios.ECHO)


@pytest.fixture(params=["login profileA", "configure profileA --login"])
def line(request: pytest.FixtureRequest, machine: Machine) -> str:
    """A line that asks for the key of profileA."""
    machine.write("[profileA]\n" if "login profileA" in request.param else "")
    text: str = request.param
    return text


@pytest.mark.parametrize("shell", SHELLS)
def test_after_ctrl_z_and_fg_the_secret_is_asked_for_again_and_not_shown(
    machine: Machine, shell: str, line: str
) -> None:
    require(shell)
    terminal = spawn(machine, SHELLS[shell])
    terminal.sendline(f"{ROLE_ENV} {line}")
    terminal.expect_exact("AccessKey ID of profileA: ")
    terminal.sendline(machine.sts.access_key_id)
    for _ in range(2):
        terminal.expect_exact(QUESTION)
        assert not has_echo(terminal)
        terminal.sendcontrol("z")
        terminal.expect("(?i)stopped|suspended")
        terminal.sendline("echo S'E'EN")
        terminal.expect_exact("SEEN")
        terminal.sendline("fg")
    terminal.expect_exact(QUESTION)
    terminal.sendline(machine.sts.access_key_secret)
    terminal.expect("is stored in the keyring|add a role: role-env configure")
    terminal.sendline("exit")
    terminal.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_after_ctrl_z_and_fg_the_address_with_the_code_of_a_sign_in_is_not_shown(machine: Machine, shell: str) -> None:
    require(shell)
    machine.write("[me]\noauth_site_type = CN\n")
    terminal = spawn(machine, SHELLS[shell])
    terminal.sendline(f"{ROLE_ENV} login me --no-browser")
    for _ in range(2):
        terminal.expect_exact("then press Enter")
        wait_until(lambda: not has_echo(terminal))
        terminal.sendcontrol("z")
        terminal.expect("(?i)stopped|suspended")
        terminal.sendline("echo S'E'EN")
        terminal.expect_exact("SEEN")
        terminal.sendline("fg")
    terminal.expect_exact("then press Enter")
    wait_until(lambda: not has_echo(terminal))
    terminal.sendline("http://127.0.0.1:12345/cli/callback?code=pasted-code&state=wrong")
    terminal.expect_exact("this is the address of another sign-in")
    terminal.sendcontrol("c")
    terminal.sendline("exit")
    terminal.close()
    assert "pasted-code" not in machine.terminals[-1].getvalue()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP])
def test_a_signal_at_the_prompt_leaves_the_echo_on(machine: Machine, number: signal.Signals, line: str) -> None:
    terminal = spawn(machine, f"{ROLE_ENV} {line}")
    terminal.expect_exact("AccessKey ID of profileA: ")
    terminal.sendline(machine.sts.access_key_id)
    terminal.expect_exact(QUESTION)
    assert not has_echo(terminal)
    terminal.kill(number)
    terminal.expect(pexpect.EOF)
    assert has_echo(terminal)
    terminal.close()
    assert terminal.exitstatus == (130 if number == signal.SIGINT else 143)
