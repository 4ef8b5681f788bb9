"""Attributes of variables: whatever changes what the shell reads or what programs get, the prompt shows it."""

import pytest

from support.machine import Machine
from support.shell_terminal import HOOK, SHELLS, SHOW, interactive, texts

GUARD = "ALIBABA_CLOUD_ECS_METADATA_DISABLED"
POLICY = "ROLE_ENV_POLICY"
DIFFERENT = {
    "bash": ("export -n {0}", "{0}=(${0})", "k=${0}; unset {0}; declare -Ax {0}=([0]=$k)", "declare -n {0}=MINE"),
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
"""What leaves programs with another value than the shell shows, or with none."""
SAME = {
    "bash": tuple(f"declare -{flag} {{0}}" for flag in "ulcit"),
    "zsh": ("typeset -xr {0}",),
    "fish": ("set -gx --path {0} ${0}", "set -gx --unpath {0} ${0}"),
}
"""What changes only later values, or nothing."""


@pytest.mark.parametrize("name", [GUARD, POLICY, "ROLE_ENV_PROFILE", "OSS_ACCESS_KEY_ID"])
@pytest.mark.parametrize("shell", SHELLS)
def test_the_first_prompt_marks_what_programs_get_otherwise_and_use_repairs_it(
    machine: Machine, shell: str, name: str
) -> None:
    lines = f"role-env use profileB --read-only\n{HOOK[shell]}; {SHOW}\n"
    off = "role-env off\n" if name == POLICY else ""  # another policy refuses this one
    for form in DIFFERENT[shell]:
        again = f"{off}role-env use profileB --read-only\n{HOOK[shell]}; {SHOW}\n"
        lines += f"{form.format(name)}\n{HOOK[shell]}; {SHOW}\n{again}"
    shown = texts(interactive(machine, shell, lines).stdout)
    assert len(shown) == 1 + 2 * len(DIFFERENT[shell])
    assert set(shown[::2]) == {"profileB (read-only) N"}
    assert [text for text in shown[1::2] if "≠" not in text and text] == []


@pytest.mark.parametrize("name", [GUARD, "OSS_ACCESS_KEY_ID"])
@pytest.mark.parametrize("shell", SHELLS)
def test_an_attribute_for_later_values_is_no_difference_and_stops_no_switch(
    machine: Machine, shell: str, name: str
) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    lines = ""
    for form in SAME[shell][: 1 if shell == "zsh" else None]:
        lines += f"role-env use profileB\n{form.format(name)}\n{HOOK[shell]}; {SHOW}\n"
        if shell != "zsh":
            lines += f"role-env use other\n{HOOK[shell]}; {SHOW}\n"
    shown = texts(interactive(machine, shell, lines).stdout)
    assert shown == ["profileB N", "other N"] * len(SAME[shell]) if shell != "zsh" else ["profileB N"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_narrowing_that_programs_do_not_see_is_marked_without_an_account_too(machine: Machine, shell: str) -> None:
    lines = f"role-env use profileB --read-only\nrole-env use nosuch\n{HOOK[shell]}; {SHOW}\n"
    lines += f"{DIFFERENT[shell][0].format(POLICY)}\n{HOOK[shell]}; {SHOW}\n"
    assert texts(interactive(machine, shell, lines).stdout) == ["no account", "no account≠"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_local_policy_lifts_no_narrowing(machine: Machine, shell: str) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    body = "{} ROLE_ENV_POLICY{}; role-env use other"
    function = (
        f"function f; {body.format('set -l', '')}; end"
        if shell == "fish"
        else f"f() {{ {body.format('local', '=')}; }}"
    )
    lines = f"role-env use profileB --read-only\n{function}\nf\n{HOOK[shell]}; {SHOW}\n"
    done = interactive(machine, shell, lines)
    assert texts(done.stdout) == ["no account"], done


@pytest.mark.parametrize("name", ["ALIBABACLOUD_PROFILE", "ALIBABA_CLOUD_ROLE_ARN", "AccessKeyId"])
def test_bash_marks_a_nameref_to_an_unset_variable_whose_name_programs_get(machine: Machine, name: str) -> None:
    planted = f"declare -nx {name}=production\n{HOOK['bash']}; {SHOW}\nenv | grep ^{name}=\n"
    lines = f"role-env use profileB\n{HOOK['bash']}; {SHOW}\n{planted}"
    lines += f"role-env use profileB\n{HOOK['bash']}; {SHOW}\nrole-env use nosuch\n{HOOK['bash']}; {SHOW}\n{planted}"
    done = interactive(machine, "bash", lines)
    shown = ["profileB N", "profileB≠ N", "profileB N", "no account", "no account≠"]
    assert texts(done.stdout) == shown, done
    assert done.stdout.count(f"{name}=production\n") == 2
