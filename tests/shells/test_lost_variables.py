"""A session whose own variables are partly lost: no prompt is empty beside its keys, and they do not stay."""

import re

import pytest

from support.machine import Machine
from support.shell_terminal import HOOK, interactive

LOST = {
    "the profile": ("ROLE_ENV_PROFILE",),
    "the key ID too": ("ROLE_ENV_PROFILE", "ROLE_ENV_ACCESS_KEY_ID"),
    "all but the request": (
        *("ROLE_ENV_PROFILE", "ROLE_ENV_ACCESS_KEY_ID", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_ACCOUNT_ID"),
        *("ROLE_ENV_EXPIRATION", "ROLE_ENV_FAMILIES"),
    ),
}
"""Variables of a session that somebody unsets."""
UNSET = {"fish": "set -e {}"}


def lose(shell: str, names: tuple[str, ...]) -> str:
    """Return the line that unsets the variables `names`."""
    return UNSET.get(shell, "unset -v {}").format(" ".join(names))


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("is_inner", [False, True], ids=["in the shell", "in a shell below"])
@pytest.mark.parametrize("last", ["role-env off", "role-env use nosuch", "role-env use other"])
def test_the_prompt_and_status_say_so_and_off_and_use_leave_no_key_of_it(
    machine: Machine, shell: str, lost: str, last: str, *, is_inner: bool
) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n")
    status = "$status" if shell == "fish" else "$?"
    shows = f"{HOOK[shell]}; printf '<%s>\\n' \"$ROLE_ENV_PROMPT\""
    lines = f"{lose(shell, LOST[lost])}\n{shows}\nrole-env status\necho status {status}\nrole-env whoami\n"
    lines += f"role-env process --session\necho process {status}\n{last}\nenv | grep -c {{}}\n{shows}\n"
    if is_inner:
        variables = begun(machine)
        lines = lines.format(variables["ROLE_ENV_ACCESS_KEY_ID"])
        done = interactive(machine, shell, lines, "--no-prompt", **variables)
    else:
        first = machine.succeeds("exec", "profileB", "--", "printenv", "ROLE_ENV_ACCESS_KEY_ID").stdout.strip()
        done = interactive(machine, shell, f"role-env use profileB\n{lines.format(first)}", "--no-prompt")
    before, after = re.findall("<([^%>]*)>", done.stdout)
    assert before == "unknown session≠", done
    assert (
        after.replace("59m", "").strip()
        == {"use": "no account", "off": "", "other": "other"}["other" if last.endswith("other") else last.split()[1]]
    )
    assert "status 1\n" in done.stdout
    assert "process 3\n" in done.stdout
    assert "\n0\n" in done.stdout, done
    assert "the variables of the session are invalid: ROLE_ENV_PROFILE" in done.stderr
    assert "the session in this shell is not whole; role-env status says why" in done.stderr


def begun(machine: Machine) -> dict[str, str]:
    """Return the environment of a command in a session of profileB."""
    found = machine.succeeds("exec", "profileB", "--", "env", "-0").stdout.split("\0")
    return dict(line.partition("=")[::2] for line in found if "=" in line)


@pytest.mark.parametrize("lost", LOST)
def test_a_key_of_a_session_is_taken_for_nobodys_own(machine: Machine, lost: str) -> None:
    machine.add(f"[here]\nrole_arn = {machine.sts.world.role('hub').arn}\ncredential_source = environment\n")
    variables = begun(machine) | dict.fromkeys(LOST[lost], "")
    machine.fails("export", "here", "--format", "json", status=3, said="credential_source = environment", **variables)
