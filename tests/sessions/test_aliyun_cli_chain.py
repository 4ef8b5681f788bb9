"""Chains that begin with the `aliyun` CLI's file, through the installed command."""

import os
from typing import Any

import pytest

from cloud.world import ACCOUNT_C, role_arn
from role_env.files.dependencies import Dependencies
from role_env.profiles.file import ProfilesFile
from role_env.sessions import chain as chains
from support.cached_sessions import exports
from support.chains import HUB, OF_CLI, CliFile, add_profile, assumed, key_document, write_spokes
from support.machine import INSTALLED, Machine


def test_three_lines_are_enough_for_whom_the_aliyun_cli_works(machine: Machine, cli_file: CliFile) -> None:
    machine.refuses("quick", 3, "profile quick", "config.json cannot be read", "aliyun configure")
    cli_file.write({"mode": "AK", **cli_file.key, "region_id": "cn-beijing"})
    assert exports(machine, "quick")["RoleArn"] == machine.sts.role_arn
    assert assumed(machine) == ["switchrolesbc"]


def test_the_clis_roles_are_assumed_on_the_way(machine: Machine, cli_file: CliFile) -> None:
    hub = {"ram_role_arn": HUB, "ram_session_name": "cli", "expired_seconds": 900}
    cli_file.write({"mode": "RamRoleArn", **cli_file.key, **hub})
    add_profile(machine, "far", "spoke1", OF_CLI)
    add_profile(machine, "near", "spoke2", OF_CLI)
    exports(machine, "far")
    first = machine.sts.calls_of("AssumeRole")[0]
    assert (first.session_name, first.duration) == ("cli", "900")
    exports(machine, "near")
    assert assumed(machine) == ["hub", "spoke1", "spoke2"]
    chained = {"name": "chained", "mode": "ChainableRamRoleArn", "source_profile": "default"}
    cli_file.write(
        {"mode": "AK", **cli_file.key},
        chained | {"ram_role_arn": HUB, "ram_session_name": "xy"},
        current="chained",
    )
    exports(machine, "far")
    assert assumed(machine) == ["hub", "spoke1"]
    assert exports(machine, "itself", "--expect-account", "2222222222222222")["RoleArn"] == HUB
    assert machine.role_env("setup", "aliyun-cli", "itself", "--dry-run").returncode == 0
    cli_file.write(chained | {"name": "default", "ram_role_arn": HUB, "ram_session_name": "xy"})
    machine.refuses("far", 3, "config.json", "default -> default")


def test_other_modes_of_the_cli(machine: Machine, cli_file: CliFile) -> None:
    token = machine.home / "token"
    token.write_text(machine.sts.oidc_token())
    role = machine.sts.world.role("cideploy").arn
    provider = machine.sts.oidc_provider_arn
    identity = {"oidc_provider_arn": provider, "oidc_token_file": str(token)}
    cli_file.write({"mode": "OIDC", **identity, "ram_role_arn": role, "ram_session_name": "cli"})
    exports(machine, "itself")
    assert assumed(machine, "AssumeRoleWithOIDC") == ["cideploy"]
    (machine.home / "print.sh").write_text(f"echo '{key_document(machine)}'\n")
    cli_file.write({"mode": "External", "process_command": f"sh {machine.home}/print.sh"})
    exports(machine, "quick")
    (machine.home / "print.sh").unlink()
    cli_file.write({"mode": "StsToken", **cli_file.key, "sts_token": "bogus"})
    machine.refuses("quick", 4, "InvalidSecurityToken")


def test_a_rewritten_cli_file_costs_a_session_only_when_the_chain_is_another_one(
    machine: Machine, cli_file: CliFile
) -> None:
    def written(**changes: Any) -> list[str]:
        cli_file.write({"mode": "AK", **cli_file.key, "sts_expiration": 1, **changes}, {"name": "other", "mode": "AK"})
        exports(machine, "quick")
        return assumed(machine)

    assert written() == ["switchrolesbc"]
    assert written(sts_expiration=2) == []
    assert written(region_id="cn-beijing") == []
    user = machine.sts.world.key_of("test_user1")
    other = machine.sts.world.add_key(user.account, user.user)
    assert written(access_key_id=other.id, access_key_secret=other.secret) == ["switchrolesbc"]
    assert written(access_key_id=other.id, access_key_secret=other.secret, language="zh") == []


POLICY = '{"Version": "1", "Statement": []}'
SPOKE = role_arn(ACCOUNT_C, "spoke1")


def test_a_role_of_the_cli_is_assumed_with_its_policy_at_its_endpoint(machine: Machine, cli_file: CliFile) -> None:
    role = {"mode": "RamRoleArn", **cli_file.key, "ram_role_arn": HUB, "policy": POLICY}
    cli_file.write({**role, "sts_endpoint": machine.sts.endpoint, "sts_region": "cn-beijing", "enable_vpc": True})
    assert exports(machine, "itself", ALIBABA_CLOUD_STS_ENDPOINT="localhost:1")["RoleArn"] == HUB
    assert machine.sts.calls_of("AssumeRole")[-1].policy == POLICY
    cli_file.write({**role, "policy": "nonsense"})
    machine.refuses("itself", 3, "profile default: policy is not a policy in JSON")


