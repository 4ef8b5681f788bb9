"""role-env doctor: each fault, planted on a healthy machine, is found by its name and with its fix; no other is."""

import os
import re
import time

import pytest

from role_env import __version__
from support import prompts
from support.doctor import examined, only, read
from support.machine import Machine
from support.shell_terminal import SHELLS
from support.shells import environment
from support.silent_bus import SilentBus
from support.terminal import on_terminal


def session_of(machine: Machine) -> dict[str, str]:
    """The variables of a real session."""
    found = environment(machine.role_env("exec", "profileB", "--", "env", "-0").stdout)
    return {name: value for name, value in found.items() if machine.environ.get(name) != value}


# ---- a healthy machine ----


def test_on_a_healthy_machine_nothing_is_found_and_nothing_is_left_behind_in_the_keyring(machine: Machine) -> None:
    before = {item.label: item.secret for item in machine.bus.items()}
    found = examined(machine)
    assert {item.label: item.secret for item in machine.bus.items()} == before
    assert (found.status, found.faults) == (0, {})
    first, last = ["profiles file", "access key", "keyring"], ["variables", "aliyun CLI", "shell integration"]
    assert found.checks == [*first, f"STS {machine.sts.endpoint}", *last]


def test_nor_in_a_session_with_the_aliyun_clis_file_and_every_kind_of_keyring(machine: Machine) -> None:
    machine.write_cli_file({"current": "x", "profiles": [{"name": "x", "mode": "AK"}]})
    machine.succeeds("setup", "aliyun-cli")
    for environ in ({}, {"ROLE_ENV_CACHE": "keyring"}, {"ROLE_ENV_CACHE": "kernel"}, {"ROLE_ENV_CACHE": "none"}):
        assert examined(machine, **session_of(machine), **environ).faults == {}


# ---- the profiles file ----


def test_a_profiles_file_that_cannot_be_used_is_one_fault(machine: Machine) -> None:
    machine.file.chmod(0o644)
    only(examined(machine), "profiles file", "others can read it", f"chmod 600 {machine.file}")
    machine.write("garbage\n")
    only(examined(machine), "profiles file", "line 1: this is neither")
    only(examined(machine, "--config", "gone"), "profiles file", "--config names gone")
    machine.file.unlink()
    words = ("fail there is no profiles file", f"{machine.file} does not exist", "create it with: role-env configure")
    only(examined(machine), "profiles file", *words)
    os.mkfifo(machine.file)  # it is not waited for
    only(examined(machine), "profiles file", "it is not a regular file")


ROLE = "role_arn = acs:ram::1:role/x\n"
FROM_A = f"{ROLE}source_profile = profileA\n"
PROFILES = {
    "default": ("region_id = cn-x\n", "warn", "its keys are no defaults", "rename [default] to [DEFAULT] in {file}"),
    "no-arn": ("role_arn = nonsense\nsource_profile = profileA\n", "fail", "role_arn is not a role's ARN"),
    "mistyped": (f"{ROLE}source_profile = profielA\n", "fail", "did you mean profileA?"),
    "unset": (f"{ROLE}credential_source = environment\n", "warn", "none is set"),
    "role-env-none": (FROM_A, "fail", "rename [role-env-none]"),
    "role-env-served": (FROM_A, "fail", "rename [role-env-served]"),
    "list": (FROM_A, "warn", 'type eval "$(role-env export list || echo false)"'),
}
"""Profiles with the keys of each, and what is said of it."""


def test_a_profile_that_does_not_resolve_or_has_a_name_that_means_something_else(machine: Machine) -> None:
    machine.add("".join(f"[{name}]\n{keys}" for name, (keys, *_) in PROFILES.items()))
    found = examined(machine)
    assert found.faults.keys() == {f"profile {name}" for name in PROFILES}
    for name, (_, *words) in PROFILES.items():
        (fault,) = found.faults[f"profile {name}"]
        assert [word for word in words if word.format(file=machine.file) not in fault] == [], fault


def test_a_users_name_of_which_nothing_is_left_in_the_session_name_is_reported_once(machine: Machine) -> None:
    user = {"USER": "山田", "LOGNAME": "山田"}
    fix = f"add role_session_name = NAME to [DEFAULT] in {machine.file}"
    only(examined(machine, **user), "session name", "warn sessions are named --@", fix)
    assert examined(machine, USER="山田3", LOGNAME="山田3").faults == {}
    machine.add("role_session_name = yamada\n")
    assert examined(machine, **user).faults == {}


