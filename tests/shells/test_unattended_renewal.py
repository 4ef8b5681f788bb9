"""The renewal at a prompt, with `init --renew`: what it says, when it is tried again, and what ends it."""

import re
import time

import pytest

from support.machine import Machine
from support.prompts import due, session
from support.shell_terminal import HOOK, POSIX_SHELLS, PROMPT, Terminal, interactive
from support.waiting import wait_until

SHOW = "printf '<%s>\\n' \"$ROLE_ENV_ACCESS_KEY_ID\"\n"


@pytest.fixture(autouse=True)
def _spare_the_keyring() -> None:
    """Leave the sessions in the keyring, where `due` finds them."""


def assign(shell: str, name: str, value: object) -> str:
    """Return the code that assigns a variable of the shell."""
    return f"set -g {name} {value}" if shell == "fish" else f"{name}={value}"


def test_a_renewal_is_in_place_and_says_nothing(machine: Machine, shell: str) -> None:
    machine.sts.session_seconds = 6
    with Terminal(machine, shell, "--renew") as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB", prompt="profileB (0m|expired)")
        while len(machine.sts.issued) < 2:  # until pytest's own timeout
            time.sleep(0.5)
            terminal.type("")
        terminal.wait_for_prompt("profileB (0m|expired)", enter=True)
        lines = [line for line in terminal.screen().split("\n") if line and PROMPT not in line]
        assert [line for line in lines if not line.startswith("profileB: role switchrolesbc of ")] == []


def test_ctrl_c_ends_the_wait_for_a_renewal(machine: Machine, shell: str) -> None:
    variables = due(machine, 200)
    machine.sts.fault("hang")
    with Terminal(machine, shell, "--renew", **variables) as terminal:
        wait_until(lambda: len(machine.sts.calls_of("AssumeRole")) == 2)
        terminal.press("C-c")
        terminal.wait_for_prompt("profileB≠ [23]m", enter=shell == "fish")  # fish draws none after Ctrl-C
        assert "role-env:" not in terminal.screen()  # a wait that ends by itself gives a reason
        terminal.type("echo reached | tr a-z A-Z", shows="^REACHED$")


def test_a_failure_gives_its_reason_once_and_is_tried_again_while_there_is_time(machine: Machine, shell: str) -> None:
    variables = due(machine, 60)
    machine.sts.fault("code:NoPermission:403", times=2, action="AssumeRole")
    again = "".join(f"{assign(shell, f'_role_env_{name}', 0)}; " for name in ("retry", "next")) + f"{HOOK[shell]}\n"
    lines = f"{HOOK[shell]}\n{HOOK[shell]}\n{again}{SHOW}{again * 9}{SHOW}"  # a busy machine may be too slow for some
    done = interactive(machine, shell, lines, "--renew", **variables)
    assert len(re.findall("may not assume|timed out", done.stderr)) == 1, done
    old, new = (issued.id for issued in machine.sts.issued)
    assert re.findall(r"<(STS\..*)>", done.stdout) == [old, new], done
    assert len(machine.sts.calls_of("AssumeRole")) == 4


def test_a_readonly_variable_of_the_session_is_reported_once(machine: Machine) -> None:
    for shell in POSIX_SHELLS:
        variables = due(machine, -5)
        machine.succeeds("exec", "profileB", "true")  # so no renewal comes too late, however busy the machine is
        again = f"{assign(shell, '_role_env_retry', 0)}; {assign(shell, '_role_env_next', 0)}; {HOOK[shell]}\n"
        lines = f"{HOOK[shell]}\n{again * 2}{SHOW}"
        done = interactive(machine, shell, lines, "--renew", "readonly ROLE_ENV_EXPIRATION", **variables)
        assert done.stderr.count("role-env: the session is not renewed: a variable of it is readonly") == 1, done
        assert f"<{variables['ROLE_ENV_ACCESS_KEY_ID']}>" in done.stdout


def test_a_renewal_that_fails_does_not_end_a_strict_shell(machine: Machine) -> None:
    for shell in POSIX_SHELLS:
        done = interactive(machine, shell, f"{HOOK[shell]}\necho reached", "--renew", "set -e", **session(-5))
        assert "reached\n" in done.stdout
