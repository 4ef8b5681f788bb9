"""Sessions of an OAuth sign-in stay those of the person who signed in, and a new sign-in ends the one before."""

import pytest

from cloud.oauth_server import OAuthServer
from cloud.world import ACCOUNT_A, ACCOUNT_B
from support.cached_sessions import key_id
from support.machine import Machine

OTHERS = [("oauth-user", ACCOUNT_B), ("mallory", ACCOUNT_A)]
"""Who is not the person that signed in: of another account, and another person of the same one."""


@pytest.fixture(autouse=True)
def signed_in(machine: Machine, oauth: OAuthServer) -> None:
    """The profile me, signed in; a profile with its session as the source, and one with a role of its own."""
    machine.use_curl_as_browser()
    role = f"role_arn = {machine.sts.role_arn}"
    machine.write(f"[me]\noauth_site_type = CN\n[spoke]\n{role}\nsource_profile = me\n")
    machine.succeeds("login", "me")


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("profile", ["me", "spoke"])
@pytest.mark.parametrize("is_refreshed", [False, True])
def test_a_session_of_somebody_else_is_exit_4_and_neither_exported_nor_stored(
    machine: Machine, oauth: OAuthServer, other: tuple[str, str], profile: str, is_refreshed: bool
) -> None:
    if is_refreshed:
        oauth.expire_access_tokens()
    oauth.person = other
    machine.sts.clear_calls()
    message = machine.refuses(profile, 4, "its sign-in gave a session of acs:ram::", f"{ACCOUNT_A}:assumed-role/oauth")
    assert "hint: nothing was exported or stored; sign in again: role-env login me" in message
    assert not machine.sts.calls_of("AssumeRole")
    assert '"valid": false' in machine.role_env("explain", profile, "--json").stdout
    oauth.person = ("oauth-user", ACCOUNT_A)
    assert key_id(machine, profile)


@pytest.mark.parametrize("other", OTHERS)
def test_a_profile_with_a_role_of_its_own_assumes_it_as_nobody_else(
    machine: Machine, oauth: OAuthServer, other: tuple[str, str]
) -> None:
    machine.add(f"[both]\noauth_site_type = CN\nrole_arn = {machine.sts.role_arn}\n")
    machine.succeeds("login", "both")
    oauth.person = other
    machine.refuses("both", 4, "its sign-in gave a session of")
    assert not machine.sts.calls_of("AssumeRole")


def test_a_sign_in_that_an_older_release_stored_has_nobody_to_compare_with(
    machine: Machine, oauth: OAuthServer
) -> None:
    (item,) = [item for item in machine.bus.items() if item.attributes["service"].startswith("role-env sign-in ")]
    lines = item.secret.decode().splitlines()
    machine.bus.replace(item, "\n".join(line for line in lines if not line.startswith("identity ")).encode())
    assert key_id(machine, "me")


def test_a_new_sign_in_revokes_the_one_before(machine: Machine, oauth: OAuthServer) -> None:
    (before,) = oauth.refresh
    done = machine.succeeds("login", "me")
    assert done.stderr.count("revoked") == 0
    assert before not in oauth.refresh
    assert len(oauth.refresh) == 1
    assert key_id(machine, "me")


def test_a_sign_in_before_that_cannot_be_revoked_is_a_warning(machine: Machine, oauth: OAuthServer) -> None:
    oauth.fault("503", times=None, action="/v1/revoke")
    done = machine.succeeds("login", "me", ROLE_ENV_TIMEOUT="5")
    assert "the former sign-in could not be revoked" in done.stderr
    oauth.heal()
    assert key_id(machine, "me")


def test_tokens_that_are_not_stored_because_nobody_knows_whose_they_are_are_revoked(
    machine: Machine, oauth: OAuthServer
) -> None:
    (before,) = oauth.refresh
    oauth.fault("code:access_denied:403:Not from here.", times=None, action="/v1/exchange")
    machine.fails("login", "me", status=4, said="who has signed in is unknown")
    assert list(oauth.refresh) == [before]
