"""The main job, in every shell: from account A's user to account B's role, and the second time from the keyring."""

import pytest

from support import aliyun_cli
from support.machine import Machine
from support.readers import keys_by_order, write_foreign_files
from support.shells import INTO_SHELL, SHELLS, environment

IDS = (
    *("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY", "ALICLOUD_ACCESS_KEY_ID"),
    "OSS_ACCESS_KEY_ID",
)
SECRETS = (
    *("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECRET_KEY"),
    *("ALICLOUD_ACCESS_KEY_SECRET", "OSS_ACCESS_KEY_SECRET"),
)
TOKENS = ("ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN", "ALICLOUD_SECURITY_TOKEN", "OSS_SESSION_TOKEN")


@pytest.mark.smoke
@pytest.mark.parametrize("shell", SHELLS)
def test_every_variable_of_the_default_families_is_what_sts_issued(machine: Machine, shell: str) -> None:
    done = machine.shell(shell, INTO_SHELL[shell].format("profileB") + "\nenv -0")
    assert done.returncode == 0, done.stderr
    (issued,) = machine.sts.issued
    found = environment(done.stdout)
    for names, value in ((IDS, issued.id), (SECRETS, issued.secret), (TOKENS, issued.token)):
        assert {name: found.get(name) for name in names} == dict.fromkeys(names, value)
    assert found["ROLE_ENV_PROFILE"] == "profileB"
    assert found["ROLE_ENV_ROLE_ARN"] == machine.sts.role_arn
    assert found["ROLE_ENV_ACCESS_KEY_ID"] == issued.id
    assert found["ROLE_ENV_EXPIRATION"] == str(int(issued.expiration))
    assert found["ALIBABA_CLOUD_IGNORE_PROFILE"] == found["ALIBABACLOUD_IGNORE_PROFILE"] == "TRUE"
    assert done.stderr == ""


def test_the_second_call_makes_no_call_to_sts(machine: Machine) -> None:
    for shell in SHELLS:
        line = INTO_SHELL[shell].format("profileB")
        done = machine.shell(shell, f"{line}\n{line}\nenv -0")
        again = machine.shell(shell, f"{line}\nenv -0")
        assert len(machine.sts.calls_of("AssumeRole")) == 1
        (issued,) = machine.sts.issued
        assert environment(again.stdout)["OSS_SESSION_TOKEN"] == issued.token
        assert environment(done.stdout)["OSS_SESSION_TOKEN"] == issued.token


@pytest.mark.parametrize("added", ["plain", "oss", "packer", "alicloud", "plain packer"])
def test_whatever_families_a_profile_names_every_tool_is_the_session_and_no_other(machine: Machine, added: str) -> None:
    write_foreign_files(machine.home, "LTAI.file", "x")
    machine.write(f"{machine.standard_profiles()}variables = {added}\n")
    stale = "export ACCESS_KEY_ID=LTAI.stale ACCESS_KEY_SECRET=x\n"
    done = machine.shell("bash", f"{stale}source <(role-env profileB)\nenv -0")
    found, (issued,) = environment(done.stdout), machine.sts.issued
    assert set(keys_by_order(found).values()) == {(issued.id, issued.secret, issued.token)}
    assert aliyun_cli.read(found)["AccessKeyId"] == issued.id
    assert machine.role_env("status", **found).returncode == 0