def write_chain(machine: Machine, cli_file: CliFile, ours: str, **keys: Any) -> None:
    """Let [clirole] name a profile of the CLI that assumes spoke1 with a session of hub; `keys` are of both."""
    machine.add(f"[clirole]\n{OF_CLI}\n{ours}\n")
    spoke = {"mode": "ChainableRamRoleArn", "source_profile": "hub", "ram_role_arn": SPOKE, **keys}
    cli_file.write(spoke, {"name": "hub", "mode": "RamRoleArn", **cli_file.key, "ram_role_arn": HUB, **keys})


@pytest.mark.parametrize(
    ("ours", "cli", "variable", "endpoint"),
    [
        ("sts_endpoint = sts.ours", {"sts_region": "cn-beijing", "enable_vpc": True}, "", "sts.ours"),
        ("sts_endpoint = sts.ours", {}, "localhost:1", "sts.ours"),
        ("sts_endpoint = sts.ours", {"sts_endpoint": "sts.cli"}, "localhost:1", "sts.cli"),
        ("sts_endpoint = sts.ours", {"sts_endpoint": "http://sts.cli/"}, "", "sts.cli"),
        ("sts_region = cn-hangzhou", {"enable_vpc": True}, "", "sts.cn-hangzhou.aliyuncs.com"),
        ("sts_region = cn-hangzhou", {"sts_region": "cn-beijing"}, "", "sts.cn-beijing.aliyuncs.com"),
        ("sts_region = cn-hangzhou", {}, "localhost:1", "localhost:1"),
        ("", {}, "", "sts.aliyuncs.com"),
        ("", {"enable_vpc": True, "sts_region": "cn-beijing"}, "", "sts-vpc.cn-beijing.aliyuncs.com"),
        ("", {"enable_vpc": False, "sts_region": "cn-beijing"}, "", "sts.cn-beijing.aliyuncs.com"),
        ("", {"enable_vpc": True}, "", "sts.aliyuncs.com"),
        ("", {"enable_vpc": True, "sts_endpoint": "sts.example"}, "", "sts.example"),
    ],
)
def test_the_endpoint_of_a_role_of_the_cli_is_the_one_that_the_sdks_choose(
    machine: Machine, cli_file: CliFile, ours: str, cli: dict[str, Any], *, variable: str, endpoint: str
) -> None:
    write_chain(machine, cli_file, ours, **cli)
    dependencies = Dependencies({"HOME": str(machine.home), "ALIBABA_CLOUD_STS_ENDPOINT": variable})
    chain = chains.resolve(ProfilesFile(str(machine.file), dependencies), "clirole")
    assert [hop.endpoint for hop in chain.profiles[:2]] == [endpoint, endpoint]


def test_the_region_of_the_clis_profile_serves_where_nothing_else_says_one(machine: Machine, cli_file: CliFile) -> None:
    cli_file.write({"mode": "AK", **cli_file.key, "region_id": "cn-beijing"})
    assert exports(machine, "quick")["RegionId"] == "cn-beijing"
    done = machine.shell("bash", 'eval "$(role-env profileB)"; printenv ALIBABA_CLOUD_REGION_ID')
    assert done.stdout == "cn-beijing\n", done.stderr  # where nothing else says one
    cli_file.write({"mode": "AK", **cli_file.key, "region_id": "cn-shanghai"})
    assert exports(machine, "quick")["RegionId"] == "cn-shanghai"
    add_profile(machine, "own", "switchRoleSbc", f"{OF_CLI}\nregion_id = eu-west-1")
    assert exports(machine, "own")["RegionId"] == "eu-west-1"


def test_role_envs_own_process_is_refused_as_a_source_of_the_cli(machine: Machine, cli_file: CliFile) -> None:
    add_profile(machine, "far", "switchRoleSbc", f"{OF_CLI}\naliyun_profile = chained")
    for command in ("role-env process profileB", "role-env process --session", "env A=b /opt/role-env process x"):
        cli_file.write(
            {"mode": "External", "process_command": command},
            {"name": "chained", "mode": "ChainableRamRoleArn", "source_profile": "default", "ram_role_arn": HUB},
        )
        for name in ("itself", "far"):
            machine.refuses(name, 3, "its command is role-env's own process", "source_profile")
    assert not machine.sts.calls


def test_a_folder_of_the_cli_that_cannot_be_searched_costs_no_session(machine: Machine, cli_file: CliFile) -> None:
    cli_file.write()
    (machine.home / ".aliyun").chmod(0)
    as_root = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
    command = (*as_root, str(INSTALLED / "role-env"))
    done = machine.run(*command, "profileB", "--format", "bash")
    assert (done.returncode, done.stderr) == (0, "")
    done = machine.run(*command, "quick", "--format", "json")
    assert (done.returncode, "config.json cannot be read: Permission denied" in done.stderr) == (3, True)
    done = machine.run(*command, "setup", "aliyun-cli", "profileB")
    assert (done.returncode, "config.json cannot be read: Permission denied" in done.stderr) == (3, True)


def test_a_role_that_was_assumed_from_one_persons_sign_in_is_not_anothers(machine: Machine, cli_file: CliFile) -> None:
    write_spokes(machine)
    add_profile(machine, "signed", "spoke1", OF_CLI)
    session = exports(machine, "hub")
    assumed(machine)
    for person, calls in (("one", 1), ("one", 0), ("another", 1)):
        cli_file.sign_in(session, oauth_site_type="CN", oauth_refresh_token=f"token-of-{person}")
        exports(machine, "signed")
        assert len(assumed(machine)) == calls, person
