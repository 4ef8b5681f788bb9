"""Each key of a profile and its rule, and the endpoint of an organization."""

import os

import pytest

from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies
from role_env.profiles.endpoint import default_session_name, directory_endpoint
from role_env.profiles.profile import PROFILE_KEYS, check_of
from role_env.sources.registry import CHOOSERS
from role_env.variables import DEFAULT_FAMILIES
from support.profiles_folder import ARN, ENDPOINT, A, Folder, failure

GOOD = [
    *[("role_session_name", text, text) for text in ("ci.user@host_-1", "ab", "a" * 64)],
    *[("duration_seconds", text, int(text)) for text in ("900", "3600")],
    ("duration_seconds", "43200\nmax_session_duration = 43200", 43200),
    ("max_session_duration", "3600", 3600),
    *[("external_id", text, text) for text in ("vendor/2024:a+=,.@-_", "x" * 1224)],
    ("policy", '{"Version": "1", "Statement": []}', '{"Version": "1", "Statement": []}'),
    ("source_identity", "alice+=,.@-_", "alice+=,.@-_"),
    ("expected_account_id", "2222222222222222", "2222222222222222"),
    ("region_id", "cn-hangzhou", "cn-hangzhou"),
    *[("color", text, text) for text in ("red", "orange")],
]


@pytest.mark.parametrize(("key", "text", "value"), GOOD)
def test_a_value_that_sts_accepts_is_used_unchanged(folder: Folder, key: str, text: str, value: object) -> None:
    assert getattr(folder.with_keys(f"{key} = {text}"), key) == value


def test_the_variables_of_a_profile_are_words_between_any_spaces(folder: Folder) -> None:
    assert folder.with_keys("variables = oss  plain").families == ("oss", "plain")


BAD = [
    *[("role_session_name", text) for text in ("a", "a" * 65, "a b", "a/b", "ä1", "a\n  b")],
    *[
        ("duration_seconds", text)
        for text in ("899", "3601", "0", "-900", "2h", "1d", "9e2", "٩٠٠", "43200", "9" * 5000)
    ],
    ("duration_seconds", "43201\nmax_session_duration = 43200"),
    *[("max_session_duration", text) for text in ("43201", "3599", "x")],
    *[("external_id", text) for text in ("x", "x" * 1225, "a b", "a;b", "ä1")],
    *[("policy", text) for text in ("x", "[]", "[" * 2000, '{"a": 1', '"text"', '{"a": "%s"}' % ("x" * 2048))],
    *[("source_identity", text) for text in ("a", "a" * 65, "acs:a", "aliyun:a", "alibabacloud:a", "a/b")],
    *[("expected_account_id", text) for text in ("22222x", "acs:ram::2:root", "-1", "٢٢")],
    *[("region_id", text) for text in ("CN", "cn hangzhou", "../x", "c")],
    *[("sts_endpoint", text) for text in ("http://sts.aliyuncs.com", "HTTP://h", "h/path", "h:0", "h:65536", "h:x")],
    *[("sts_endpoint", text) for text in ("u@h", "a..b", "h?x", "[::1", "[g::]", "ftp://h", "x" * 64 + ".com", ":443")],
    *[("sts_region", text) for text in ("cn-hangzhou.evil.com", "cn/x")],
    *[("variables", text) for text in ("aws", "oss,plain")],
    *[(key, text) for key in ("color", "colour") for text in ("RED", "red;", "pink")],
    *[(key, "") for key in sorted(PROFILE_KEYS - {"role_arn", "source_profile"})],
    *[(key, "\x1b[31m") for key in sorted(PROFILE_KEYS - CHOOSERS.keys() - {"role_arn"})],
]


@pytest.mark.parametrize(("key", "text"), BAD)
def test_any_other_value_is_refused_by_profile_key_and_line(folder: Folder, key: str, text: str) -> None:
    reported = failure(lambda: folder.with_keys(f"{key} = {text}"))
    assert "profile b: " in reported
    assert key in reported
    assert f"{folder.file}, line 7" in reported


def test_a_role_is_named_by_its_whole_arn(folder: Folder) -> None:
    text = f"{A}[b]\nsource_profile = a\nrole_arn = {{}}\n"
    for arn in (ARN, "acs:ram::1:role/a.b-c_D"):
        assert folder.read(text.format(arn)).profile("b").role_arn == arn
    longer, others = "acs:ram::1:role/" + "a" * 65, ("acs:ram::1:user/a", "acs:ram:::role/a", "arn:aws:iam::1:role/a")
    for arn in (longer, *others, f"{ARN} x", ""):
        assert f"{folder.file}, line 6" in folder.fault(text.format(arn)), arn


