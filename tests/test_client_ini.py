"""The Alibaba SDKs' own file: the SDKs for Python and Node find in each section what role-env finds, or it is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies
from role_env.profiles.file import ProfilesFile
from role_env.sources.access_key import FileKey
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
_COMPARED = ("Action", "RoleArn", "RoleSessionName", "Policy", "AccessKeyId", "OIDCProviderArn", "ExternalId")


def ours(path: Path, **environ: str) -> dict[str, Any]:
    """Return what role-env finds in each section, in the words of the programs in tests/clients."""
    environ |= {"ALIBABA_CLOUD_CREDENTIALS_FILE": str(path), "HOME": "/nowhere"}
    file = ProfilesFile(str(path), Dependencies(environ))
    found: dict[str, Any] = {}
    for name in SECTIONS:
        try:
            profile = file.profile(name)
        except ProfileError:
            found[name] = None
            continue
        query = {"RoleSessionName": profile.role_session_name, "RoleArn": str(profile.role_arn)}
        query |= {"Policy": profile.policy, "Action": profile.source.request_name if profile.source else ""}
        source = profile.source
        if isinstance(source, FileKey):
            query["AccessKeyId"] = source.access_key.access_key_id
        elif isinstance(source, OidcToken):
            query["OIDCProviderArn"] = source.provider_arn
        if profile.role_arn:
            found[name] = {"host": profile.endpoint, "query": {key: value for key, value in query.items() if value}}
        elif isinstance(source, FileKey):
            found[name] = {"key": source.access_key.access_key_id}
        else:
            found[name] = {"host": "100.100.100.200", "query": {}}
    return compared(found)


def compared(found: dict[str, Any]) -> dict[str, Any]:
    """Return what is found without what each request has anew."""
    return {
        name: one and ({**one, "query": {key: one["query"][key] for key in _COMPARED if key in one["query"]}})
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
        "Python": (str(CLIENTS / "bin" / "python"), str(PROGRAMS / "ini_profile.py"), str(path)),
        "Node": ("node", str(PROGRAMS / "ini_profile.js")),
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
