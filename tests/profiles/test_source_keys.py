"""The keys by which a profile chooses its credential source, and its chain by `source_profile`."""

from pathlib import Path

import pytest

from role_env.errors import UnknownProfileError
from role_env.sources.access_key import KeyringKey
from role_env.sources.aliyun_cli import AliyunCliProfile
from role_env.sources.base import Source
from role_env.sources.credential_process import Process
from role_env.sources.ecs_metadata import EcsRole
from role_env.sources.environment import EnvironmentKey
from role_env.sources.oidc import OidcToken
from support.profiles_folder import ARN, KEY, OIDC, PROVIDER, A, B, Folder, failure, role


def parts(source: Source | None) -> dict[str, object]:
    """What a source is made of, without the profile's fields, which a section decides."""
    assert source
    return {name: part for name, part in vars(source).items() if name != "profile_fields"}


@pytest.mark.parametrize(
    ("keys", "source"),
    [
        ("credential_source = environment", EnvironmentKey("b", "line 3")),
        ("credential_source = ecs_ram_role", EcsRole("b", "line 3", "")),
        ("role_name = r\ncredential_source = ecs_ram_role", EcsRole("b", "line 4", "r")),
        ("credential_source = aliyun_cli", AliyunCliProfile("b", "line 3", "", "", "")),
        ("credential_source = aliyun_cli\naliyun_profile = p", AliyunCliProfile("b", "line 3", "p", "", "")),
        ("credential_process = command 'with words'", Process("b", "line 3", "command 'with words'")),
        (f"{OIDC}oidc_token_file = /run/f", OidcToken("b", "line 3", PROVIDER, Path("/run/f"))),
        (f"oidc_token = github\n{OIDC}", OidcToken("b", "line 3", PROVIDER)),
        (f"{OIDC}oidc_token = github\noidc_audience = a", OidcToken("b", "line 3", PROVIDER, audience="a")),
        ("access_key_id = LTAI", KeyringKey("b", "line 3", "", "LTAI", has_role=True)),
        ("", KeyringKey("b", "line 1", "", has_role=True)),
    ],
)
def test_each_source_is_made_from_its_keys(folder: Folder, keys: str, source: Source) -> None:
    profile = folder.read(f"[b]\nrole_arn = {ARN}\n{keys}\n").profile("b")
    source.where = f"{folder.file}, {source.where}"
    if isinstance(source, KeyringKey):
        source.path = str(folder.file)
    assert type(profile.source) is type(source)
    assert parts(profile.source) == parts(source)


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
    names = "ALIBABA_CLOUD_ROLE_ARN; ALIBABA_CLOUD_OIDC_TOKEN_FILE"
    source = OidcToken("b", f"{folder.file}, line 2; {names}", PROVIDER, Path("/run/t"))
    assert parts(profile.source) == parts(source)
    profile = folder.read("[b]\noidc_token = github\nrole_session_name = own\n").profile("b")
    assert profile.role_session_name == "own"
    names = "ALIBABA_CLOUD_ROLE_ARN; ALIBABA_CLOUD_OIDC_PROVIDER_ARN"
    source = OidcToken("b", f"{folder.file}, line 2; {names}", PROVIDER)
    assert parts(profile.source) == parts(source)
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
        *(
            (f"credential_source = ecs_ram_role\nrole_name = {role}", "role_name is not a role's name")
            for role in ("a/b", "../token", "a b", "x" * 65, "rôle")
        ),
    ],
)
def test_a_role_has_one_whole_source(folder: Folder, keys: str, reported: str) -> None:
    assert reported in folder.fault(f"{A}[b]\nrole_arn = {ARN}\n{keys}\n")


def test_a_source_profile_is_of_no_use_without_a_role(folder: Folder) -> None:
    assert "source_profile requires role_arn" in folder.fault(f"{A}[b]\nsource_profile = a\n")


# ---- source_profile ----


def test_what_is_wrong_in_one_section_stops_the_chains_through_it_and_no_other(folder: Folder) -> None:
    file = folder.read(f"{A}{B}[wrong]\nfrobnicate = 1\n{role('c', 'wrong')}")
    assert file.names() == ["a", "b", "wrong", "c"]
    assert len(file.chain("b")) == 2
    assert "profile wrong: unknown key frobnicate" in failure(lambda: file.chain("c"))


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
    assert "there is no profile profileB" in failure(lambda: file.chain("profileB"), UnknownProfileError)


def test_a_name_in_another_case_is_meant_first_and_never_the_profile_itself(folder: Folder) -> None:
    file = folder.read(f"[profileA]\n{KEY}[profileC]\n{KEY}{role('b', 'PROFILEC')}")
    assert "did you mean profileC?" in failure(lambda: file.chain("b"))
    reported = folder.fault(role("profileB", "profileA"), "profileB")
    assert "add [profileA] with its credentials" in reported
    assert "did you mean" not in reported
