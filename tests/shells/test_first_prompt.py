"""The first prompt after a change of a variable shows it: of what the shell reads, and of what programs get."""

import re

import pytest

from role_env import variables
from support.machine import Machine
from support.shell_terminal import LOOK, POSIX_SHELLS, export, interactive, kept, texts

GUARD = "ALIBABA_CLOUD_ECS_METADATA_DISABLED"
POLICY = "ROLE_ENV_POLICY"
KEYS_AND_GUARDS = [
    *(key.access_key_id for key in variables.exported_keys(variables.DEFAULT_FAMILIES)),
    *variables.guards(),
]
DIFFERENT = {
    "bash": (
        "export -n {0}",
        "{0}=(${0})",
        "k=${0}; unset {0}; declare -Ax {0}=([0]=$k)",
        "declare -n {0}=MINE",
        "export MINE=${0}; unset {0}; declare -n {0}=MINE",
    ),
    "zsh": (
        "typeset +x {0}",
        "{0}=(${0})",
        "k=${0}; typeset -xL${{#k}} {0}=${{k}}x",
        "k=${0}; typeset -xR${{#k}} {0}=x$k",
        "k=${0}; typeset -xl {0}=${{(U)k}}",
        "typeset -xu {0}",
        "typeset -xZ2 {0}",
        "typeset -xi {0}",
        "typeset -xF {0}",
        "typeset -xU {0}",
        "k=${0}; unset {0}; typeset -xT {0} mine; {0}=$k",
    ),
    "fish": ("set -gu {0} ${0}", "set -gx {0} ${0} ''", "set -gx --path {0} ${0} x"),
}
"""What leaves programs with another value than the shell shows, or with none; the first leaves it unexported."""
SAME = {
    "bash": tuple(f"declare -{flag} {{0}}" for flag in "ulcit"),
    "zsh": ("typeset -xr {0}",),
    "fish": ("set -gx --path {0} ${0}", "set -gx --unpath {0} ${0}"),
}
"""What changes only later values, or nothing."""


@pytest.fixture
def other(machine: Machine) -> None:
    """A second profile, of the same role."""
    machine.add(f"[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")


def test_it_marks_what_programs_get_otherwise_and_use_repairs_it(machine: Machine, shell: str) -> None:
    use = "role-env use profileB --read-only\n"
    keep, take = kept(shell, "again", "profileB --read-only")
    names = (GUARD, POLICY, "ROLE_ENV_PROFILE", "OSS_ACCESS_KEY_ID")
    cases = [(name, form) for name in names for form in DIFFERENT[shell]]
    lines = f"{use}{keep}"
    for name, form in cases:
        # The code that `use` evaluates, and for the first form `use` itself, which refuses this policy beside another.
        repair = take if form != DIFFERENT[shell][0] else f"role-env off\n{use}" if name == POLICY else use
        lines += f"{form.format(name)}\n{LOOK[shell]}{repair}{LOOK[shell]}"
    shown = texts(interactive(machine, shell, lines).stdout)
    marked, repaired = (dict(zip(cases, found, strict=True)) for found in (shown[::2], shown[1::2]))
    assert {case: text for case, text in marked.items() if text and "≠" not in text} == {}
    assert {case: text for case, text in repaired.items() if text != "profileB (read-only) N"} == {}


def test_it_marks_a_variable_of_the_session_that_is_not_exported(machine: Machine, shell: str) -> None:
    lines = "role-env use profileB\n"
    for name in KEYS_AND_GUARDS:
        lines += f"{DIFFERENT[shell][0].format(name)}\n{LOOK[shell]}{export(shell, name, f'${name}')}\n{LOOK[shell]}"
    shown = texts(interactive(machine, shell, lines).stdout)
    assert shown == ["profileB≠ N", "profileB N"] * len(KEYS_AND_GUARDS)