@pytest.mark.parametrize("key", ["access_key_id", "access_key_secret", "security_token"])
@pytest.mark.parametrize("value", ["two words", "line\n  two", "ключ", "\x7f"])
def test_a_key_is_printable_ascii_and_an_error_does_not_tell_it(folder: Folder, key: str, value: str) -> None:
    others = {"access_key_id": "LTAI", "access_key_secret": "s", "security_token": "t"} | {key: value}
    reported = folder.fault("[a]\n" + "".join(f"{name} = {text}\n" for name, text in others.items()), "a")
    assert f"profile a: {key} is not printable ASCII" in reported
    assert value not in reported


@pytest.mark.parametrize(
    "endpoint", ["sts-vpc.cn-hangzhou.aliyuncs.com", "localhost:8443", "127.0.0.1:1", "[::1]:65535"]
)
def test_an_endpoint_is_a_host_with_or_without_a_port(folder: Folder, endpoint: str) -> None:
    assert folder.with_keys(f"sts_endpoint = {endpoint}").endpoint == endpoint
    assert folder.with_keys(f"sts_endpoint = https://{endpoint}/").endpoint == endpoint


def test_the_endpoint_is_the_profiles_then_the_variables_then_the_regions_then_the_general_one(folder: Folder) -> None:
    assert folder.with_keys("region_id = cn-beijing").endpoint == "sts.aliyuncs.com"
    assert folder.with_keys("sts_region = cn-beijing").endpoint == "sts.cn-beijing.aliyuncs.com"
    folder.set_variable(ENDPOINT, "sts-vpc.eu-west-1.aliyuncs.com")
    assert folder.with_keys("sts_region = cn-beijing").endpoint == "sts-vpc.eu-west-1.aliyuncs.com"
    assert folder.with_keys("sts_endpoint = profile.example").endpoint == "profile.example"
    folder.set_variable(ENDPOINT, "sts.example.com:8443")
    assert folder.with_keys("").endpoint == "sts.example.com:8443"
    folder.set_variable(ENDPOINT, "http://variable.example")
    assert "the variable ALIBABA_CLOUD_STS_ENDPOINT begins with http://" in failure(lambda: folder.with_keys(""))


def test_the_sdks_variables_give_the_region_of_sts_and_say_that_it_is_asked_within_a_vpc(folder: Folder) -> None:
    region, vpc = "ALIBABA_CLOUD_STS_REGION", "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"
    folder.set_variable(vpc, "True")
    assert folder.with_keys("").endpoint == "sts.aliyuncs.com", "without a region it says nothing"
    assert folder.with_keys("sts_region = cn-beijing").endpoint == "sts-vpc.cn-beijing.aliyuncs.com"
    folder.set_variable(region, "eu-west-1")
    assert folder.with_keys("").endpoint == "sts-vpc.eu-west-1.aliyuncs.com"
    folder.set_variable(vpc, "yes")
    assert folder.with_keys("").endpoint == "sts.eu-west-1.aliyuncs.com"
    assert folder.with_keys("sts_region = cn-beijing").endpoint == "sts.cn-beijing.aliyuncs.com"
    folder.set_variable(region, "evil.example/")
    assert folder.with_keys("sts_endpoint = profile.example").endpoint == "profile.example"
    assert f"the variable {region} is not the ID of a region" in failure(lambda: folder.with_keys(""))


def test_what_a_profile_does_not_say_has_its_default(folder: Folder) -> None:
    profile = folder.with_keys("")
    assert (profile.duration_seconds, profile.families) == (3600, DEFAULT_FAMILIES)
    assert profile.role_session_name == default_session_name(Dependencies(os.environ))
    assert (profile.policy, profile.external_id, profile.region_id, profile.expected_account_id) == ("", "", "", "")


@pytest.mark.parametrize("name", ["LOGNAME", "USER", "LNAME", "USERNAME"])
def test_a_default_session_name_is_one_that_sts_takes(name: str) -> None:
    for user in ("Jürgen Müller", "x" * 100, "a"):
        dependencies = Dependencies({name: user})
        assert check_of("role_session_name")(default_session_name(dependencies))
        assert default_session_name(dependencies).startswith(user[:1])
    assert check_of("role_session_name")(default_session_name(Dependencies({})))


