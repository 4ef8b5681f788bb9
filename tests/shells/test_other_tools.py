"""What other tools' words and the beginning of a name get: a hint with the right line, and never a guess."""

import re

import pytest

from role_env.command_table import COMMANDS
from support.machine import Machine
from support.shell_terminal import POSIX_SHELLS, Terminal, init
from support.shells import NOTHING_CHANGED

LINES = {
    "switch profileB": "did you mean role-env use profileB?",
    "assume profileB --region cn-x": "did you mean role-env use profileB?",
    "activate": "did you mean role-env use PROFILE?",
    "deactivate": "did you mean role-env off?",
    "shell profileB": "did you mean role-env exec profileB?",
    "ls": "did you mean role-env list?",
    "edit profileB": "did you mean role-env configure --edit profileB?",
    "edit": "did you mean role-env configure --edit?",
    "delete profileB": "role-env clear profileB deletes its cached sessions, role-env logout profileB its access key or"
    " sign-in in the keyring, and in role-env configure --edit profileB you delete the profile itself",
    "--profile profileB": "leave out --profile: role-env use profileB",
    "--profile profileB whoami": "leave out --profile: role-env whoami profileB",
    "use --profile=profileB": "leave out --profile: role-env use profileB",
    "exec --profile profileB -- true": "leave out --profile: role-env exec profileB",
    "-p profileB": "leave out -p: role-env use profileB",
    "whoami -p profileB": "leave out -p: role-env whoami profileB",
    "profileb": "did you mean profileB?",
    "prod": "did you mean production?",
    "use prod": "did you mean production?",
}
"""What is typed after `role-env`, and the hint of the shell integration."""


def with_production(machine: Machine) -> Machine:
    """Give the machine one profile whose name begins with `prod`."""
    machine.add(f"[production]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    return machine


def test_a_word_of_another_tool_and_a_unique_beginning_get_the_right_line_and_switch_nothing(
    machine: Machine, shell: str
) -> None:
    with_production(machine)
    status = "$status" if shell == "fish" else "$?"
    typed = "".join(f"role-env {words}\necho '<'{status}\"$ROLE_ENV_PROFILE\"'>'\n" for words in LINES)
    done = machine.shell(shell, init(shell) + typed)
    found = re.findall("^role-env: hint: (.*)$", done.stderr, re.MULTILINE)
    assert dict(zip(LINES, found, strict=True)) == LINES
    assert set(re.findall("<(.*)>", done.stdout)) <= {"2", "3", "125"}
    assert machine.sts.calls == []


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_at_a_terminal_the_hint_is_the_same(machine: Machine, shell: str) -> None:
    with_production(machine)
    with Terminal(machine, shell) as terminal:
        terminal.wait_for_prompt("")
        for words, hint in (("ls", "did you mean role-env list?"), ("prod", "did you mean production?")):
            terminal.type(f"role-env {words}", shows=re.escape(f"role-env: hint: {hint}"), prompt="")
        terminal.type("role-env switch prod", shows=re.escape("did you mean role-env use prod?"), prompt="")


def test_without_the_integration_the_hint_has_the_line_for_the_shell(machine: Machine) -> None:
    done = machine.role_env("switch", "profileB")
    assert done.stdout == NOTHING_CHANGED
    assert 'did you mean eval "$(role-env profileB || echo false)"?' in done.stderr
    done = machine.role_env("switch", "; rm -rf /")
    assert "rm" not in done.stderr
    assert 'did you mean eval "$(role-env PROFILE || echo false)"?' in done.stderr


def test_a_profile_with_the_name_of_such_a_word_works(machine: Machine, shell: str) -> None:
    words = ("switch", "assume", "shell", "activate", "deactivate", "ls", "edit", "delete")
    assert not COMMANDS.keys() & set(words)
    for name in words:
        machine.add(f"[{name}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    show = "printf '<%s>' \"$ROLE_ENV_PROFILE\"\n"
    done = machine.shell(shell, init(shell) + "".join(f"role-env use {name}\n{show}" for name in words))
    assert (done.stdout, done.stderr) == ("".join(f"<{name}>" for name in words), "")
    done = machine.role_env("switch", "profileB")
    assert "unexpected argument profileB" in done.stderr
    assert "did you mean" not in done.stderr