def test_a_source_that_spoils_several_profiles_is_reported_once(machine: Machine) -> None:
    machine.write(machine.standard_profiles().replace("access_key_secret", "access_key_sicret"))
    assert list(examined(machine).faults) == ["profile profileA"]


# ---- variables ----


def test_an_expired_session_is_a_warning(machine: Machine) -> None:
    only(examined(machine, **prompts.session(-5)), "variables", "warn the session has expired", "switch again with: ")


def test_a_session_in_which_the_cli_ignores_its_profiles_says_so(machine: Machine) -> None:
    machine.add("region_id = cn-shanghai\n")
    machine.role_env("setup", "aliyun-cli", "profileB")
    before, limit = session_of(machine), "warn in this session aliyun --profile X is the session too"
    only(examined(machine, **before), "aliyun CLI", limit, "role-env setup aliyun-cli, then: ")
    assert "aliyun CLI" not in examined(machine).faults
    machine.role_env("setup", "aliyun-cli")
    only(examined(machine, **before), "aliyun CLI", limit, "switch again: ")
    disabled = before | {"ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS": "1"}
    only(examined(machine, **disabled), "aliyun CLI", limit, "unset ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS, then: ")
    assert "aliyun CLI" not in examined(machine, **session_of(machine)).faults


def test_what_a_failed_switch_left_families_that_disagree_and_a_timeout_that_is_no_number(machine: Machine) -> None:
    only(examined(machine, ROLE_ENV_NO_ACCOUNT="1"), "variables", "warn a switch", "role-env off")
    environ = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "a", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "b", "ALICLOUD_ACCESS_KEY": "c"}
    only(examined(machine, **environ), "variables", "ALIBABA_CLOUD_ACCESS_KEY_ID, ALICLOUD_ACCESS_KEY")
    only(examined(machine, ROLE_ENV_TIMEOUT="soon"), "variables", "ROLE_ENV_TIMEOUT")


# ---- the aliyun CLI's file ----


def test_a_file_that_the_aliyun_cli_cannot_use_or_that_no_longer_works_or_is_open_to_others(machine: Machine) -> None:
    machine.write_cli_file("{")
    only(examined(machine), "aliyun CLI", "fail", "not JSON")
    machine.write_cli_file({"current": "gone", "profiles": [{"name": "x", "mode": "AK"}]})
    only(examined(machine), "aliyun CLI", "fail", "current is gone", "set current to one of: x")
    process = f"role-env process --config {machine.file}"
    for name, command, *words in (
        ("profileB", f"/gone/{process} profileB", "/gone/role-env does not exist", "role-env setup aliyun-cli"),
        ("nobody", f"{process} nobody", "has no such profile", "role-env setup aliyun-cli"),
        ("role-env-none", "", "fail", "aliyun configure delete --profile role-env-none"),
        ("role-env-served", "", "fail", "aliyun configure delete --profile role-env-served"),
    ):
        entry = {"name": name, "mode": "External" if command else "AK", "process_command": command}
        path = machine.write_cli_file({"current": name, "profiles": [entry]})
        only(examined(machine), "aliyun CLI", f"profile {name}", *words)
    entry = {"name": "x", "mode": "AK", "access_key_id": "LTAIx", "access_key_secret": "s"}
    machine.write_cli_file({"current": "x", "profiles": [entry]}).chmod(0o644)
    only(examined(machine), "aliyun CLI", "warn", "others can read it", f"chmod 600 {path}")


# ---- other tools ----


@pytest.mark.parametrize("place", [".aliyun/config.json", "elsewhere.json"])
def test_a_session_that_an_sdk_has_written_into_an_external_profile_is_named_without_it(
    machine: Machine, place: str
) -> None:
    written = {"access_key_id": "STS.x", "access_key_secret": "the-secret", "sts_token": "the-token"}
    process = {"mode": "External", "process_command": "role-env process profileB", "region_id": "cn-hangzhou"}
    profiles = [{"name": "clean", **process}, {"name": "written", **process, **written}]
    config = machine.write_cli_file({"current": "clean", "profiles": profiles})
    if place not in str(config):
        config = config.rename(machine.home / place)
    done = machine.role_env("doctor", "--json", ALIBABA_CLOUD_CONFIG_FILE=str(machine.home / "elsewhere.json"))
    assert "the-" not in done.stdout
    fault = only(read(done), "aliyun CLI", "profile written: an SDK has written a session into it", "access_key_secret")
    assert str(config) in fault
    config.unlink()


