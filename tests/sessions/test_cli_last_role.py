"""The last role of a profile of the `aliyun` CLI is our own: with our keys and options, and one cached session."""

import json

import pytest

from support.cached_sessions import age, exports, key_id
from support.chains import HUB, OF_CLI, CliFile, add_profile, assumed
from support.machine import Machine

READING = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}]}
POLICY = json.dumps(READING, separators=(",", ":"))


@pytest.fixture
def of_role(machine: Machine, cli_file: CliFile) -> CliFile:
    """Let the CLI's current profile end in the role hub, for 1000 seconds, and [cli] name it."""
    hub = {"ram_role_arn": HUB, "ram_session_name": "of-the-cli", "expired_seconds": 1000}
    cli_file.write({"mode": "RamRoleArn", **cli_file.key, **hub})
    machine.add(f"[cli]\n{OF_CLI}\n")
    return cli_file


def test_its_request_has_our_options_else_our_keys_else_those_of_the_cli(machine: Machine, of_role: CliFile) -> None:
    exports(machine, "cli")
    exports(machine, "cli", "--session-name", "me.x", "--duration", "900")
    machine.add("role_session_name = ours\nduration_seconds = 1800\nexternal_id = xid\nsource_identity = who\n")
    machine.add(f"policy = {POLICY}\n")
    exports(machine, "cli")
    first, second, third = machine.sts.calls_of("AssumeRole")
    assert (first.session_name, first.duration) == ("of-the-cli", "1000")
    assert (second.session_name, second.duration) == ("me.x", "900")
    assert (third.session_name, third.duration, third.policy) == ("ours", "1800", POLICY)
    assert (third.external_id, third.source_identity) == ("xid", "who")


def test_its_session_is_cached_renewed_and_cleared_as_every_other(machine: Machine, of_role: CliFile) -> None:
    first = key_id(machine, "cli")
    assert key_id(machine, "cli") == first
    assert key_id(machine, "cli", "--refresh") not in (first, "")
    assert key_id(machine, "cli", "--min-ttl", "60") == key_id(machine, "cli")
    machine.sts.clear_calls()
    assert "removed 1 cached session of cli" in machine.succeeds("clear", "cli").stdout
    exports(machine, "cli")
    age(machine, 500, "cli")
    exports(machine, "cli", "--min-ttl", "600")
    assert assumed(machine) == ["hub", "hub"]


def test_explain_shows_it_as_the_only_hop_and_what_really_happens(machine: Machine, of_role: CliFile) -> None:
    exports(machine, "cli")
    shown = json.loads(machine.succeeds("explain", "cli", "--json").stdout)
    assert [(hop["profile"], hop["kind"], hop["role_arn"]) for hop in shown["hops"]] == [("cli", "access_key_id", HUB)]
    assert shown["cached"]["valid"]
    text = machine.succeeds("explain", "cli", "--session-name", "x.y").stdout
    assert "  as x.y at " in text
    assert "a new session is requested" in text


def test_a_profile_that_uses_it_as_its_source_shares_its_session(machine: Machine, of_role: CliFile) -> None:
    add_profile(machine, "far", "spoke1", "source_profile = cli")
    exports(machine, "cli")
    exports(machine, "far")
    assert assumed(machine) == ["hub", "spoke1"]


def test_two_policies_for_it_are_refused_since_they_cannot_be_combined(machine: Machine, of_role: CliFile) -> None:
    of_role.write({"mode": "RamRoleArn", **of_role.key, "ram_role_arn": HUB, "policy": POLICY})
    machine.succeeds("cli", "--format", "json", "--read-only")
    machine.add(f"policy = {POLICY}\n")
    machine.refuses("cli", 3, "profile cli: policy and the policy of", "profile default", "line 19", "keep one")


def test_what_sts_says_of_it_names_both_files(machine: Machine, of_role: CliFile) -> None:
    role = "acs:ram::2222222222222222:role/nosuch"
    of_role.write({"mode": "RamRoleArn", **of_role.key, "ram_role_arn": role})
    machine.refuses("cli", 4, "profile cli: ", "profiles.ini, line", "config.json: profile default")


def test_in_a_chain_of_the_cli_only_the_last_role_is_ours(machine: Machine, cli_file: CliFile) -> None:
    spoke = {"mode": "ChainableRamRoleArn", "source_profile": "hub", "ram_role_arn": HUB.replace("hub", "spoke1")}
    role = machine.sts.world.role("spoke1").arn
    hub = {"name": "hub", "mode": "RamRoleArn", **cli_file.key, "ram_role_arn": HUB, "ram_session_name": "on-the-way"}
    cli_file.write({**spoke, "ram_role_arn": role}, hub)
    machine.add(f"[cli]\n{OF_CLI}\nrole_session_name = ours\nexternal_id = xid\n")
    exports(machine, "cli")
    found = [(call.session_name, call.external_id) for call in machine.sts.calls_of("AssumeRole")]
    assert found == [("on-the-way", ""), ("ours", "xid")]
