"""A sign-in of the `aliyun` CLI: its access token serves after its session has expired, and nothing of it is spent."""

import time
from typing import Any

from cloud.cloud_sso_portal import CloudSsoPortal
from cloud.oauth_server import CLIENT_IDS, OAuthServer, Token
from support.cached_sessions import key_id
from support.machine import Machine


def write_cli_file(machine: Machine, **profile: Any) -> bytes:
    """Write the CLI's file with one profile; return its content."""
    machine.write("[cli]\ncredential_source = aliyun_cli\n")
    entry = {"name": "me", "region_id": "cn-hangzhou", **profile}
    return machine.write_cli_file({"current": "me", "profiles": [entry]}).read_bytes()


def expired_session() -> dict[str, Any]:
    """The session in the CLI's file, which has expired."""
    key = {"access_key_id": "STS.old", "access_key_secret": "old-secret", "sts_token": "old-token"}
    return {**key, "sts_expiration": int(time.time()) - 5}


def cloud_sso(machine: Machine, portal: CloudSsoPortal, *, seconds: int = 600, **changed: str) -> bytes:
    """The CLI signed in at the portal, with an access token that has so much left."""
    token = portal.secret(60)
    portal.tokens[token] = time.time() + seconds
    account = portal.accounts[0]
    given = {
        "mode": "CloudSSO",
        "cloud_sso_sign_in_url": portal.url,
        "cloud_sso_account_id": account.id,
        "cloud_sso_access_config": account.configurations[0].id,
        "access_token": token,
        "cloud_sso_access_token_expire": int(time.time()) + seconds,
    }
    return write_cli_file(machine, **{**given, **expired_session(), **changed})


def oauth_sign_in(machine: Machine, oauth: OAuthServer, *, seconds: int = 3000) -> bytes:
    """The CLI signed in with OAuth, likewise."""
    token, refresh = oauth.secret(60), oauth.secret(60)
    oauth.access[token] = Token(1, CLIENT_IDS["CN"], time.time() + seconds)
    oauth.refresh[refresh] = Token(1, CLIENT_IDS["CN"], time.time() + 86400)
    return write_cli_file(
        machine,
        mode="OAuth",
        oauth_site_type="CN",
        oauth_access_token=token,
        oauth_refresh_token=refresh,
        oauth_access_token_expire=int(time.time()) + seconds,
        **expired_session(),
    )


def test_the_clis_cloud_sso_token_gets_a_new_session_and_its_file_stays(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    before = cloud_sso(machine, portal)
    assert key_id(machine, "cli") == portal.sessions[-1].id
    assert key_id(machine, "cli") == portal.sessions[-1].id
    assert len(portal.sessions) == 1
    assert (machine.home / ".aliyun" / "config.json").read_bytes() == before


def test_the_clis_oauth_token_is_exchanged_and_its_refresh_token_is_never_spent(
    machine: Machine, oauth: OAuthServer
) -> None:
    before = oauth_sign_in(machine, oauth)
    assert key_id(machine, "cli") == oauth.sessions[-1].id
    oauth_sign_in(machine, oauth, seconds=600)
    machine.refuses("cli", 3, "aliyun configure --profile me --mode OAuth")
    assert not oauth.requests_to("/v1/token")
    assert not any(token.used for token in oauth.refresh.values())
    assert len(before) == len((machine.home / ".aliyun" / "config.json").read_bytes())


def test_an_expired_or_revoked_token_is_exit_3_with_the_clis_own_command(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    cloud_sso(machine, portal, seconds=-5)
    machine.refuses("cli", 3, "aliyun configure --profile me --mode CloudSSO")
    assert not portal.requests
    cloud_sso(machine, portal)
    portal.revoke_tokens()
    machine.refuses("cli", 3, "aliyun configure --profile me --mode CloudSSO")


def test_nothing_is_sent_to_another_host_or_with_a_token_that_no_header_can_carry(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    cloud_sso(machine, portal, cloud_sso_sign_in_url="https://evil.example/x/login")
    machine.refuses("cli", 3, "cloud_sso_sign_in_url must be")
    for token in ("a\r\nX: y", "a b", "é", "秘"):
        cloud_sso(machine, portal, access_token=token)
        machine.refuses("cli", 3, "its access token is not printable ASCII", "aliyun configure --profile me")
    assert not portal.requests
