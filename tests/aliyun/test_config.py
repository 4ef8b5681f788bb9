"""The `aliyun` CLI's own file, read: each mode in its documented shape, and what is reported of an invalid file."""

import json
import time
from typing import Any

import pytest

from role_env.aliyun.config import CliProfile, ConfigFile
from role_env.errors import ProfileError
from support.contexts import values

PATH = "/home/me/.aliyun/config.json"
KEY = {"access_key_id": "LTAI.cli", "access_key_secret": "the-secret-of-the-cli"}
SESSION = {**KEY, "access_key_id": "STS.cli", "sts_token": "the-token-of-the-cli"}
ROLE = {"ram_role_arn": "acs:ram::2222222222222222:role/deploy", "ram_session_name": "me"}
ASSUMED: dict[str, object] = {"role_arn": ROLE["ram_role_arn"], "session_name": ROLE["ram_session_name"]}
OIDC = {"oidc_provider_arn": "acs:ram::2222222222222222:oidc-provider/ci", "oidc_token_file": "/run/token"}
# What the CLI itself writes beside: every profile has these, and they are no concern of a credential.
BESIDE = {"output_format": "json", "language": "en", "site": "", "retry_timeout": 0, "verified": ""}


def written(*profiles: dict[str, Any], **top: Any) -> ConfigFile:
    """The file as the CLI writes it, with tabs."""
    document = {"current": "default", "profiles": list(profiles), "meta_path": "", **top}
    return ConfigFile(PATH, json.dumps(document, indent="\t").encode())


def profile(mode: str, **given: Any) -> CliProfile:
    return written({"name": "x", "mode": mode, "region_id": "cn-beijing", **BESIDE, **given}).profile("x")


def fault(content: bytes | dict[str, Any], name: str = "x") -> str:
    """What is reported of the file, or of a file with that one profile; never a secret."""
    with pytest.raises(ProfileError) as caught:
        (written({"name": "x", **content}) if isinstance(content, dict) else ConfigFile(PATH, content)).profile(name)
    reported = f"{caught.value.message} {caught.value.hint}"
    assert PATH in reported
    assert "the-secret" not in reported
    assert "the-token" not in reported
    return reported


# ---- the modes ----


MODES: list[tuple[str, dict[str, Any], tuple[str, ...], dict[str, object]]] = [
    ("AK", {**KEY, "sts_token": "left over"}, (*KEY.values(), ""), {}),
    ("StsToken", SESSION, tuple(SESSION.values()), {}),
    (
        "RamRoleArn",
        {**KEY, **ROLE, "expired_seconds": 1800, "external_id": "ours", "sts_region": "cn-shanghai"},
        (*KEY.values(), ""),
        {**ASSUMED, "duration_seconds": 1800, "external_id": "ours", "sts_region": "cn-shanghai"},
    ),
    ("RamRoleArn", {**SESSION, **ROLE}, tuple(SESSION.values()), ASSUMED),
    (
        "ChainableRamRoleArn",
        {**ROLE, "source_profile": "hub", "external_id": "ours"},
        (),
        {**ASSUMED, "source_profile": "hub", "external_id": "ours"},
    ),
    ("EcsRamRole", {"ram_role_name": "node"}, (), {"ecs_role_name": "node"}),
    ("EcsRamRole", {}, (), {"ecs_role_name": ""}),
    ("RamRoleArnWithRoleName", {"ram_role_name": "node", **ROLE}, (), {**ASSUMED, "ecs_role_name": "node"}),
    ("OIDC", {**OIDC, **ROLE}, (), {**OIDC, **ASSUMED}),
    ("External", {"process_command": "get 'a key'"}, (), {"process_command": "get 'a key'"}),
    ("CredentialsURI", {"credentials_uri": "http://localhost:1/x"}, (), {"credentials_uri": "http://localhost:1/x"}),
]
"""A mode, what the profile has beside, its key, and what else is read."""