def test_it_marks_what_outranks_a_session_or_gives_an_account_without_one(machine: Machine, shell: str) -> None:
    def plant(name: str) -> str:
        none = "set -e {}" if shell == "fish" else "unset -v {}"
        back = export(shell, name, before[name]) if name in before else none.format(name)
        return f"{export(shell, name, 'x')}\n{LOOK[shell]}{back}\n"

    before: dict[str, str] = {}
    outranking = [name for name in variables.LEFT_UNSET if name != variables.CREDENTIALS_URI]
    lines = f"role-env use profileB\n{''.join(map(plant, outranking))}role-env use nosuch\n{LOOK[shell]}"
    before = variables.NO_ACCOUNT
    accounts = [*KEYS_AND_GUARDS, "ACCESS_KEY_ID", "ALICLOUD_ROLE_ARN", variables.CREDENTIALS_URI]
    lines += "".join(map(plant, accounts))
    shown = texts(interactive(machine, shell, lines).stdout)
    assert shown == [*["profileB≠ N"] * len(outranking), "no account", *["no account≠"] * len(accounts)]


@pytest.mark.usefixtures("other")
def test_an_attribute_for_later_values_is_no_difference_and_stops_no_switch(machine: Machine, shell: str) -> None:
    cases = [(name, form) for name in (GUARD, "OSS_ACCESS_KEY_ID") for form in SAME[shell]]
    keep, take = kept(shell, "first", "profileB")
    keep_other, take_other = kept(shell, "second", "other")
    lines = f"{keep}{keep_other}{take}"
    for name, form in cases:
        lines += f"{form.format(name)}\n{LOOK[shell]}"
        if shell != "zsh":  # where it is readonly then
            lines += f"{take_other}{LOOK[shell]}{take}"
    shown = texts(interactive(machine, shell, lines).stdout)
    assert shown == (["profileB N"] if shell == "zsh" else ["profileB N", "other N"]) * len(cases)


def test_a_narrowing_that_programs_do_not_see_is_marked_without_an_account_too(machine: Machine, shell: str) -> None:
    lines = f"role-env use profileB --read-only\nrole-env use nosuch\n{LOOK[shell]}"
    lines += f"{DIFFERENT[shell][0].format(POLICY)}\n{LOOK[shell]}"
    assert texts(interactive(machine, shell, lines).stdout) == ["no account", "no account≠"]


@pytest.mark.usefixtures("other")
def test_a_local_policy_lifts_no_narrowing(machine: Machine, shell: str) -> None:
    function = "f() { local ROLE_ENV_POLICY=; role-env use other; }"
    if shell == "fish":
        function = "function f; set -l ROLE_ENV_POLICY; role-env use other; end"
    lines = f"role-env use profileB --read-only\n{function}\nf\n{LOOK[shell]}"
    done = interactive(machine, shell, lines)
    assert texts(done.stdout) == ["no account"], done


def test_bash_marks_a_nameref_to_an_unset_variable_whose_name_programs_get(machine: Machine) -> None:
    names = ("ALIBABACLOUD_PROFILE", "ALIBABA_CLOUD_ROLE_ARN", "AccessKeyId")
    lines = ""
    for name in names:
        planted = f"declare -nx {name}=production\n{LOOK['bash']}env | grep ^{name}=\n"
        lines += f"role-env use profileB\n{LOOK['bash']}{planted}role-env use nosuch\n{LOOK['bash']}{planted}"
    done = interactive(machine, "bash", lines)
    assert texts(done.stdout) == ["profileB N", "profileB≠ N", "no account", "no account≠"] * len(names), done
    assert [done.stdout.count(f"{name}=production\n") for name in names] == [2] * len(names)


def test_bash_takes_no_case_for_another_under_nocasematch(machine: Machine) -> None:
    lines = f"role-env use profileB\nexport ALIBABA_CLOUD_IGNORE_PROFILE=true\n{LOOK['bash']}shopt nocasematch\n"
    done = interactive(machine, "bash", lines, before="shopt -s nocasematch")
    assert texts(done.stdout) == ["profileB≠ N"]
    assert re.findall(r"nocasematch\s+on", done.stdout)


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_tracing_and_set_a_show_and_export_nothing_of_what_the_hook_compares(machine: Machine, shell: str) -> None:
    lines = "set -x\nset -a\nrole-env use profileB\n:\nexport OSS_ACCESS_KEY_ID=x\n:\ncommand env | grep ^_role_env\n"
    done = interactive(machine, shell, lines)
    assert "\n_role_env" not in done.stdout  # the machine's canary looks for the secrets in what is traced
    assert "OSS_ACCESS_KEY_SECRET" not in done.stderr
