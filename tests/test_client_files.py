"""The Alibaba SDKs' own file and the `aliyun` CLI's: the SDKs find in them what role-env finds, or it is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies
from role_env.profiles.file import ProfilesFile
from role_env.sessions import chain as chains
from role_env.sources.access_key import FileKey
from role_env.sources.ecs_metadata import EcsRole
from role_env.sources.oidc import OidcToken
from support.files import write_private
from support.machine import Machine
from support.readers import CLIENTS, PROGRAMS

pytestmark = pytest.mark.clients

LANGUAGES = pytest.mark.parametrize("language", ["Python", "Node"])

ROLE = "acs:ram::2222222222222222:role/ops"
PROVIDER = "acs:ram::2222222222222222:oidc-provider/ack"
POLICY = '{"Version": "1", "Statement": [{"Action": ["*"], "Effect": "Allow", "Resource": ["*"]}]}'
KEY = "access_key_id = LTAIkey\naccess_key_secret = secret"
SECTIONS = {
    "default": f"enable = true\ntype = access_key\n{KEY}",
    "disabled": f"enable = false\ntype = access_key\n{KEY}",
    "comments": "type = access_key # a type\naccess_key_id = LTAIkey#x\naccess_key_secret = secret # a secret",
    "notype": KEY,
    "noid": "type = access_key\naccess_key_secret = secret",
    "emptyid": "type = access_key\naccess_key_id =\naccess_key_secret = secret",
    "ecs": "type = ecs_ram_role\nrole_name = ops",
    "ecs-any": "type = ecs_ram_role\nrole_name =",
    "ram": f"type = ram_role_arn\n{KEY}\nrole_arn = {ROLE}\nrole_session_name = me\npolicy = {POLICY}",
    "ram-unread": f"type = ram_role_arn\n{KEY}\nrole_arn = {ROLE}\nrole_session_name = me\nsecurity_token = x\n"
    "external_id = xx\nsts_endpoint = sts.example.com\nenable_vpc = true\nrole_session_expiration = 900",
    "ram-noid": f"type = ram_role_arn\naccess_key_secret = secret\nrole_arn = {ROLE}\nrole_session_name = me",
    "ram-norole": f"type = ram_role_arn\n{KEY}\nrole_session_name = me",
    "oidc": f"type = oidc_role_arn\nrole_arn = {ROLE}\noidc_provider_arn = {PROVIDER}\n"
    "oidc_token_file_path = TOKEN\nrole_session_name = me",
    "rsa": "type = rsa_key_pair\npublic_key_id = key\nprivate_key_file = KEY",
    "sts": f"type = sts\n{KEY}\nsecurity_token = token",
    "bearer": "type = bearer\nbearer_token = token",
    "unknown": f"type = frobnicate\n{KEY}",
}
"""The sections of the tests of credentials-go and of the SDKs' READMEs, with values that STS would take."""
OURS_ALONE = {"notype": "a section without a type is one of role-env's own"}
NOT_OURS = {"rsa": "a key pair signs no AssumeRole: only the SDKs for Python and Java exchange it for a session"}
NOT_OF_NODE = {"oidc": "the SDK for Node does not read the type", "rsa": "nor this one"}
_ROLE = {"ram_role_arn": ROLE, "ram_session_name": "me"}
_CLI_KEY = {"access_key_id": "LTAIkey", "access_key_secret": "secret"}
CLI_PROFILES: dict[str, dict[str, Any]] = {
    "ak": {"mode": "AK", **_CLI_KEY},
    "token": {"mode": "StsToken", **_CLI_KEY, "sts_token": "token"},
    "role": {"mode": "RamRoleArn", **_CLI_KEY, **_ROLE, "expired_seconds": 900},
    "vpc": {"mode": "RamRoleArn", **_CLI_KEY, **_ROLE, "sts_region": "cn-hangzhou", "enable_vpc": True},
    "narrow": {"mode": "RamRoleArn", **_CLI_KEY, **_ROLE, "policy": POLICY, "external_id": "vendor"},
    "norole": {"mode": "RamRoleArn", **_CLI_KEY, "ram_session_name": "me"},
    "ecs": {"mode": "EcsRamRole", "ram_role_name": "ops"},
    "oidc": {"mode": "OIDC", **_ROLE, "oidc_provider_arn": PROVIDER, "oidc_token_file": "TOKEN"},
    "chain": {"mode": "ChainableRamRoleArn", **_ROLE, "source_profile": "narrow"},
    "loop": {"mode": "ChainableRamRoleArn", **_ROLE, "source_profile": "loop"},
    "nowhere": {"mode": "ChainableRamRoleArn", **_ROLE, "source_profile": "gone"},
    "unknown": {"mode": "Frobnicate", **_CLI_KEY},
}
"""The profiles of the fixture of credentials-go and of the SDKs' READMEs, with values that STS would take."""
OF_CLI_ALONE = {
    "Python": {"oidc": "it reads role_session_name there, which the CLI does not write"},
    "Node": {"narrow": "it does not read external_id", "chain": "its source is that one"},
}
_COMPARED = (
    "Action",
    "RoleArn",
    "RoleSessionName",
    "DurationSeconds",
    "Policy",
    "AccessKeyId",
    "OIDCProviderArn",
    "ExternalId",
)


