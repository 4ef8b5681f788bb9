"""Where a role that a profile of the `aliyun` CLI assumes is requested."""

from typing import Any

import pytest

from cloud.world import ACCOUNT_B, role_arn
from role_env.fingerprint import Fingerprint
from role_env.profiles.file import ProfilesFile
from role_env.sessions import chain as chains
from support.machine import Machine

HUB, SPOKE = role_arn(ACCOUNT_B, "hub"), role_arn("3333333333333333", "spoke1")
NO_VARIABLE = {"ALIBABA_CLOUD_STS_ENDPOINT": ""}


def write(machine: Machine, ours: str, **keys: Any) -> None:
    """Let [clirole] name a profile of the CLI that assumes spoke1 with a session of hub; `keys` are of both."""
    machine.add(f"[clirole]\ncredential_source = aliyun_cli\n{ours}\n")
    key = {"access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    hub = {"name": "hub", "mode": "RamRoleArn", **key, "ram_role_arn": HUB, **keys}
    spoke = {"name": "spoke", "mode": "ChainableRamRoleArn", "source_profile": "hub", "ram_role_arn": SPOKE, **keys}
    machine.write_cli_file({"current": "spoke", "profiles": [hub, spoke]})


def test_the_roles_of_a_cli_profile_are_requested_where_the_profile_that_names_it_says(machine: Machine) -> None:
    write(machine, f"sts_endpoint = {machine.sts.endpoint}")
    machine.succeeds("exec", "clirole", "--", "true", **NO_VARIABLE)
    assert [call.role_arn for call in machine.sts.calls_of("AssumeRole")] == [HUB, SPOKE]


def test_the_cli_profiles_own_endpoint_comes_first(machine: Machine) -> None:
    write(machine, "sts_endpoint = localhost:9", sts_endpoint=machine.sts.endpoint)
    machine.succeeds("exec", "clirole", "--", "true", **NO_VARIABLE)
    assert len(machine.sts.calls_of("AssumeRole")) == 2


@pytest.mark.parametrize(
    ("ours", "cli", "variable", "endpoint"),
    [
        ("sts_endpoint = sts.ours", {"sts_region": "cn-beijing", "enable_vpc": True}, "", "sts.ours"),
        ("sts_endpoint = sts.ours", {}, "localhost:1", "sts.ours"),
        ("sts_endpoint = sts.ours", {"sts_endpoint": "sts.cli"}, "localhost:1", "sts.cli"),
        ("sts_region = cn-hangzhou", {}, "", "sts.cn-hangzhou.aliyuncs.com"),
        ("sts_region = cn-hangzhou", {"enable_vpc": True}, "", "sts.cn-hangzhou.aliyuncs.com"),
        ("sts_region = cn-hangzhou", {"sts_region": "cn-beijing"}, "", "sts.cn-beijing.aliyuncs.com"),
        ("sts_region = cn-hangzhou", {}, "localhost:1", "localhost:1"),
        ("", {}, "", "sts.aliyuncs.com"),
    ],
)
def test_each_role_has_the_first_endpoint_that_is_named(
    machine: Machine, ours: str, cli: dict[str, Any], variable: str, endpoint: str
) -> None:
    write(machine, ours, **cli)
    fingerprint = Fingerprint({"HOME": str(machine.home), "ALIBABA_CLOUD_STS_ENDPOINT": variable})
    chain = chains.resolve(ProfilesFile(str(machine.file), fingerprint), "clirole")
    assert [hop.endpoint for hop in chain.profiles[:2]] == [endpoint, endpoint]
