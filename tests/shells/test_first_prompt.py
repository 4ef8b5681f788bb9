"""The first prompt after a change of a variable shows it."""

import re

import pytest

from role_env import variables
from support.machine import Machine
from support.shell_terminal import HOOK, POSIX_SHELLS, SHELLS, SHOW, export, interactive, texts

UNEXPORT = {"bash": "export -n {0}", "zsh": "typeset +x {0}", "fish": "set -gu {0} ${0}"}
KEYS_AND_GUARDS = [
    *(key.access_key_id for key in variables.exported_keys(variables.DEFAULT_FAMILIES)),
    *variables.guards(),
]


@pytest.mark.parametrize("shell", SHELLS)
def test_it_marks_a_variable_of_the_session_that_is_not_exported(machine: Machine, shell: str) -> None:
    lines = "role-env use profileB\n"
    for name in KEYS_AND_GUARDS:
        again = export(shell, name, f"${name}")
        lines += f"{UNEXPORT[shell].format(name)}\n{HOOK[shell]}; {SHOW}\n{again}\n{HOOK[shell]}; {SHOW}\n"
    shown = texts(interactive(machine, shell, lines).stdout)
    assert shown == ["profileB≠ N", "profileB N"] * len(KEYS_AND_GUARDS)


@pytest.mark.parametrize("shell", SHELLS)
def test_it_marks_what_outranks_a_session_or_gives_an_account_without_one(machine: Machine, shell: str) -> None:
    outranking = [name for name in variables.LEFT_UNSET if name != variables.CREDENTIALS_URI]
    lines = "role-env use profileB\n"
    for name in outranking:
        unset = f"set -e {name}" if shell == "fish" else f"unset -v {name}"
        lines += f"{export(shell, name, 'x')}\n{HOOK[shell]}; {SHOW}\n{unset}\n"
    lines += f"role-env use nosuch\n{HOOK[shell]}; {SHOW}\n{export(shell, 'ACCESS_KEY_ID', 'x')}\n{HOOK[shell]}; {SHOW}"
    shown = texts(interactive(machine, shell, lines).stdout)
    assert shown == [*["profileB≠ N"] * len(outranking), "no account", "no account≠"]


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "unset OSS_ACCESS_KEY_ID; declare -n OSS_ACCESS_KEY_ID=MINE; export MINE=$ROLE_ENV_ACCESS_KEY_ID"),
        ("bash", "OSS_ACCESS_KEY_ID=($OSS_ACCESS_KEY_ID)"),
        ("bash", "k=$OSS_ACCESS_KEY_ID; unset OSS_ACCESS_KEY_ID; declare -Ax OSS_ACCESS_KEY_ID=([0]=$k)"),
        ("zsh", "OSS_ACCESS_KEY_ID=($OSS_ACCESS_KEY_ID)"),
        ("fish", "set -gx OSS_ACCESS_KEY_ID $OSS_ACCESS_KEY_ID ''"),
    ],
)
def test_it_marks_a_variable_that_is_an_array_or_names_another(machine: Machine, shell: str, line: str) -> None:
    lines = f"role-env use profileB\n{HOOK[shell]}; {SHOW}\n{line}\n{HOOK[shell]}; {SHOW}\n"
    shown = texts(interactive(machine, shell, lines).stdout)
    assert shown == ["profileB N", "profileB≠ N"]


def test_bash_takes_no_case_for_another_under_nocasematch(machine: Machine) -> None:
    lines = (
        f"role-env use profileB\nexport ALIBABA_CLOUD_IGNORE_PROFILE=true\n{HOOK['bash']}; {SHOW}\nshopt nocasematch\n"
    )
    done = interactive(machine, "bash", lines, before="shopt -s nocasematch")
    assert re.findall(r"<(profileB≠) \d+m>\n", done.stdout)
    assert re.findall(r"nocasematch\s+on", done.stdout)


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_tracing_and_set_a_show_and_export_nothing_of_what_the_hook_compares(machine: Machine, shell: str) -> None:
    lines = "set -x\nset -a\nrole-env use profileB\n:\nexport OSS_ACCESS_KEY_ID=x\n:\ncommand env | grep ^_role_env\n"
    done = interactive(machine, shell, lines)
    assert "\n_role_env" not in done.stdout  # the machine's canary looks for the secrets in what is traced
    assert "OSS_ACCESS_KEY_SECRET" not in done.stderr