def test_the_files_of_ossutil_and_aliyunlog_are_reported(machine: Machine) -> None:
    for name in (".ossutilconfig", ".aliyunlogcli"):
        (machine.home / name).write_text("[Credentials]\n")
    found = examined(machine)
    assert (found.checks.count("other tools"), found.faults) == (2, {})
    ossutil = machine.write_program("bin/ossutil", "#!/bin/sh\n")
    machine.environ["PATH"] = f"{ossutil.parent}:{machine.environ['PATH']}"
    only(examined(machine), "other tools", "warn", "ossutil 1 always acts as", "use ossutil 2")


# ---- the shell integration ----


BASH = {"SHELL": "/bin/bash"}


def test_a_shell_without_the_integration_or_with_that_of_another_version(machine: Machine) -> None:
    line = 'type eval "$(role-env init bash)"; to have it in each new bash, put that line into ~/.bashrc'
    only(examined(machine, **BASH), "shell integration", "warn this bash has not loaded it", line)
    only(examined(machine, SHELL="/usr/bin/fish"), "shell integration", "role-env init fish | source")
    only(examined(machine, **BASH, ROLE_ENV_INIT="0.0.1"), "shell integration", "0.0.1", "start a new bash")
    assert examined(machine, **BASH, ROLE_ENV_INIT=__version__).faults == {}


def test_bash_3_2_is_reported_to_read_nothing(machine: Machine) -> None:
    """A program that prints the version replaces a bash that this machine does not have."""
    bash = machine.write_program("bash", "#!/bin/sh\necho 'GNU bash, version 3.2.57(1)-release (arm64)'\n")
    found = examined(machine, SHELL=str(bash), ROLE_ENV_INIT=__version__)
    only(found, "shell integration", "bash 3.2.57", "source <(…)", "eval")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_line_that_a_shell_gets_loads_the_integration(machine: Machine, shell: str) -> None:
    fault = only(read(machine.shell(shell, "role-env doctor --json\ntrue")), "shell integration", "warn")
    line = re.findall("type (.*); to have it in each new", fault)[0]
    done = machine.shell(shell, f"{line}\nrole-env doctor --json\ntrue")
    assert read(done).messages["shell integration"] == f"loaded in this {shell}, version {__version__}"


# ---- the report ----


def test_whatever_hangs_it_ends_in_ten_seconds(machine: Machine, silent: SilentBus) -> None:
    """The keyring, STS and a shell at once; what is found is on stdout all the same."""
    bash = machine.write_program("bash", "#!/bin/sh\nexec sleep 60\n")
    machine.sts.fault("hang", times=None)
    began = time.monotonic()
    found = examined(machine, **silent.environment, SHELL=str(bash), ROLE_ENV_INIT=__version__)
    assert time.monotonic() - began < 60  # ten, and what a crowded machine adds
    (keyring,), (sts,) = found.faults["keyring"], found.faults[f"STS {machine.sts.endpoint}"]
    assert len(found.faults) == 2
    assert ("timed out" in keyring, "restart its service" in keyring, "timed out" in sts) == (True, True, True)


def test_on_a_terminal_it_is_marks_and_fixes_within_80_columns(machine: Machine) -> None:
    machine.sts.clock_offset = 3600
    screen = on_terminal(machine, "doctor", environ=BASH)
    assert screen.status == 1
    assert max(map(len, screen.lines)) <= 80
    assert {line[0] for line in screen.lines} == {"✓", "!", "✗", " "}
    assert any(line.startswith("  fix: set the clock") for line in screen.lines)
    assert "\x1b[31m✗" in screen.raw
    assert "\x1b" not in on_terminal(machine, "doctor", environ={"NO_COLOR": "1"}).raw


def test_marks_are_ascii_where_the_locale_has_no_others(machine: Machine) -> None:
    environ = {"LC_ALL": "en_US.ISO-8859-1", "PYTHONIOENCODING": "latin-1", "PYTHONCOERCECLOCALE": "0"}
    done = machine.role_env("doctor", **environ)
    assert {line[0] for line in done.stdout.splitlines()} <= {"+", " "}
    assert done.stdout.isascii()


def test_hostile_values_cannot_act_on_the_terminal(machine: Machine) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\x9b\u202e"
    environ = {"ROLE_ENV_CACHE": evil, "ROLE_ENV_INIT": evil, "ROLE_ENV_PROFILE": evil, "SHELL": f"/bin/{evil}"}
    screen = on_terminal(machine, "doctor", environ=environ | {"NO_COLOR": "1"})
    for character in "\x1b\x07\x9b\u202e":
        assert character not in screen.raw
    assert "Traceback" not in screen.raw
