"""The first prompt after a change of what tools find shows it, and `use` repairs it."""

import pytest

from role_env import variables
from support.machine import Machine
from support.shell_terminal import LOOK, POSIX_SHELLS, export, interactive, texts

OTHERS = {
    "ALICLOUD_ASSUME_ROLE_ARN": "x",
    "ALIBABACLOUD_PROFILE": "x",
    "AccessKeyId": "x",
    "ROLE_ENV_POLICY": "read-only",
    "ROLE_ENV_SERVER": "'1 http://x/'",
    "ROLE_ENV_NO_ACCOUNT": "1",
}
"""A variable of each kind that a session does not have."""
OWN = (
    *("OSS_ACCESS_KEY_ID", "ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_PROFILE", "ALIBABA_CLOUD_ECS_METADATA_DISABLED"),
    *("ROLE_ENV_PROFILE", "ROLE_ENV_EXPIRATION", "ROLE_ENV_REQUEST"),
)
"""A variable of each kind that it has."""
BLANK = ("ALICLOUD_ASSUME_ROLE_ARN", "OSS_ROLE_ARN", "ALIBABA_CLOUD_ACCOUNT_ID", "ODPS_BEARER_TOKEN")
"""Variables that outrank a session, of which a file may have blank placeholders."""
UNEXPORTED = {"bash": "export -n {0}", "zsh": "typeset +x {0}", "fish": "set -gu {0} ${0}"}


def unset(shell: str, name: str) -> str:
    """Return the line that unsets a variable."""
    return f"set -e {name}" if shell == "fish" else f"unset -v {name}"


def test_any_change_of_what_tools_find_is_marked_and_its_end_too(machine: Machine, shell: str) -> None:
    lines = f"role-env use profileB\n{LOOK[shell]}"
    for name, value in OTHERS.items():
        lines += f"{export(shell, name, value)}\n{LOOK[shell]}{unset(shell, name)}\n{LOOK[shell]}"
    for name in OWN:
        keep = f"set -g kept ${name}" if shell == "fish" else f"kept=${name}"
        value = "none" if name == "ROLE_ENV_REQUEST" else "''"
        lines += f"{keep}\n{export(shell, name, value)}\n{LOOK[shell]}{export(shell, name, '$kept')}\n{LOOK[shell]}"
    found = texts(interactive(machine, shell, lines).stdout)
    names = [*OTHERS, *OWN]
    assert found.pop(0) == "profileB N"
    marked, repaired = (dict(zip(names, shown, strict=True)) for shown in (found[::2], found[1::2]))
    assert {name: text for name, text in marked.items() if "≠" not in text} == {}
    assert {name: text for name, text in repaired.items() if text != "profileB N"} == {}


def test_a_value_marks_the_session_where_its_variable_was_blank_or_had_another_one(
    machine: Machine, shell: str
) -> None:
    """A secret that counts as absent does too."""
    blank = "".join(f"{export(shell, name, repr(''))}\n" for name in BLANK)
    lines = f"{blank}role-env use profileB\n{blank}{LOOK[shell]}"
    for name in BLANK:
        for value in ("x", "y", "''"):
            lines += f"{export(shell, name, value)}\n{LOOK[shell]}"
    keep = "set -g kept $OSS_ACCESS_KEY_SECRET" if shell == "fish" else "kept=$OSS_ACCESS_KEY_SECRET"
    for value in ("role-env-none", "$kept", "''", "$kept"):
        lines += f"{keep}\n{export(shell, 'OSS_ACCESS_KEY_SECRET', value)}\n{LOOK[shell]}"
        keep = ":"
    found = texts(interactive(machine, shell, lines).stdout)
    expected = ["profileB N", *["profileB≠ N", "profileB≠ N", "profileB N"] * len(BLANK)]
    assert found == [*expected, *["profileB≠ N", "profileB N"] * 2]


def test_without_an_account_whatever_gives_one_is_marked(machine: Machine, shell: str) -> None:
    lines = f"role-env use profileB --read-only\nrole-env use nosuch\n{LOOK[shell]}"
    others, accounts = ("ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALICLOUD_ROLE_ARN"), [*variables.DISABLED]
    accounts += ["ALIBABA_CLOUD_PROFILE", "OSS_ACCESS_KEY_ID"]
    for name in others:
        lines += f"{export(shell, name, 'x')}\n{LOOK[shell]}{unset(shell, name)}\n{LOOK[shell]}"
    for name in accounts:
        back = export(shell, name, variables.NO_ACCOUNT[name])
        lines += f"{export(shell, name, 'x')}\n{LOOK[shell]}{back}\n{LOOK[shell]}"
    found = texts(interactive(machine, shell, lines).stdout)
    assert found == ["no account", *["no account≠", "no account"] * (len(others) + len(accounts))]


def test_use_repairs_a_variable_that_programs_do_not_get(machine: Machine, shell: str) -> None:
    """That it is no longer exported shows with the next change."""
    use, change = "role-env use profileB\n", f"{export(shell, 'OSS_ACCESS_KEY_ID', 'x')}\n"
    back = f"{export(shell, 'OSS_ACCESS_KEY_ID', '$ROLE_ENV_ACCESS_KEY_ID')}\n"
    lines = use
    names = ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "ROLE_ENV_PROFILE", "ALIBABA_CLOUD_ACCESS_KEY_ID")
    for name in names:
        lines += f"{UNEXPORTED[shell].format(name)}\n{change}{LOOK[shell]}{back}{LOOK[shell]}{use}{LOOK[shell]}"
    found = texts(interactive(machine, shell, lines).stdout)
    assert ["≠" in text for text in found] == [True, True, False] * len(names), found
    assert found[2::3] == ["profileB N"] * len(names)


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_tracing_and_set_a_show_and_export_nothing_of_what_the_hook_compares(machine: Machine, shell: str) -> None:
    lines = "set -x\nset -a\nrole-env use profileB\n:\nexport OSS_ACCESS_KEY_ID=x\n:\ncommand env | grep ^_role_env\n"
    done = interactive(machine, shell, lines)
    assert "\n_role_env" not in done.stdout  # the machine's canary looks for the secrets in what is traced
    assert "OSS_ACCESS_KEY_SECRET" not in done.stderr


# ---- a session whose variables somebody has unset ----


LOST = (("ROLE_ENV_PROFILE",), ("ROLE_ENV_PROFILE", "ROLE_ENV_ACCESS_KEY_ID"), tuple(variables.SHOWN))
LAST = {"off": "", "use nosuch": "no account", "use other": "other"}
"""What is typed then, and the text of the prompt after it, without its minutes."""


def test_a_session_that_has_lost_variables_is_unknown_and_off_and_use_leave_no_key_of_it(
    machine: Machine, shell: str
) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n")
    machine.succeeds("export", "profileB", "--format", "json")
    key_id, lines = machine.sts.issued[0].id, ""
    for lost in LOST:
        for last in LAST:
            lines += "role-env use profileB\n" + "".join(f"{unset(shell, name)}\n" for name in lost) + LOOK[shell]
            lines += f"role-env {last}\nenv | grep -c {key_id}\n{LOOK[shell]}role-env off\n"
    done = interactive(machine, shell, lines, "--no-prompt")
    found = [text.removesuffix(" N") for text in texts(done.stdout)]
    assert found[::2] == ["unknown session≠"] * len(LOST) * len(LAST)
    assert found[1::2] == [*LAST.values()] * len(LOST)
    assert done.stdout.count("\n0\n") == len(LOST) * len(LAST), done.stdout
