"""renew and off, typed at a prompt, confirm in one line on stderr; in scripts and unasked they are silent."""

import re
import time

import pytest

from role_env.ui.table import time_left
from support.machine import Machine
from support.prompts import live, shown
from support.shell_terminal import Terminal, init
from support.shells import COMMANDS, OFF

OFF_SAID = "role-env: the session is off; this shell has what was set before it"
NO_SESSION = "role-env: this shell has no session"
NOT_DUE = r"role-env: the session of this shell is not due for renewal: (\d+) min left"


def test_renew_and_off_confirm_also_where_there_is_nothing_to_do(machine: Machine, shell: str) -> None:
    with Terminal(machine, shell) as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env off", shows=f"^{NO_SESSION}$", prompt="")
        terminal.type(
            "role-env use profileB", shows=r"profileB: role switchrolesbc of \d+ for 59 min", prompt="profileB 59m"
        )
        terminal.type("role-env renew", shows=f"^{NOT_DUE}$", prompt=r"profileB \d+m")
        terminal.type("role-env off", shows=f"^{OFF_SAID}$", prompt="")
        terminal.type("role-env use profileB", prompt="profileB 59m")
        terminal.type("role-env use nosuch", prompt="no account")
        terminal.type("role-env off; echo ended | tr a-z A-Z", shows=f"{OFF_SAID}\n(.*\n)*ENDED", prompt="")
        assert terminal.screen().count(OFF_SAID) == 2


def test_a_renewal_says_for_how_long_and_the_prompt_agrees(machine: Machine, shell: str) -> None:
    machine.sts.session_seconds = 6
    with Terminal(machine, shell) as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB")
        terminal.wait_for_prompt("profileB expired", enter=True)
        machine.sts.session_seconds = None
        terminal.type("role-env renew", shows="^profileB: renewed for 59 min$", prompt="profileB 59m")


@pytest.mark.parametrize("seconds", [59, 60, 61, 119, 121, 2579, 2581])
def test_list_and_prompt_round_the_minutes_down_alike(machine: Machine, shell: str, seconds: int) -> None:
    for _ in range(5):
        began = time.time()
        shown_minutes = shown(machine, shell, **(live(0) | {"ROLE_ENV_EXPIRATION": str(int(began) + seconds + 3)}))
        found = re.fullmatch(r"profileB (\d+)m", shown_minutes)
        assert found
        possible = {time_left(int(began) + seconds + 3 - moment) for moment in (began, time.time())}
        if len(possible) == 1:
            expected = "under 1 min left" if found[1] == "0" else f"{found[1]} min left"
            assert possible == {expected}
            return
    raise AssertionError("the machine is too busy to look twice within a minute")


def test_what_is_evaluated_without_the_integration_confirms_too(machine: Machine, shell: str) -> None:
    with Terminal(machine, shell, before="") as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB", prompt=r"profileB \d+m")
        line = OFF["fish" if shell == "fish" else "bash"]
        terminal.type(line, shows=f"^{OFF_SAID}$", prompt="")
        assert terminal.screen().count(OFF_SAID) == 1


def test_a_script_with_the_integration_hears_nothing(machine: Machine, shell: str) -> None:
    lines = "role-env use profileB\nrole-env renew\nrole-env off\nrole-env off\n"
    done = machine.run(*COMMANDS.get(shell, (shell,)), "-c", init(shell) + lines)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
