"""The Alibaba SDKs' own file: what role-env reads of a section, and what the SDK for Python stumbles over."""

from pathlib import Path

import pytest

from role_env.profiles.sdk_file import python_fault
from role_env.sources.ecs_metadata import EcsRole
from role_env.sources.oidc import OidcToken
from support.doctor import examined
from support.machine import Machine
from support.profiles_folder import ALIBABAS, ARN, KEY, PROVIDER, SECRET, Folder, failure, key_of, said


def test_sections_of_alibabas_own_file_are_read_as_the_sdks_read_them(folder: Folder) -> None:
    path = folder.alibaba("credentials.ini", ALIBABAS)
    assert folder.located() == path
    file = folder.load(path)
    assert file.names() == ["default", "role", "list", "ecs", "oidc", "rsa"]
    default, role = file.profile("default"), file.profile("role")
    assert (default.role_arn, role.role_arn, role.role_session_name, role.policy) == ("", ARN, "session", "")
    for profile in (default, role):
        key = key_of(profile)
        assert (key.access_key_id, key.access_key_secret) == ("LTAI5tExample", SECRET)
    ecs, oidc = file.profile("ecs"), file.profile("oidc")
    assert isinstance(ecs.source, EcsRole)
    line = ALIBABAS[: ALIBABAS.index("[ecs]")].count("\n") + 1
    assert (ecs.source.profile, ecs.source.where, ecs.source.values) == ("ecs", f"{path}, line {line}", ("r",))
    assert isinstance(oidc.source, OidcToken)
    assert (oidc.role_arn, oidc.role_session_name) == (ARN, "pod")
    assert (oidc.source.provider_arn, oidc.source.token_file) == (PROVIDER, Path("/run/token"))
    assert "type = rsa_key_pair is not supported" in failure(lambda: file.profile("rsa"))


@pytest.mark.parametrize(
    ("keys", "reported"),
    [
        (f"type = ram_role_arn\n{KEY}", "role_arn is missing"),
        (f"type = ram_role_arn\n{KEY}role_arn = # none", "role_arn is missing"),
        (f"type = sts\n{KEY}security_token = t", "type = sts is not supported; no SDK reads it either"),
        ("type = bearer\nbearer_token = t", "type = bearer is not supported; no SDK reads it either"),
        (
            "type = rsa_key_pair\npublic_key_id = k",
            "type = rsa_key_pair is not supported; only the SDKs for Python and Java read it",
        ),
        ("type = Access_Key", "type must be one of access_key, ram_role_arn, ecs_ram_role, oidc_role_arn"),
    ],
)
def test_what_no_sdk_reads_is_an_error_of_that_section_alone(folder: Folder, keys: str, reported: str) -> None:
    path = folder.alibaba("credentials.ini", f"[b]\n{keys}\n[good]\ntype = access_key\n{KEY}")
    file = folder.load(path)
    assert f"profile b: {reported}" in failure(lambda: file.profile("b"))
    assert f"({path}, line " in failure(lambda: file.profile("b"))
    assert [profile.name for profile in file.valid_profiles()] == ["good"]


def test_a_key_that_no_sdk_reads_changes_nothing_as_for_them_and_one_of_our_own_counts(folder: Folder) -> None:
    unread = "security_token = t\nsts_endpoint = http://nowhere/\nexternal_id = x\nenable_vpc = true\n"
    own = "region_id = cn-beijing\nduration_seconds = 900\n"
    path = folder.alibaba("credentials.ini", f"[b]\ntype = ram_role_arn\n{KEY}role_arn = {ARN}\n{unread}{own}")
    profile = folder.load(path).profile("b")
    assert (profile.endpoint, profile.external_id, key_of(profile).security_token) == ("sts.aliyuncs.com", "", "")
    assert (profile.region_id, profile.duration_seconds) == ("cn-beijing", 900)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"[a]\ntype = access_key\n{KEY}[other]\npolicy = 100%\n", "a value of [other] contains a %"),
        (f"\ufeff[a]\ntype = access_key\n{KEY}", "it begins with a byte order mark"),
        (f"[a]\ntype = access_key\n{KEY}[other]\npolicy = 100%%\n", ""),
        (ALIBABAS, ""),
    ],
)
def test_what_the_sdk_for_python_stumbles_over_is_named_without_a_value(folder: Folder, text: str, why: str) -> None:
    error = python_fault(str(folder.alibaba("credentials.ini", text)))
    assert (why in said(error)) if error else not why


def test_doctor_says_that_python_reads_no_profile_of_such_a_file(machine: Machine) -> None:
    text = f"[a]\ntype = access_key\n{KEY.replace(SECRET, machine.sts.access_key_secret)}[other]\npolicy = 100%\n"
    path = machine.home / ".alibabacloud" / "credentials.ini"
    path.parent.mkdir()
    path.write_text(text)
    path.chmod(0o600)
    machine.file.unlink()
    (fault,) = (each for each in examined(machine).faults["profiles file"] if "SDK for Python" in each)
    assert "warn" in fault
    assert "~/.alibabacloud/credentials.ini: Alibaba's SDK for Python cannot read this file" in fault.replace(
        str(machine.home), "~"
    )