@pytest.mark.parametrize(("mode", "given", "key", "read"), MODES)
def test_each_mode_is_read_with_its_key_and_its_source(
    mode: str, given: dict[str, Any], key: tuple[str, ...], read: dict[str, object]
) -> None:
    found = profile(mode, **given)
    assert values(found.key) == key
    assert {name: getattr(found, name) for name in read} == read
    assert found.region_id == "cn-beijing"


@pytest.mark.parametrize("mode", ["CloudSSO", "OAuth"])
def test_the_session_of_a_sign_in_is_taken_while_it_lasts(mode: str) -> None:
    now = time.time()
    found = profile(mode, **SESSION, sts_expiration=int(now) + 600)
    session = found.live_key(now)
    assert values(session) == tuple(SESSION.values())
    assert (session.issued, session.expiration) == (now, int(now) + 600)
    with pytest.raises(ProfileError) as caught:
        found.live_key(now + 600)
    assert "has expired" in caught.value.message
    assert f"aliyun configure --profile x --mode {mode}" in caught.value.hint


@pytest.mark.parametrize("mode", ["CloudSSO", "OAuth"])
@pytest.mark.parametrize("given", [{}, KEY, {**SESSION, "sts_token": ""}, {"sts_expiration": 2**40}])
def test_a_sign_in_that_never_happened_is_reported_with_its_command(mode: str, given: dict[str, Any]) -> None:
    with pytest.raises(ProfileError) as caught:
        profile(mode, **given).live_key(time.time())
    assert "is missing" in caught.value.message
    assert f"--mode {mode}" in caught.value.hint


@pytest.mark.parametrize(
    ("written", "given", "mode"),
    [
        ("", KEY, "AK"),
        ("", SESSION, "StsToken"),
        ("", {**KEY, **ROLE}, "RamRoleArn"),
        ("", {"ram_role_name": "node"}, "EcsRamRole"),
        ("", {"process_command": "x"}, "External"),
        ("", {**OIDC, **ROLE}, "OIDC"),
        ("", {"cloud_sso_sign_in_url": "https://x"}, "CloudSSO"),
        ("ststoken", SESSION, "StsToken"),
    ],
)
def test_a_profile_without_a_mode_or_with_one_in_another_case_is_read_as_the_cli_reads_it(
    written: str, given: dict[str, Any], mode: str
) -> None:
    assert profile(written, **given).mode == mode


# ---- the file ----


def test_the_current_profile_is_taken_when_none_is_named() -> None:
    two = ({"name": "default", "mode": "AK", **KEY}, {"name": "b", "mode": "StsToken", **SESSION})
    assert written(*two).profile().name == "default"
    assert written(*two, current="b").profile().mode == "StsToken"
    assert written(*two, current="").profile().name == "default"
    assert list(written(*two).entries) == ["default", "b"]


def test_the_first_of_two_profiles_of_one_name_counts_and_what_is_wrong_in_another_does_not() -> None:
    file = written({"name": "bad", "mode": 7}, {"name": "x", "mode": "AK", **KEY}, {"name": "x", "mode": "EcsRamRole"})
    assert file.profile("x").mode == "AK"


def test_a_byte_order_mark_and_unknown_keys_do_no_harm() -> None:
    text = json.dumps({"later": [1], "profiles": [{"name": "x", "mode": "AK", "later": {}, **KEY}]})
    assert ConfigFile(PATH, b"\xef\xbb\xbf" + text.encode()).profile("x").mode == "AK"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"current": "x", "profiles": [{"name": "x", "access_key_secret": "the-secret',
        b"[]",
        b"null",
        b'"the-secret"',
        b"\xff\xfe{\0}\0",
        b"[" * 100_000,
        b'{"profiles": {"x": {}}}',
        b'{"profiles": ["the-secret"]}',
        b'{"profiles": [{"name": 7}]}',
        b'{"current": ["the-secret"]}',
        b'{"profiles": [{"name": "x", "expired_seconds": 1' + b"0" * 5000 + b"}]}",
    ],
)
def test_what_the_cli_could_not_have_written_is_reported_with_the_files_name(content: bytes) -> None:
    fault(content)


