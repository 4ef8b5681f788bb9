"""Sessions whose variables were lost or changed: the prompt and `status` say so, and `off` and `use` end them."""

import re

import pytest

from support.machine import Machine
from support.shell_terminal import LOOK, STATUS, interactive
from support.shells import environment

LOST = {
    "the profile": ("ROLE_ENV_PROFILE",),
    "the key ID too": ("ROLE_ENV_PROFILE", "ROLE_ENV_ACCESS_KEY_ID"),
    "all but the request": (
        *("ROLE_ENV_PROFILE", "ROLE_ENV_ACCESS_KEY_ID", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_ACCOUNT_ID"),
        *("ROLE_ENV_EXPIRATION", "ROLE_ENV_FAMILIES"),
    ),
}
"""Variables of a session that somebody unsets."""
LAST = {"role-env off": "", "role-env use nosuch": "no account", "role-env use other": "other"}
"""What is typed then, and the text of the prompt after it, without its minutes."""
ASK = "role-env status; echo status {0}; role-env whoami; role-env process --session; echo process {0}\n"


def begun(machine: Machine) -> dict[str, str]:
    """Return the environment of a command in a session of profileB, beside which there is another profile."""
    machine.add(f"[other]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n")
    return environment(machine.succeeds("exec", "profileB", "--", "env", "-0").stdout)


def lose(shell: str, lost: str, last: str, key_id: str) -> str:
    """Return lines that unset variables, look at the prompt, end the session by `last`, and look for its key."""
    unset = "set -e" if shell == "fish" else "unset -v"
    return f"{unset} {' '.join(LOST[lost])}\n{LOOK[shell]}{last}\nenv | grep -c {key_id}\n{LOOK[shell]}"


def check(output: str, cases: list[tuple[str, str]]) -> None:
    """Check what was seen before and after each case, and that no variable has the key of the session any more."""
    seen = [re.sub(r" \d+m$", "", text) for text in re.findall("<([^%>]*)>", output)]
    found = dict(zip(cases, zip(seen[::2], seen[1::2], strict=True), strict=True))
    assert found == {(lost, last): ("unknown session≠", LAST[last]) for lost, last in cases}
    assert output.count("\n0\n") == len(cases), output


def test_the_prompt_and_status_say_so_and_off_and_use_leave_no_key_of_it(machine: Machine, shell: str) -> None:
    key_id = begun(machine)["ROLE_ENV_ACCESS_KEY_ID"]
    cases = [(lost, last) for lost in LOST for last in LAST]
    lines = ""
    for lost, last in cases:
        ask = ASK.format(STATUS[shell]) if last == "role-env off" else ""
        lines += f"role-env use profileB\n{lose(shell, lost, ask + last, key_id)}role-env off\n"
    done = interactive(machine, shell, lines, "--no-prompt")
    check(done.stdout, cases)
    assert (done.stdout.count("status 1\n"), done.stdout.count("process 3\n")) == (len(LOST), len(LOST))
    assert done.stderr.count("the variables of the session are invalid: ROLE_ENV_PROFILE") == len(LOST)
    assert done.stderr.count("the session in this shell is not whole; role-env status says why") == len(LOST)


@pytest.mark.parametrize("lost", LOST)
def test_the_key_of_a_session_never_counts_as_the_users_own(machine: Machine, lost: str) -> None:
    variables = begun(machine) | dict.fromkeys(LOST[lost], "")
    machine.add(f"[here]\nrole_arn = {machine.sts.world.role('hub').arn}\ncredential_source = environment\n")
    machine.fails("export", "here", "--format", "json", status=3, said="credential_source = environment", **variables)