def ours(path: Path, **environ: str) -> dict[str, Any]:
    """Return what role-env finds in each section of the SDKs' file, in the words of the programs in tests/clients."""
    environ |= {"ALIBABA_CLOUD_CREDENTIALS_FILE": str(path), "HOME": "/nowhere"}
    file = ProfilesFile(str(path), Dependencies(environ))
    return compared({name: first_request(file, name) for name in SECTIONS})


def first_request(file: ProfilesFile, name: str) -> dict[str, Any] | None:
    """Return the first request for the profile `name`, or the ID of its key; None if it cannot be used."""
    try:
        chain = chains.resolve(file, name)
    except ProfileError:
        return None
    source, role = chain.source, next((profile for profile in chain.profiles if profile.role_arn), None)
    key_id = source.access_key.access_key_id if isinstance(source, FileKey) else ""
    if isinstance(source, EcsRole):
        return {"host": "100.100.100.200", "query": {}}
    if not role:
        return {"key": key_id}
    query = {
        "Action": source.request_name,
        "RoleArn": str(role.role_arn),
        "RoleSessionName": role.role_session_name,
        "DurationSeconds": str(role.duration_seconds),
        "Policy": role.policy,
        "ExternalId": role.external_id,
        "AccessKeyId": key_id,
        "OIDCProviderArn": source.provider_arn if isinstance(source, OidcToken) else "",
    }
    return {"host": role.endpoint, "query": {key: value for key, value in query.items() if value}}


def compared(found: dict[str, Any]) -> dict[str, Any]:
    """Return what is found without what each request has anew."""
    return {
        name: one and ({**one, "query": {key: str(one["query"][key]) for key in _COMPARED if key in one["query"]}})
        if one and "query" in one
        else one
        for name, one in found.items()
    }


@pytest.fixture
def file(machine: Machine) -> Path:
    """The SDKs' file, which no program can write."""
    (machine.home / "token").write_text(machine.sts.oidc_token())
    text = "".join(f"[{name}]\n{keys}\n\n" for name, keys in SECTIONS.items())
    path = machine.home / ".alibabacloud" / "credentials.ini"
    write_private(path, text.replace("TOKEN", str(machine.home / "token")))
    return path


def theirs(machine: Machine, language: str, path: Path, *names: str, **environ: str) -> dict[str, Any]:
    """Return what the SDK for a language finds in the sections of these names."""
    programs = {
        "Python": (str(CLIENTS / "bin" / "python"), str(PROGRAMS / "sdk_profiles.py"), str(path)),
        "Node": ("node", str(PROGRAMS / "sdk_profiles.js"), str(path)),
    }
    if not (CLIENTS / ("bin/python" if language == "Python" else "role-env-node")).exists():
        pytest.skip(f"there is no client for {language} in {CLIENTS.name} (tests/run makes it)")
    there = {"ALIBABA_CLOUD_CREDENTIALS_FILE": str(path), "NODE_PATH": str(CLIENTS / "node_modules")}
    done = machine.run(*programs[language], *names, **there, **environ)
    assert done.returncode == 0, done.stderr
    return compared(json.loads(done.stdout))


@LANGUAGES
def test_the_sdk_finds_in_each_section_what_role_env_finds_or_the_difference_is_named(
    machine: Machine, file: Path, language: str
) -> None:
    found, own = theirs(machine, language, file, *SECTIONS), ours(file)
    differ = {name for name in SECTIONS if found[name] != own[name]}
    named = {*OURS_ALONE, *(NOT_OF_NODE if language == "Node" else NOT_OURS)}
    assert differ <= named, {name: (found[name], own[name]) for name in differ - named}
    assert all(own[name] and not found[name] for name in OURS_ALONE)


@LANGUAGES
@pytest.mark.parametrize("region", ["", "cn-beijing"])
@pytest.mark.parametrize("vpc", ["", "True", "1"])
def test_the_sdk_chooses_the_sts_that_role_env_chooses(
    machine: Machine, file: Path, language: str, region: str, vpc: str
) -> None:
    variables = {"ALIBABA_CLOUD_STS_REGION": region, "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED": vpc}
    found = theirs(machine, language, file, "ram", **variables)
    assert found["ram"]["host"] == ours(file, **variables)["ram"]["host"]


@LANGUAGES
def test_the_sdk_finds_in_each_profile_of_the_cli_what_role_env_finds_or_the_difference_is_named(
    machine: Machine, language: str
) -> None:
    token = machine.home / "token"
    token.write_text(machine.sts.oidc_token())
    entries = [{"name": name, **entry} for name, entry in CLI_PROFILES.items()]
    text = json.dumps({"current": "ak", "profiles": entries}).replace("TOKEN", str(token))
    path = machine.write_cli_file(json.loads(text))
    machine.write(
        "".join(f"[{name}]\ncredential_source = aliyun_cli\naliyun_profile = {name}\n" for name in CLI_PROFILES)
    )
    file = ProfilesFile(str(machine.file), Dependencies({"HOME": str(machine.home)}))
    own = compared({name: first_request(file, name) for name in CLI_PROFILES})
    found = theirs(machine, language, path, *CLI_PROFILES)
    differ = {name for name in CLI_PROFILES if found[name] != own[name]}
    named = OF_CLI_ALONE[language].keys()
    assert differ == named, {name: (found[name], own[name]) for name in differ ^ named}