def test_a_fault_of_the_syntax_is_reported_with_its_line() -> None:
    assert "line 3" in fault(b'{\n"current": "x",\n"profiles" []}')


def test_a_profile_that_is_not_there_is_reported_with_those_that_are() -> None:
    reported = fault({"mode": "AK", **KEY}, name="another")
    assert "profile another does not exist" in reported
    assert "use one of: x" in reported


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"mode": "AK"}, "access_key_id"),
        ({"mode": "AK", "access_key_id": "x"}, "access_key_secret"),
        ({"mode": "AK", **KEY, "access_key_secret": "the-secret\n"}, "access_key_secret"),
        ({"mode": "AK", **KEY, "access_key_secret": ["the-secret"]}, "access_key_secret"),
        ({"mode": "AK", **KEY, "region_id": "cn hangzhou\n"}, "region_id"),
        ({"mode": "StsToken", **KEY}, "sts_token"),
        ({"mode": "RamRoleArn", **KEY}, "ram_role_arn"),
        ({"mode": "RamRoleArn", **KEY, "ram_role_arn": "the-secret"}, "ram_role_arn"),
        ({"mode": "RamRoleArn", **KEY, **ROLE, "ram_session_name": "a b"}, "ram_session_name"),
        ({"mode": "RamRoleArn", **KEY, **ROLE, "expired_seconds": "an hour"}, "expired_seconds"),
        ({"mode": "RamRoleArn", **KEY, **ROLE, "expired_seconds": -1}, "expired_seconds"),
        ({"mode": "RamRoleArn", **KEY, **ROLE, "expired_seconds": 1.5}, "expired_seconds"),
        ({"mode": "RamRoleArn", **ROLE}, "access_key_id"),
        ({"mode": "RamRoleArnWithRoleName"}, "ram_role_arn"),
        ({"mode": "ChainableRamRoleArn", **ROLE}, "source_profile"),
        ({"mode": "ChainableRamRoleArn", "source_profile": "x"}, "ram_role_arn"),
        ({"mode": "OIDC", **OIDC}, "ram_role_arn"),
        ({"mode": "OIDC", **ROLE, "oidc_token_file": "x"}, "oidc_provider_arn"),
        ({"mode": "External"}, "process_command"),
        ({"mode": "External", "process_command": 7}, "process_command"),
        ({"mode": "External", "process_command": "  "}, "process_command"),
        ({"mode": "External", "process_command": "a\0b"}, "process_command"),
        ({"mode": "External", "process_command": "'open --password the-secret"}, "process_command"),
        ({"mode": "EcsRamRole", "ram_role_name": "a/b"}, "ram_role_name"),
        ({"mode": "CredentialsURI"}, "credentials_uri"),
        ({"mode": "CloudSSO", **SESSION, "sts_expiration": "soon"}, "sts_expiration"),
        ({"mode": "RsaKeyPair"}, "mode"),
        ({"mode": "BearerToken", "bearer_token": "the-secret"}, "mode"),
        ({"mode": "Anonymous"}, "mode"),
        ({"mode": ["AK"]}, "mode"),
        ({}, "mode"),
    ],
)
def test_what_is_wrong_in_a_profile_is_reported_with_profile_and_key(given: dict[str, Any], key: str) -> None:
    reported = fault(given)
    assert "profile x" in reported
    assert f" {key} " in reported


def test_a_profile_shows_no_secret_when_it_is_printed() -> None:
    assert "the-secret" not in repr(profile("RamRoleArn", **SESSION, **ROLE))
    assert "the-token" not in repr(profile("OAuth", **SESSION, sts_expiration=1))