def test_keys_may_be_written_in_any_case(folder: Folder) -> None:
    text = f"[a]\nACCESS_KEY_ID = LTAI\nAccess_Key_Secret = s\n[b]\nRole_ARN = {ARN}\nSOURCE_profile = a\n"
    assert [profile.name for profile in folder.read(text).chain("b")] == ["a", "b"]


def test_a_policy_file_is_found_beside_the_profiles_file(folder: Folder) -> None:
    (folder.file.parent / "read only.json").write_text('\ufeff{"Version": "1"}\n', "utf-8")
    assert folder.with_keys("policy_file = read only.json").policy == '{"Version": "1"}'
    (folder.home / "p.json").write_text("{}")
    assert folder.with_keys("policy_file = ~/p.json").policy == "{}"
    assert folder.with_keys(f"policy_file = {folder.home}/p.json").policy == "{}"


@pytest.mark.parametrize("content", [b"", b"no json", b"[]", b'{"a": "' + b"x" * 2048 + b'"}', b'{"a": "\xff"}', None])
def test_a_policy_file_that_is_no_policy_is_refused_by_key_and_line(folder: Folder, content: bytes | None) -> None:
    if content is not None:
        (folder.file.parent / "p.json").write_bytes(content)
    reported = failure(lambda: folder.with_keys("policy_file = p.json"))
    assert "profile b: policy_file" in reported
    assert f"{folder.file}, line 7" in reported


@pytest.mark.parametrize("path", ["~no-such-user/p.json", ".", "x" * 5000])
def test_a_policy_file_that_cannot_be_and_one_beside_a_policy_are_refused(folder: Folder, path: str) -> None:
    assert "policy_file names a file that cannot be read" in failure(lambda: folder.with_keys(f"policy_file = {path}"))
    assert "policy and policy_file" in failure(lambda: folder.with_keys(f"policy = {{}}\npolicy_file = {path}"))


@pytest.mark.parametrize(("key", "nearest"), [("polcy", "policy"), ("role-arn", "role_arn"), ("colr", "color")])
def test_an_unknown_key_is_refused_and_the_nearest_one_named(folder: Folder, key: str, nearest: str) -> None:
    reported = failure(lambda: folder.with_keys(f"{key} = x"))
    assert f"did you mean {nearest}?" in reported
    assert f"{folder.file}, line 7" in reported


@pytest.mark.parametrize(
    ("line", "reported"),
    [
        (f'role_arn = "{ARN}"', "role_arn is in quotes"),
        (f"role_arn = {ARN} # prod", "role_arn has a comment after its value"),
        ('region_id = "cn-hangzhou"', "region_id is in quotes"),
        ("region_id = cn-hangzhou ; near", "region_id has a comment after its value"),
    ],
)
def test_quotes_and_comments_in_a_value_are_named(folder: Folder, line: str, reported: str) -> None:
    message = folder.fault(f"{A}[b]\n{line}\n")
    assert reported in message
    assert f"{folder.file}, line 5" in message


def test_a_color_may_be_spelled_in_two_ways_and_set_once(folder: Folder) -> None:
    assert folder.with_keys("colour = grey").color == "grey"
    assert "colour and color are the same key" in failure(lambda: folder.with_keys("color = red\ncolour = red"))
    assert "black, red, green, yellow" in failure(lambda: folder.with_keys("color = pink"))


# ---- where an organization is asked for its accounts ----


VARIABLE = "ALIBABA_CLOUD_RESOURCE_DIRECTORY_ENDPOINT"
CHINA, INTERNATIONAL = "resourcedirectory.aliyuncs.com", "resourcedirectory-intl.aliyuncs.com"


def test_each_site_has_its_endpoint_and_the_variable_may_name_any_host() -> None:
    assert directory_endpoint({}, "china") == CHINA
    assert directory_endpoint({VARIABLE: ""}, "international") == INTERNATIONAL
    for host in (CHINA, INTERNATIONAL, f"{CHINA}:443", "127.1.2.3", "[::1]:8443", "any.example"):
        assert directory_endpoint({VARIABLE: host}, "china") == host


@pytest.mark.parametrize(
    "host",
    [f"{CHINA}:443@evil.example", "http://localhost", f"{CHINA}\n", "évil.example"],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ProfileError, match=f"the variable {VARIABLE} "):
        directory_endpoint({VARIABLE: host}, "china")
