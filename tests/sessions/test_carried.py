"""What a request cannot carry is refused, never dropped."""

import json
import time

import pytest

from support.cached_sessions import exports
from support.chains import OF_CLI, CliFile, add_profile, oidc
from support.machine import Machine

KEYS = {
    "policy": '{"Version": "1", "Statement": []}',
    "policy_file": "policy.json",
    "role_session_name": "somebody",
    "duration_seconds": "900",
    "external_id": "xid",
    "source_identity": "who",
}
LASTS = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3000))
PRINTED = {"mode": "StsToken", "access_key_id": "STS.x", "access_key_secret": "y", "sts_token": "z"}
PROCESS = f"credential_process = echo '{json.dumps({**PRINTED, 'expiration': LASTS})}'"
SOURCES = (
    PROCESS,
    "credential_source = ecs_ram_role",
    "credential_source = environment",
    "oauth_site_type = CN",
    "cloud_sso_sign_in_url = https://x.alibabacloudsso.com/x/login\ncloud_sso_account_id = 1\n"
    "cloud_sso_access_config = ac-x",
    OF_CLI,
)


def sign_in_to_the_cli(machine: Machine) -> None:
    """Let the CLI's current profile give a session that it has from a sign-in."""
    CliFile(machine).sign_in({"AccessKeyId": "STS.x", "AccessKeySecret": "y", "SecurityToken": "z"})


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_key_of_a_request_on_a_profile_that_assumes_no_role_is_an_error_of_its_line(
    machine: Machine, source: str, key: str
) -> None:
    sign_in_to_the_cli(machine)
    machine.write(f"[other]\n{source}\n{key} = {KEYS[key]}\n")
    (machine.file.parent / "policy.json").write_text(KEYS["policy"])
    line = 3 + source.count("\n")
    machine.refuses("other", 3, f"profile other: {key} requires a role", f"line {line}", f"remove {key}")


def test_a_source_that_is_only_a_key_has_none_of_them_either(machine: Machine) -> None:
    machine.write(f"duration_seconds = 900\n{machine.standard_profiles()}".replace("duration", "[x]\nduration", 1))
    machine.write(machine.standard_profiles().replace("[profileB]", "external_id = xid\n\n[profileB]"))
    machine.refuses("profileB", 3, "profile profileA: external_id requires a role", "line 5")


def test_default_gives_them_only_to_profiles_that_can_carry_them(machine: Machine) -> None:
    sign_in_to_the_cli(machine)
    given = "".join(f"{key} = {value}\n" for key, value in KEYS.items() if key not in ("policy_file", "policy"))
    provider = f"oidc_provider_arn = {machine.sts.oidc_provider_arn}\noidc_token_file = token\n"
    machine.write(f"[DEFAULT]\n{given}\n{machine.standard_profiles()}\n[proc]\n{PROCESS}\n\n[cli]\n{OF_CLI}\n")
    (machine.file.parent / "token").write_text(machine.sts.oidc_token())
    machine.add(f"[ci]\nrole_arn = {machine.sts.world.role('ciDeploy').arn}\n{provider}")
    exports(machine, "profileB")
    call = machine.sts.calls_of("AssumeRole")[-1]
    assert (call.session_name, call.duration, call.external_id) == ("somebody", "900", "xid")
    for name in ("proc", "cli"):
        machine.succeeds("explain", name)
    exports(machine, "ci")
    assert machine.sts.calls_of("AssumeRoleWithOIDC")[-1].session_name == "somebody"


@pytest.mark.parametrize("key", ["external_id", "source_identity"])
def test_the_request_with_an_oidc_token_takes_neither_of_two_keys(machine: Machine, key: str) -> None:
    oidc(machine, f"oidc_token_file = token\n{key} = {KEYS[key]}")
    machine.refuses("ci", 3, f"profile ci: {key} is not taken by the request", "line 13", f"remove {key}")


@pytest.mark.parametrize("words", [("--session-name", "me"), ("--duration", "900"), ("--policy", "policy.json")])
@pytest.mark.parametrize("source", [PROCESS, OF_CLI])
def test_an_option_that_no_request_can_carry_is_a_usage_error(
    machine: Machine, source: str, words: tuple[str, str]
) -> None:
    sign_in_to_the_cli(machine)
    (machine.home / "policy.json").write_text(KEYS["policy"])
    machine.add(f"[other]\n{source}\n")
    machine.fails("other", *words, status=2, said=f"{words[0]} cannot")


def test_a_source_of_another_profile_passes_its_session_on(machine: Machine) -> None:
    add_profile(machine, "far", "spoke1", f"{PROCESS}\nduration_seconds = 900\nexternal_id = xid")
    assert machine.succeeds("explain", "far").returncode == 0


def test_a_chain_has_at_most_a_hundred_roles(machine: Machine) -> None:
    text = machine.standard_profiles().replace("profileB", "p1")
    for number in range(2, 300):
        text += f"\n[p{number}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = p{number - 1}\n"
    machine.write(text)
    machine.succeeds("explain", "p100")
    for name in ("p101", "p102", "p299"):
        machine.refuses(name, 3, f"profile {name}: its chain assumes more than 100 roles")
    done = machine.succeeds("list")
    assert done.stdout.count("invalid") == 199


def test_the_list_ends_by_role_env_timeout(machine: Machine) -> None:
    machine.add("".join(f"[p{number}]\nrole_arn = {machine.sts.role_arn}\n" for number in range(3000)))
    machine.fails("list", status=5, said="the list was not complete within 0.001 seconds", ROLE_ENV_TIMEOUT="0.001")
