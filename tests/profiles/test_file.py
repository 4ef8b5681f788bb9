"""Profiles files: each key and its rule, the grammar, where the file is found, whose it may be, chains, and errors.

Most go through the library; what a person sees and the exit status go through the installed command.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.fingerprint import LARGEST_FILE, Fingerprint
from role_env.names import fault
from role_env.profiles.endpoint import default_session_name
from role_env.profiles.file import ProfilesFile
from role_env.profiles.locate import locate
from role_env.profiles.profile import KEYS, Profile
from role_env.sources.access_key import FileKey
from role_env.sources.aliyun_cli import AliyunCliProfile
from role_env.sources.base import Source
from role_env.sources.credential_process import Process
from role_env.sources.ecs_metadata import EcsRole
from role_env.sources.environment import EnvironmentKey
from role_env.sources.keyring import KeyringKey
from role_env.sources.oidc import OidcToken
from role_env.variables import DEFAULT_FAMILIES
from support.files import write_private
from support.machine import Machine

ARN = "acs:ram::2222222222222222:role/switchRoleSbc"
ENDPOINT = "ALIBABA_CLOUD_STS_ENDPOINT"
SECRET = "LongLivedSecret0123456789abcd="
KEY = f"access_key_id = LTAI5tExample\naccess_key_secret = {SECRET}\n"
A = f"[a]\n{KEY}"
needs_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root, to be another user")


def role(name: str, source: str) -> str:
    """Return the section of a role that is assumed from a source profile."""
    return f"[{name}]\nrole_arn = {ARN}\nsource_profile = {source}\n"


B = role("b", "a")


def key_of(profile: Profile) -> AccessKey:
    """Return the key in the profile."""
    assert isinstance(profile.source, FileKey)
    return profile.source.access_key


class Folder:
    """A home folder with role-env's own profiles file, read by this process, and nothing that names another place."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.file = home / ".config" / "role-env" / "profiles.ini"
        self.file.parent.mkdir(parents=True)
        self.set_variable = monkeypatch.setenv
        for name in ("XDG_CONFIG_HOME", "ROLE_ENV_CONFIG", "ALIBABA_CLOUD_CREDENTIALS_FILE", ENDPOINT):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(home))

    def alibaba(self, name: str, text: str) -> Path:
        """Writes a file of the Alibaba SDKs."""
        path = self.home / ".alibabacloud" / name
        write_private(path, text)
        return path

    def read(self, text: str | bytes, *, path: Path | None = None) -> ProfilesFile:
        """The profiles file with `text` in it."""
        path = path or self.file
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o600)
        return self.load(path)

    def load(self, path: Path | None = None) -> ProfilesFile:
        """The profiles file as it is."""
        return ProfilesFile(path or self.file, Fingerprint(os.environ))

    def with_keys(self, keys: str) -> Profile:
        """The checked profile [b] of role switchRoleSbc with these keys besides."""
        return self.read(f"{A}{B}{keys}\n").profile("b")

    def fault(self, text: str, name: str = "b") -> str:
        """What is reported of a profile's chain in the file with `text`, which can be read."""
        file = self.read(text)
        return failure(lambda: file.chain(name))

    def located(self, config: str = "") -> Path:
        """The file that is chosen."""
        return locate(config, Fingerprint(os.environ))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """An empty home folder."""
    return Folder(tmp_path / "home", monkeypatch)


def failure(call: Callable[[], object]) -> str:
    """Return what the ProfileError says, which is checked."""
    with pytest.raises(ProfileError) as caught:
        call()
    return said(caught.value)


def said(error: ProfileError) -> str:
    """Return what an error says, hint included; check that it is exit 3, one printable line, and has no secret."""
    assert error.exit_status == 3
    reported = f"{error.message} | {error.hint}"
    assert SECRET.strip("=").lower() not in reported.lower()
    assert reported.isprintable()
    return reported


def check_said(error: ProfileError, file: Path) -> None:
    assert str(file) in said(error)


# ---- the keys ----

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
    ("variables", "oss  plain", ("oss", "plain")),
    *[("color", text, text) for text in ("red", "orange")],
]


@pytest.mark.parametrize(("key", "text", "value"), GOOD)
def test_a_value_that_sts_accepts_is_used_unchanged(folder: Folder, key: str, text: str, value: object) -> None:
    assert getattr(folder.with_keys(f"{key} = {text}"), key) == value


