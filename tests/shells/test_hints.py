"""What hints say to type: one line for each act, which works where it is shown."""

import re

import pytest

from role_env.shells import hints, parent
from support.machine import Machine
from support.shell_terminal import SHELLS, init
from support.shells import INTO_SHELL

INTEGRATED = {"ROLE_ENV_INIT": "1.0"}
ENDED = "restore what was set before with: (.*)"


@pytest.mark.parametrize(
    ("name", "switch", "end", "load"),
    [
        ("bash", "source <(role-env {})", 'eval "$(role-env off)"', 'eval "$(role-env init bash)"'),
        ("zsh", "source <(role-env {})", 'eval "$(role-env off)"', 'eval "$(role-env init zsh)"'),
        ("fish", "role-env {} | source", "role-env off | source", "role-env init fish | source"),
        ("dash", 'eval "$(role-env {} || echo false)"', 'eval "$(role-env off)"', 'eval "$(role-env init bash)"'),
    ],
)
def test_each_shell_has_one_line_for_each_act(
    monkeypatch: pytest.MonkeyPatch, name: str, switch: str, end: str, load: str
) -> None:
    monkeypatch.setattr(parent, "parent_name", lambda: name)
    assert hints.switch("p --region x", {}) == switch.format("p --region x")
    assert hints.switch("list", {}) == switch.format("export list")
    assert hints.end_session({}) == end
    assert hints.load_integration() == load
    assert hints.switch("list", INTEGRATED) == "role-env use list"
    assert hints.end_session(INTEGRATED) == "role-env off"


@pytest.mark.parametrize("integrated", [True, False])
def test_after_a_failed_switch_both_ways_on_work_as_they_are_written(machine: Machine, integrated: bool) -> None:
    for shell in SHELLS:
        begin = f"{init(shell)}role-env use {{}}\n" if integrated else INTO_SHELL[shell] + "\n"
        failed = begin.format("profileB") + begin.format("profileA").removeprefix(init(shell))
        done = machine.shell(shell, failed + "role-env status", OSS_ACCESS_KEY_ID="before")
        switched, status = done.stderr.split("role-env: a switch to another profile failed")
        source, use, lost, ways = switched.splitlines()
        assert "profile profileA is only a source, without role_arn" in source
        assert use.startswith("role-env: hint: use a profile with role_arn, such as profileB;")
        assert lost == "role-env: the session of profileB was removed, and this shell has no account now"
        found = re.fullmatch(f"role-env: hint: go back with: (.*); or {ENDED}", ways)
        assert found
        back, off = found.groups()
        assert f"role-env: hint: restore what was set before with: {off}" in status
        assert integrated == (off == "role-env off")
        show = "printf '<%s>' \"$ROLE_ENV_PROFILE $OSS_ACCESS_KEY_ID\"\n"
        done = machine.shell(shell, f"{failed}{back}\n{show}{off}\n{show}", OSS_ACCESS_KEY_ID="before")
        assert re.fullmatch(r"<profileB STS\..*>< before>", done.stdout), done


def test_with_the_integration_status_and_doctor_say_use_and_off(machine: Machine, shell: str) -> None:
    lines = f"{init(shell)}role-env status\nrole-env use profileB\n"
    lines += "set -gx ALICLOUD_PROFILE x\n" if shell == "fish" else "export ALICLOUD_PROFILE=x\n"
    done = machine.shell(shell, f"{lines}role-env status\nrole-env doctor")
    assert "role-env: hint: begin one with: role-env use PROFILE; role-env list has the names" in done.stderr
    assert "role-env: hint: switch again with: role-env use profileB" in done.stderr
    assert "switch again with: role-env use profileB" in re.sub(r"\s+", " ", done.stdout)
    assert "source <(" not in done.stderr
    assert "source <(" not in done.stdout
