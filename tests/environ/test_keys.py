"""The key in the environment: which variables count, what is refused, and how a session of role-env's own keeps it."""

from functools import partial

import pytest

from role_env.credentials import AccessKey
from role_env.environ import keys as environment_variables
from role_env.errors import ProfileError
from role_env.sources.base import key_digest
from role_env.sources.environment import EnvironmentKey
from support.contexts import context, fails, values
from support.machine import Machine
from support.shells import environment

SOURCE = EnvironmentKey("ci", "profiles.ini, line 1")
FAMILIES = [
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"),
    ("ALIBABACLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_SECURITY_TOKEN"),
    ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_SECURITY_TOKEN"),
    ("ALICLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECURITY_TOKEN"),
]
BASE = ("ROLE_ENV_BASE_ACCESS_KEY_ID", "ROLE_ENV_BASE_ACCESS_KEY_SECRET", "ROLE_ENV_BASE_SECURITY_TOKEN")


def own_key(environ: dict[str, str]) -> AccessKey:
    """The key of a profile with credential_source = environment."""
    return SOURCE.key(context(environ))


def key_in(names: tuple[str, str, str], tag: str) -> dict[str, str]:
    """The variables of one key, with `tag` in each value."""
    return {name: f"{tag}-{part}" for name, part in zip(names, ("id", "secret", "token"), strict=True)}


@pytest.mark.parametrize("first", range(len(FAMILIES)))
def test_the_first_family_that_is_set_counts_with_its_own_token(first: int) -> None:
    environ: dict[str, str] = {}
    for names in reversed(FAMILIES[first:]):
        environ |= key_in(names, names[0])
    expected = tuple(key_in(FAMILIES[first], FAMILIES[first][0]).values())
    assert values(own_key(environ)) == expected
    assert values(environment_variables.current_key(environ)) == expected


def test_families_that_one_tool_reads_and_the_bare_names_are_no_source() -> None:
    names = [("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"), ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET")]
    names += [("AccessKeyId", "AccessKeySecret"), ("ALIYUN_LOG_CLI_ACCESSID", "ALIYUN_LOG_CLI_ACCESSKEY")]
    environ = {name: "x" for pair in names for name in pair}
    assert environment_variables.own_key(environ) is None
    assert environment_variables.current_key(environ) is None


@pytest.mark.parametrize("names", [*FAMILIES, BASE])
@pytest.mark.parametrize("absent", [0, 1])
def test_a_half_set_pair_is_refused_and_both_variables_named(names: tuple[str, str, str], absent: int) -> None:
    environ = {names[1 - absent]: "set", names[absent]: "", names[2]: "token"}
    message = f"profile ci: the variable {names[1 - absent]} is set and {names[absent]} is not (profiles.ini, line 1)"
    assert fails(ProfileError, partial(own_key, environ)).message == message


@pytest.mark.parametrize("value", ["a b", "a\nb", "ключ", "\udc80"])
def test_a_value_that_no_key_has_is_refused_and_not_reported(value: str) -> None:
    for name in FAMILIES[0]:
        message = f"profile ci: the variable {name} is not printable ASCII without spaces (profiles.ini, line 1)"
        assert fails(ProfileError, partial(own_key, key_in(FAMILIES[0], "x") | {name: value})).message == message


def test_a_session_of_role_envs_own_is_never_a_source_but_the_key_it_was_made_with() -> None:
    session = key_in(FAMILIES[0], "STS.session") | {"ROLE_ENV_ACCESS_KEY_ID": "STS.session-id", "ROLE_ENV_PROFILE": "b"}
    failed = fails(ProfileError, partial(own_key, session), "source_profile", "role-env off")
    assert "has only the session of b, which is role-env's own" in failed.message
    assert "profiles.ini, line 1" in failed.message
    lost = session | {"ROLE_ENV_ACCESS_KEY_ID": "", "ROLE_ENV_REQUEST": "2 access_key_id=STS.session-id"}
    fails(ProfileError, partial(own_key, lost), "source_profile", "role-env off")
    assert values(own_key(session | key_in(BASE, "base"))) == tuple(key_in(BASE, "base").values())
    assert values(environment_variables.current_key(session)) == tuple(key_in(FAMILIES[0], "STS.session").values())


def test_a_key_that_the_user_set_over_a_session_counts() -> None:
    environ = key_in(FAMILIES[0], "mine") | key_in(BASE, "base") | {"ROLE_ENV_ACCESS_KEY_ID": "STS.session-id"}
    assert values(own_key(environ)) == ("mine-id", "mine-secret", "mine-token")


def test_an_environment_without_a_key_is_reported_as_what_it_is() -> None:
    fails(ProfileError, partial(own_key, {}), "has no access key", "set ALIBABA_CLOUD_ACCESS_KEY_ID and")
    fails(
        ProfileError,
        partial(own_key, {"ROLE_ENV_NO_ACCOUNT": "1"}),
        "has no account since a switch failed",
        "role-env off",
    )


def test_the_digest_of_a_key_differs_with_each_part_and_reveals_none() -> None:
    keys = [("a", "b", "c"), ("a", "b", ""), ("ab", "", "c"), ("a", "bc", ""), ("A", "b", "c")]
    assert len({key_digest(AccessKey(*parts)) for parts in keys}) == len(keys)
    assert "secret" not in key_digest(AccessKey("id", "secret"))


def write_environment_profiles(machine: Machine) -> dict[str, str]:
    """Adds profileE (of the environment's key); gives the user's key."""
    machine.add(f"[profileE]\nrole_arn = {machine.sts.role_arn}\ncredential_source = environment\n")
    return dict(zip(FAMILIES[0], (machine.sts.access_key_id, machine.sts.access_key_secret), strict=False))


def test_a_renewal_in_the_same_shell_asks_with_the_base_key_and_not_with_the_roles(machine: Machine) -> None:
    line = 'eval "$(role-env profileE --format sh {} || echo false)"'
    script = "\n".join(["set -e", line.format(""), line.format("--refresh"), line.format(""), "env -0"])
    done = machine.shell("dash", script, **write_environment_profiles(machine))
    assert done.returncode == 0, done.stderr
    calls = machine.sts.calls_of("AssumeRole")
    assert [call.access_key_id for call in calls] == [machine.sts.access_key_id] * 2
    found = environment(done.stdout)
    assert found[BASE[0]] == machine.sts.access_key_id
    assert found[BASE[1]] == machine.sts.access_key_secret
    assert BASE[2] not in found
    assert found["ALIBABA_CLOUD_ACCESS_KEY_ID"] == machine.sts.issued[1].id


def test_the_base_key_is_exported_for_a_profile_of_the_environment_only_and_in_no_document(machine: Machine) -> None:
    key = write_environment_profiles(machine)
    done = machine.shell("dash", 'eval "$(role-env profileB --format sh || echo false)"; env -0', **key)
    assert not set(BASE) & set(environment(done.stdout))
    done = machine.role_env("profileE", "--format", "dotenv", **key)
    assert machine.sts.issued[-1].id in done.stdout
    assert "ROLE_ENV_BASE" not in done.stdout