BAD = [
    *[("role_session_name", text) for text in ("a", "a" * 65, "a b", "a/b", "ä1", "a\n  b")],
    *[("duration_seconds", text) for text in ("899", "3601", "0", "-900", "1h", "9e2", "٩٠٠", "43200", "9" * 5000)],
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
    *[(key, text) for key in ("color", "colour") for text in ("\x1b[31m", "RED", "red;", "pink")],
    *[(key, "") for key in sorted(KEYS.keys() - {"role_arn", "source_profile"})],
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
    folder.set_variable(ENDPOINT, "http://variable.example")
    assert "the variable ALIBABA_CLOUD_STS_ENDPOINT begins with http://" in failure(lambda: folder.with_keys(""))


@pytest.mark.parametrize(
    "host",
    ["sts.example.com", "sts.a.b.aliyuncs.com", "bucket.aliyuncs.com", "sts.aliyuncs.com.example", "127.0.0.1.example"],
)
def test_a_variable_names_no_host_but_a_documented_one_or_this_machine(folder: Folder, host: str) -> None:
    folder.set_variable(ENDPOINT, host)
    assert f"names {host}, and a variable may name only sts.aliyuncs.com, " in failure(lambda: folder.with_keys(""))
    assert folder.with_keys("sts_endpoint = sts.example.com").endpoint == "sts.example.com"
    for allowed in ("sts.aliyuncs.com", "STS.cn-hangzhou.aliyuncs.com:443", "localhost:1", "127.1.2.3", "[::1]:8443"):
        folder.set_variable(ENDPOINT, allowed)
        assert folder.with_keys("").endpoint == allowed


def test_what_a_profile_does_not_say_has_its_default(folder: Folder) -> None:
    profile = folder.with_keys("")
    assert (profile.duration_seconds, profile.variables) == (3600, DEFAULT_FAMILIES)
    assert profile.role_session_name == default_session_name(Fingerprint(os.environ))
    assert (profile.policy, profile.external_id, profile.region_id, profile.expected_account_id) == ("", "", "", "")


@pytest.mark.parametrize("name", ["LOGNAME", "USER", "LNAME", "USERNAME"])
def test_a_default_session_name_is_one_that_sts_takes(name: str) -> None:
    for user in ("Jürgen Müller", "x" * 100, "a"):
        fingerprint = Fingerprint({name: user})
        assert KEYS["role_session_name"](default_session_name(fingerprint))
        assert default_session_name(fingerprint).startswith(user[:1])
    assert KEYS["role_session_name"](default_session_name(Fingerprint({})))


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
def test_a_policy_file_that_cannot_be_is_refused_too(folder: Folder, path: str) -> None:
    assert "policy_file names a file that cannot be read" in failure(lambda: folder.with_keys(f"policy_file = {path}"))


def test_a_policy_and_a_policy_file_are_one_too_many(folder: Folder) -> None:
    assert "policy and policy_file" in failure(lambda: folder.with_keys("policy = {}\npolicy_file = p.json"))


PROVIDER = "acs:ram::1:oidc-provider/x"
OIDC = f"oidc_provider_arn = {PROVIDER}\n"


@pytest.mark.parametrize(
    ("keys", "source"),
    [
        ("credential_source = environment", EnvironmentKey("b", "line 3")),
        ("credential_source = ecs_ram_role", EcsRole("b", "line 3")),
        ("role_name = r\ncredential_source = ecs_ram_role", EcsRole("b", "line 4", "r")),
        ("credential_source = aliyun_cli", AliyunCliProfile("b", "line 3")),
        ("credential_source = aliyun_cli\naliyun_profile = p", AliyunCliProfile("b", "line 3", "p")),
        ("credential_process = command 'with words'", Process("b", "line 3", "command 'with words'")),
        (f"{OIDC}oidc_token_file = /run/f", OidcToken("b", "line 3", PROVIDER, Path("/run/f"))),
        (f"oidc_token = github\n{OIDC}", OidcToken("b", "line 3", PROVIDER)),
        (f"{OIDC}oidc_token = github\noidc_audience = a", OidcToken("b", "line 3", PROVIDER, audience="a")),
        ("access_key_id = LTAI", KeyringKey("b", "line 3", Path(), "LTAI")),
        ("", KeyringKey("b", "line 1", Path())),
    ],
)
def test_each_source_is_made_from_its_keys(folder: Folder, keys: str, source: Source) -> None:
    profile = folder.read(f"[b]\nrole_arn = {ARN}\n{keys}\n").profile("b")
    source.where = f"{folder.file}, {source.where}"
    if isinstance(source, KeyringKey):
        source.path = folder.file
    assert type(profile.source) is type(source)
    assert vars(profile.source) == vars(source)


def test_a_token_file_is_relative_to_the_profiles_file(folder: Folder) -> None:
    source = folder.read(f"[b]\nrole_arn = {ARN}\n{OIDC}oidc_token_file = tokens/t\n").profile("b").source
    assert isinstance(source, OidcToken)
    assert source.token_file == folder.file.parent / "tokens" / "t"


def test_the_sdks_own_variables_serve_where_a_key_of_oidc_is_absent(folder: Folder) -> None:
    for key, value in {"OIDC_PROVIDER_ARN": PROVIDER, "OIDC_TOKEN_FILE": "/run/t", "ROLE_ARN": ARN}.items():
        folder.set_variable(f"ALIBABA_CLOUD_{key}", value)
    folder.set_variable("ALIBABA_CLOUD_ROLE_SESSION_NAME", "pod")
    profile = folder.read(f"[b]\n{OIDC}").profile("b")
    assert (profile.role_arn, profile.role_session_name) == (ARN, "pod")
    names = ("ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE")
    source = OidcToken("b", f"{folder.file}, line 2", PROVIDER, Path("/run/t"), variables=names)
    assert vars(profile.source) == vars(source)
    profile = folder.read("[b]\noidc_token = github\nrole_session_name = own\n").profile("b")
    assert profile.role_session_name == "own"
    names = ("ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN")
    source = OidcToken("b", f"{folder.file}, line 2", PROVIDER, variables=names)
    assert vars(profile.source) == vars(source)
    folder.set_variable("ALIBABA_CLOUD_ROLE_ARN", "nonsense")
    assert "the variable ALIBABA_CLOUD_ROLE_ARN is not a role's ARN" in folder.fault(f"[b]\n{OIDC}")


@pytest.mark.parametrize(
    ("keys", "reported"),
    [
        ("source_profile =", "source_profile is empty"),  # and not the key in the environment
        ("access_key_secret = s", "access_key_id is missing"),
        ("security_token = t", "access_key_id is missing"),
        ("role_name = r", "role_name requires credential_source"),
        ("credential_source = Environment", "credential_source must be one of environment"),
        (f"{KEY}source_profile = a", "both choose a credential source"),
        (f"{KEY}credential_source = environment", "both choose a credential source"),
        ("credential_source = environment\nsource_profile = a", "both choose a credential source"),
        (OIDC, "oidc_token_file is missing"),
        ("oidc_token = github", "oidc_provider_arn is missing"),
        ("oidc_token = gitlab", "oidc_token is not github"),
        (f"{OIDC}oidc_token = github\noidc_token_file = f", "are both set"),
        (f"{OIDC}oidc_token_file = f\noidc_audience = a", "oidc_audience requires oidc_token"),
        ("oidc_provider_arn = x", "oidc_provider_arn is not an OIDC provider's ARN"),
        ("credential_process = run 'it", "credential_process has an unclosed quote"),
        ("credential_source = environment\nrole_name = r", "role_name requires credential_source = ecs_ram_role"),
        (
            "credential_source = ecs_ram_role\naliyun_profile = p",
            "aliyun_profile requires credential_source = aliyun_cli",
        ),
        ("credential_source = ecs_ram_role\nrole_name = a/b", "role_name is not a role's name"),
    ],
)
def test_a_role_has_one_whole_source(folder: Folder, keys: str, reported: str) -> None:
    assert reported in folder.fault(f"{A}[b]\nrole_arn = {ARN}\n{keys}\n")


def test_a_source_profile_is_of_no_use_without_a_role(folder: Folder) -> None:
    assert "source_profile requires role_arn" in folder.fault(f"{A}[b]\nsource_profile = a\n")


@pytest.mark.parametrize(("key", "nearest"), [("polcy", "policy"), ("role-arn", "role_arn"), ("colr", "color")])
def test_an_unknown_key_is_refused_and_the_nearest_one_named(folder: Folder, key: str, nearest: str) -> None:
    reported = failure(lambda: folder.with_keys(f"{key} = x"))
    assert f"did you mean {nearest}?" in reported
    assert f"{folder.file}, line 7" in reported


def test_what_is_wrong_in_one_section_stops_the_chains_through_it_and_no_other(folder: Folder) -> None:
    file = folder.read(f"{A}{B}[wrong]\nfrobnicate = 1\n{role('c', 'wrong')}")
    assert file.names() == ["a", "b", "wrong", "c"]
    assert len(file.chain("b")) == 2
    assert "profile wrong: unknown key frobnicate" in failure(lambda: file.chain("c"))


# ---- the grammar ----


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_any_line_ending_and_a_byte_order_mark_read_the_same(folder: Folder, end: str, mark: str) -> None:
    file = folder.read(mark + f"# one\n\n{A}{B}polcy = x\n".replace("\n", end))
    assert file.names() == ["a", "b"]
    assert f"{folder.file}, line 9" in failure(lambda: file.profile("b"))


@pytest.mark.parametrize("secret", ["%(x)s%%", "a#b", "a;b", "a:b", "#a", ";a", "a=b==", "=", "'a'", '"a"', "$a`b`\\"])
def test_inside_a_value_no_character_means_anything(folder: Folder, secret: str) -> None:
    file = folder.read(f"[a]\naccess_key_id=LTAI\naccess_key_secret  =  {secret}  \n")
    assert key_of(file.profile("a")).access_key_secret == secret


def test_a_comment_is_a_whole_line_and_may_be_indented(folder: Folder) -> None:
    file = folder.read(f"; one\n# [two]\n[a] # three\n  # role_arn = x\n\t; y\n{KEY}")
    assert file.profile("a").role_arn == ""


POLICY = """
    {"Version": "1",
    # what may be read
    "Statement": [

      {"Effect": "Allow", "Action":
      "oss:Get*", "Resource": "*", "Condition":
  ; and where from
      {"x":
      {"external_id = sneaked-in": "source_profile = c",
      "[c]": []
      }}}
    ]}
"""


def test_an_indented_line_that_reads_like_no_key_goes_on_with_its_value(folder: Folder) -> None:
    profile = folder.with_keys(f"policy ={POLICY}region_id = cn-beijing")
    assert json.loads(profile.policy)["Statement"][0]["Action"] == "oss:Get*"
    assert (profile.external_id, profile.source_profile, profile.region_id) == ("", "a", "cn-beijing")
    file = folder.read(f"{A}{B}policy = {{\n  role = x\n  [c]\n\n  # role_arn = y\n")
    assert file.names() == ["a", "b"]
    assert "policy is not a policy in JSON" in failure(lambda: file.profile("b"))


def test_keys_that_are_all_indented_alike_are_keys(folder: Folder) -> None:
    text = f"{A}{B}".replace("role_arn", "    role_arn").replace("source_profile", "    source_profile")
    assert folder.read(text).profile("b").source_profile == "a"


def test_defaults_go_to_every_section_and_its_own_keys_count_more(folder: Folder) -> None:
    file = folder.read(f"[DEFAULT]\nregion_id = cn-beijing\nduration_seconds = 900\n{A}{B}region_id = cn-shanghai\n")
    assert file.names() == ["a", "b"]
    assert (file.profile("a").region_id, file.profile("b").region_id) == ("cn-beijing", "cn-shanghai")
    assert file.profile("b").duration_seconds == 900


def test_a_default_source_yields_to_a_sections_own_and_is_not_its_own_source(folder: Folder) -> None:
    defaults = "[DEFAULT]\nsource_profile = a\n"
    role = f"role_arn = {ARN}\n"
    others = f"[c]\n{role}source_profile = b\n[d]\n{role}credential_source=environment"
    file = folder.read(f"{defaults}{A}[b]\n{role}{others}")
    assert [hop.name for hop in file.chain("b")] == ["a", "b"]
    assert [hop.name for hop in file.chain("c")] == ["a", "b", "c"]
    assert [hop.name for hop in file.chain("d")] == ["d"]
    assert file.users("a") == ["b"]
    file = folder.read(f"{defaults}[a]\n{role}[b]\n{role}")
    assert [(hop.name, hop.source_kind) for hop in file.chain("b")] == [("a", "keyring"), ("b", "a")]


def test_a_line_of_a_value_that_looks_like_a_key_does_not_hide_the_default_source(folder: Folder) -> None:
    keys = f"role_arn = {ARN}\nvariables = oss\n  access_key=x\n"
    file = folder.read(f"[DEFAULT]\nsource_profile = a\n{A}[b]\n{keys}")
    assert "variables must be words of" in failure(lambda: file.chain("b"))
    file = folder.read(f"[DEFAULT]\nsource_profile = a\n{A}[b]\n{keys.replace('access_key=x', 'plain')}")
    assert [hop.name for hop in file.chain("b")] == ["a", "b"]


def test_an_error_in_the_defaults_names_their_line(folder: Folder) -> None:
    assert f"{folder.file}, line 2" in folder.fault(f"[DEFAULT]\nregion_id = NO\n{A}", "a")


@pytest.mark.parametrize(
    ("text", "line", "reported"),
    [
        (f"{A}[a]\n", 4, "this section already exists in line 1"),
        (f"[DEFAULT]\n{A}[DEFAULT]\n", 5, "this section already exists in line 1"),
        (f"{A}access_key_id = x\n", 4, "access_key_id already exists in line 2"),
        (f"{A}Access_Key_ID = x\n", 4, "access_key_id already exists in line 2"),
        ("[DEFAULT]\nregion_id = x\nREGION_ID = x\n", 3, "region_id already exists in line 2"),
        (f"{A}external_id = x\n  read_only = yes\n", 5, "like the key read_only, and continues external_id in line 4"),
        (f"{A}policy =\n\n # x\n\tRead_Only=\n", 7, "like the key read_only, and continues policy in line 4"),
        (f"[a]\nregion_id =\n  access_key_secret = {SECRET}\n", 3, "like the key access_key_secret, and continues"),
        ("\n\nregion_id = x\n[a]\n", 3, "a key before the first [profile]"),
        (f"{A}# ok\n\naccess_key_secret {SECRET[:-1]}\n", 6, "neither [profile] nor key = value"),
        (f"{A}{SECRET[:-1]}\n", 4, "neither [profile] nor key = value"),
        (f"{A}= value\n", 4, "neither [profile] nor key = value"),
        (f"{A}[]\n", 4, "neither [profile] nor key = value"),
        (f"{A}[b\n", 4, "this section name is not closed"),
        ("  x\n", 1, "neither [profile] nor key = value"),
        ('[a]\npolicy = {\n  "x": 1\n}\n', 4, "neither [profile] nor key = value"),
        (f"{A}#\r\nx\0y = 1\n", 5, "a NUL byte"),
        (A.encode() + b"\r\n# \xe4\n", 5, "not UTF-8"),
        ("\ufeff".encode() + A.encode() + b"\r\r\xff\n", 6, "not UTF-8"),
        ("[a]\n".encode("utf-16"), 1, "not UTF-8"),
    ],
)
def test_a_fault_of_the_syntax_is_reported_by_line(folder: Folder, text: str | bytes, line: int, reported: str) -> None:
    message = failure(lambda: folder.read(text))
    assert f"{folder.file}, line {line}: " in message
    assert reported in message


@pytest.mark.parametrize("text", ["", "\n", "# only\n; comments", "\ufeff", "[DEFAULT]\nregion_id = cn-beijing\n"])
def test_a_file_without_profiles_is_a_file_without_profiles(folder: Folder, text: str) -> None:
    file = folder.read(text)
    assert file.names() == []
    assert f"there is no profile b in {folder.file}" in failure(lambda: file.profile("b"))


@pytest.mark.parametrize("name", ["profileB", "профиль", "生产", "a.b_c@d+e:f/g-h", "0", "prod२", "a" * 64, "default"])
def test_a_name_is_letters_and_digits_of_any_script_and_a_few_signs(folder: Folder, name: str) -> None:
    assert folder.read(f"[{name}]\n{KEY}").profile(name).name == name


@pytest.mark.parametrize(
    "name", ["a b", " a", "-a", "a" * 65, "a;b", "a$b", "a'b", "a\\b", "a\tb", "a\u202eb", "a\u200bb", "✓"]
)
def test_any_other_name_is_refused_with_its_line(folder: Folder, name: str) -> None:
    assert fault(name)
    reported = failure(lambda: folder.read(f"{A}[{name}]\n{KEY}"))
    assert f"{folder.file}, line 4" in reported
    assert reported.isprintable()


# ---- the file ----


def test_a_file_is_chosen_by_option_variable_own_folder_and_then_alibabas(folder: Folder) -> None:
    assert "there is no profiles file" in failure(folder.located)
    last = folder.alibaba("credentials", "")
    assert folder.located() == last
    first = folder.alibaba("credentials.ini", "")
    assert folder.located() == first
    folder.set_variable("ALIBABA_CLOUD_CREDENTIALS_FILE", str(folder.home / "named"))
    assert folder.located() == first
    (folder.home / "named").touch()
    assert folder.located() == folder.home / "named"
    folder.file.touch()
    assert folder.located() == folder.file
    folder.set_variable("ROLE_ENV_CONFIG", "")
    assert folder.located() == folder.file
    folder.set_variable("ROLE_ENV_CONFIG", str(last))
    assert folder.located() == last
    assert folder.located(str(first)) == first


@pytest.mark.parametrize("by", ["--config", "ROLE_ENV_CONFIG"])
def test_a_file_that_is_named_and_absent_is_not_replaced_by_another(folder: Folder, by: str) -> None:
    folder.file.touch()
    folder.set_variable("ROLE_ENV_CONFIG", "absent" if by == "ROLE_ENV_CONFIG" else "")
    assert f"{by} names absent" in failure(lambda: folder.located("absent" if by == "--config" else ""))


def test_a_relative_path_counts_from_the_working_folder(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.file.touch()
    monkeypatch.chdir(folder.file.parent)
    assert folder.located("profiles.ini") == folder.file
    gone = folder.home / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert folder.located() == folder.file
    assert "--config names" in failure(lambda: folder.located("profiles.ini"))


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling"])
def test_an_own_file_that_is_none_is_an_error_and_alibabas_is_not_read_instead(folder: Folder, kind: str) -> None:
    folder.alibaba("credentials.ini", A)
    if kind == "folder":
        folder.file.mkdir()
    elif kind == "pipe":
        os.mkfifo(folder.file)
    else:
        folder.file.symlink_to("nowhere")
    assert folder.located() == folder.file
    assert f"the profiles file {folder.file} cannot be read" in failure(folder.load)


@needs_root
def test_an_own_file_in_a_folder_that_may_not_be_entered_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        folder = Folder(Path(home), monkeypatch)
        folder.alibaba("credentials.ini", A).chmod(0o644)
        folder.read(B)
        for mode in (0o755, 0o700):  # the file, then its folder too
            folder.file.parent.chmod(mode)
            os.seteuid(12345)
            try:
                path = folder.located()
                assert path == folder.file
                reported = failure(folder.load)
            finally:
                os.seteuid(0)
            assert f"the profiles file {folder.file} cannot be read: Permission denied" in reported


def test_a_users_folder_for_settings_is_found_without_and_with_xdg(folder: Folder) -> None:
    folder.file.touch()
    for ignored in ("", "relative"):
        folder.set_variable("XDG_CONFIG_HOME", ignored)
        assert folder.located() == folder.file
    other = folder.home / "x d g" / "role-env" / "profiles.ini"
    other.parent.mkdir(parents=True)
    other.touch()
    folder.set_variable("XDG_CONFIG_HOME", str(folder.home / "x d g"))
    assert folder.located() == other


def test_a_user_without_a_home_folder_can_still_name_a_file(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(*_: object, **__: object) -> str:
        raise RuntimeError

    path = folder.home / "named.ini"
    monkeypatch.setattr("platformdirs.user_config_dir", homeless)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    monkeypatch.delenv("HOME")
    assert failure(folder.located) == "there is no profiles file | name one with --config, or set HOME"
    assert folder.read(A + B, path=path).names() == ["a", "b"]
    assert folder.located(str(path)) == path
    folder.set_variable("ALIBABA_CLOUD_CREDENTIALS_FILE", str(path))
    assert folder.located() == path


def test_a_symlink_is_followed(folder: Folder) -> None:
    folder.read(A + B, path=folder.home / "elsewhere.ini")
    folder.file.symlink_to(folder.home / "elsewhere.ini")
    assert folder.load(folder.located()).names() == ["a", "b"]


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o622, 0o666])
def test_a_file_that_others_can_write_is_refused(folder: Folder, mode: int) -> None:
    folder.read(B)
    folder.file.chmod(mode)
    assert "others can write" in failure(folder.load)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644])
@pytest.mark.parametrize("where", ["[a]", "[DEFAULT]"])
def test_a_file_that_others_can_read_may_hold_no_secret(folder: Folder, mode: int, where: str) -> None:
    folder.read(B)
    folder.file.chmod(mode)
    assert folder.load().names() == ["b"]
    for key in ("access_key_secret", "security_token"):
        folder.read(f"{where}\n{key} = {SECRET}\n")
        folder.file.chmod(mode)
        reported = failure(folder.load)
        assert f"chmod 600 {folder.file}" in reported


@needs_root
def test_a_file_of_another_user_is_refused_and_one_of_roots_is_not(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.read(A)
    os.chown(folder.file, 12345, 12345)
    assert "belongs to another user (uid 12345)" in failure(folder.load)
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    assert folder.load().names() == ["a"]
    os.chown(folder.file, 0, 0)
    assert folder.load().names() == ["a"]


def test_a_huge_file_is_refused_before_it_is_parsed(folder: Folder) -> None:
    began = time.monotonic()
    assert f"larger than {LARGEST_FILE} bytes" in failure(lambda: folder.read(b"# x\n" * 2_500_000))
    assert time.monotonic() - began < 5


def test_the_largest_file_there_may_be_is_read_in_seconds_whatever_is_in_it(folder: Folder) -> None:
    def read(line: str) -> None:
        folder.read("[a]\npolicy = \n" + line * (LARGEST_FILE // len(line) - 10))

    for check in (lambda: read(" x\n"), lambda: read("#\n"), lambda: failure(lambda: read("k=\n"))):
        began = time.monotonic()
        check()
        assert time.monotonic() - began < 10


def test_a_thousand_profiles_are_read_in_a_moment(folder: Folder) -> None:
    text = A + "".join(f"[p{n}]\nrole_arn = {ARN}\nsource_profile = a\nregion_id = cn-beijing\n" for n in range(1000))
    folder.read(text)
    began = time.process_time()
    file = folder.load()
    assert len(file.chain("p999")) == 2
    assert time.process_time() - began < 0.5


# ---- chains ----


@pytest.mark.parametrize("depth", [1, 5, 50])
def test_a_chain_is_the_profiles_in_the_order_in_which_they_are_called(folder: Folder, depth: int) -> None:
    roles = "".join(role(str(n), str(n - 1 or "a")) for n in range(1, depth + 1))
    chain = folder.read(A + roles).chain(str(depth))
    assert [hop.name for hop in chain] == ["a", *map(str, range(1, depth + 1))]
    assert [hop.name for hop in chain if hop.source] == ["a"]


@pytest.mark.parametrize(
    ("sources", "loop"), [("b", "b -> b"), ("cb", "b -> c -> b"), ("cdb", "b -> c -> d -> b"), ("cdc", "c -> d -> c")]
)
def test_a_loop_is_named_by_its_members(folder: Folder, sources: str, loop: str) -> None:
    reported = folder.fault("".join(role(*pair) for pair in zip("bcd", sources, strict=False)))
    assert f"loop, {loop} (" in reported
    assert f"{folder.file}, line {3 * len(sources)}" in reported


def test_a_missing_source_is_reported_with_its_line_and_the_nearest(folder: Folder) -> None:
    file = folder.read(f"[profileA]\n{KEY}{role('b', 'profilA')}")
    reported = failure(lambda: file.chain("b"))
    assert f"profile b: source_profile names no profile of the file ({folder.file}, line 6)" in reported
    assert "did you mean profileA?" in reported
    assert "did you mean profileA?" in failure(lambda: file.chain("profileB"))


def test_a_name_in_another_case_is_meant_first_and_never_the_profile_itself(folder: Folder) -> None:
    file = folder.read(f"[profileA]\n{KEY}[profileC]\n{KEY}{role('b', 'PROFILEC')}")
    assert "did you mean profileC?" in failure(lambda: file.chain("b"))
    reported = folder.fault(role("profileB", "profileA"), "profileB")
    assert "add [profileA] with its credentials" in reported
    assert "did you mean" not in reported


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


@pytest.mark.parametrize("line", ["role_arn: x", "profileB:", "- name: x", "---"])
def test_yaml_gets_a_hint_with_the_ini_line(folder: Folder, line: str) -> None:
    assert "this looks like YAML | write key = value, below a line [profile]" in failure(lambda: folder.read(line))


def test_a_color_may_be_spelled_in_two_ways_and_set_once(folder: Folder) -> None:
    assert folder.with_keys("colour = grey").color == "grey"
    assert "colour and color are the same key" in failure(lambda: folder.with_keys("color = red\ncolour = red"))
    assert "black, red, green, yellow" in failure(lambda: folder.with_keys("color = pink"))


# ---- Alibaba's own file ----

ALIBABAS = f"""\
[default]                      # default client
enable = true                  # Enabled by default
type = access_key              # Certification type
access_key_id = LTAI5tExample  # Key
access_key_secret = {SECRET}   # Secret
role_arn = {ARN}

[role]
type = ram_role_arn
access_key_id = LTAI5tExample
access_key_secret = {SECRET}
role_arn = {ARN}
role_session_name = session # name
policy =
session_expiration = 900

[a bad name]
frobnicate = 1
[list]
type = access_key

[ecs]
type = ecs_ram_role
role_name = r

[oidc]
type = oidc_role_arn
role_arn = {ARN}
oidc_provider_arn = acs:ram::1:oidc-provider/x
oidc_token_file_path = /run/token
role_session_name = pod
[rsa]
type = rsa_key_pair
"""


def test_sections_of_alibabas_own_file_work_as_they_are(folder: Folder) -> None:
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
    assert (ecs.source.profile, ecs.source.where, ecs.source.role_name) == ("ecs", f"{path}, line {line}", "r")
    assert isinstance(oidc.source, OidcToken)
    assert (oidc.role_arn, oidc.role_session_name) == (ARN, "pod")
    assert (oidc.source.provider_arn, oidc.source.token_file) == (PROVIDER, Path("/run/token"))
    assert "type must be one of" in failure(lambda: file.profile("rsa"))


def test_the_own_file_stays_strict_where_the_sdks_read_it_too(folder: Folder) -> None:
    folder.set_variable("ALIBABA_CLOUD_CREDENTIALS_FILE", str(folder.file))
    assert "unknown key polcy" in failure(lambda: folder.with_keys("polcy = {}"))


# ---- no secret in an error, and no error but ProfileError ----


@pytest.mark.parametrize(
    "line",
    [
        f"access_key_secret {SECRET}",
        SECRET,
        f"[{'x' * 3}",
        f"acces_key_secret = {SECRET}",
        f"access_key_secret: {SECRET}",
        f"{SECRET}= x",
        *(f"{key} = {SECRET}" for key in KEYS),
        *(f"{key} = {SECRET}" for key in ("frobnicate", "source_profil", "type")),
        f"{SECRET} = 1\n{SECRET} = 2",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_reported(folder: Folder, line: str) -> None:
    for text in (f"{A}[b]\nrole_arn = {ARN}\n{line}\n", f"{A}{B}{line}\n", f"{line}\n{A}{B}"):
        try:
            folder.read(text).chain("b")
        except ProfileError as error:
            check_said(error, folder.file)


VALID = f"""\
# comment
[DEFAULT]
region_id = cn-beijing

{A}
{B}policy = {{"Version": "1",
   "Statement": []}}
[c]
role_arn = {ARN}
source_profile = b
external_id = vendor/1
duration_seconds = 7200
max_session_duration = 43200
variables = oss plain
"""
LINES = VALID.splitlines(keepends=True)
GARBAGE = st.one_of(
    st.text(max_size=8), st.sampled_from(["=", "[", "]", "#", "\n", "\r", " ", "\0", "\ufeff", "%", "a", SECRET])
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """VALID after cuts, moved and doubled lines, and garbage."""
    lines = list(LINES)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines.pop(at)
        place, garbage = draw(st.integers(0, len(line))), draw(GARBAGE)
        head, tail = line[:place], line[place:]
        replaced = head.rstrip("\n") + garbage + "\n"
        kinds: list[list[str]] = [[line], [line] * 2, [], [head + garbage + tail], [head, "\n", tail], [replaced]]
        to = draw(st.just(at) | st.integers(0, len(lines)))
        lines[to:to] = draw(st.sampled_from(kinds))
    content = "".join(lines).encode("utf-8", "surrogatepass")
    start, end = draw(st.integers(0, 40)), draw(st.integers(0, 40))
    cut = content[start if draw(st.booleans()) else 0 : len(content) - (end if draw(st.booleans()) else 0)]
    return cut + draw(st.sampled_from([b"", b"\xff", b"\xef\xbb", b"\\", b"\r"]))


@settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "2500")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(mutated())
@example(VALID.encode())
@example(f"[{SECRET}]\n{VALID}".encode())
@example(f"[{SECRET}]\nx = 1\nx = 2\n[{SECRET}]\n".encode())
def test_a_damaged_file_is_read_or_refused_and_its_secret_never_reported(folder: Folder, content: bytes) -> None:
    try:
        file = folder.read(content)
    except ProfileError as error:
        check_said(error, folder.file)
        return
    for name in file.names():
        try:
            assert file.chain(name)[-1].name == name
        except ProfileError as error:
            check_said(error, folder.file)


# ---- through the installed command ----


@pytest.mark.parametrize(
    ("keys", "reported"),
    [
        ("sts_endpoint = http://sts.aliyuncs.com", "sts_endpoint begins with http://"),
        ("credential_source = ecs", "credential_source must be one of environment, ecs_ram_role, aliyun_cli"),
        ("duration_seconds = 899", "duration_seconds = 899 must be between 900 and 3600"),
    ],
)
def test_the_command_ends_with_3_and_names_profile_key_and_line(machine: Machine, keys: str, reported: str) -> None:
    source = "" if keys.startswith("credential_source") else "source_profile = profileA\n"
    machine.add(f"[bad]\nrole_arn = {machine.sts.role_arn}\n{keys}\n{source}")
    done = machine.role_env("bad", "--format", "sh")
    assert done.returncode == 3
    assert f"role-env: profile bad: {reported}" in done.stderr
    assert f"({machine.file}, line 11)" in done.stderr
    assert not machine.sts.calls_of("AssumeRole")
    assert machine.role_env("profileB").returncode == 0


@pytest.mark.parametrize("command", [["export"], ["exec"], ["process"]])
def test_a_source_is_not_handed_out(machine: Machine, command: list[str]) -> None:
    done = machine.role_env(*command, "profileA")
    assert done.returncode == (125 if command == ["exec"] else 3)
    assert f"profile profileA is only a source, without role_arn ({machine.file}, line 1)" in done.stderr
    assert "ALIBABA_CLOUD" not in done.stdout


def test_the_command_does_not_wait_for_a_pipe(machine: Machine) -> None:
    pipe = machine.home / "pipe"
    os.mkfifo(pipe)
    done = machine.role_env("profileB", "--config", str(pipe))
    assert done.returncode == 3
    assert f"the profiles file {pipe} cannot be read: it is not a regular file" in done.stderr


def test_the_command_works_where_the_user_has_no_home_and_the_file_is_named(machine: Machine) -> None:
    del machine.environ["HOME"]
    done = machine.role_env("profileB", "--config", str(machine.file), "--format", "json")
    assert done.returncode == 0, done.stderr
