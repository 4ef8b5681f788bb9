"""The CloudSSO portal and the OAuth server of the tests refuse what the real ones refuse.

tests/sign_in/ goes through what they do.
"""

from urllib.parse import parse_qs, urlsplit

import pytest

from cloud.cloud_sso_portal import CLIENT_ID, GRANT_TYPE, CloudSsoPortal
from cloud.oauth_server import CLIENT_IDS, OAuthServer
from cloud.sign_in_server import SignInServer, pkce_challenge
from cloud.world import ACCOUNT_B
from support.https_client import HttpsClient, Received

VERIFIER = "v" * 64
REDIRECT = "http://127.0.0.1:12345/cli/callback"
CLIENT = CLIENT_IDS["CN"]


def client_of(server: SignInServer) -> HttpsClient:
    return HttpsClient(server.address, server.sts.ca_file)


# ---- CloudSSO ----


def begin(portal: CloudSsoPortal, **changed: str) -> Received:
    given = {
        "PortalUrl": portal.url,
        "ClientId": CLIENT_ID,
        "CodeChallenge": pkce_challenge(VERIFIER),
        "CodeChallengeMethod": "S256",
    }
    return client_of(portal).post_json("/device-authorization", **(given | changed))


def poll(portal: CloudSsoPortal, device_code: str, verifier: str = VERIFIER) -> Received:
    return client_of(portal).post_json(
        "/token", ClientId=CLIENT_ID, DeviceCode=device_code, CodeVerifier=verifier, GrantType=GRANT_TYPE
    )


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"PortalUrl": "https://localhost/other/login"}, "EntityNotExist.Directory"),
        ({"ClientId": "app-other"}, "InvalidClient"),
        ({"CodeChallengeMethod": "plain"}, "InvalidParameter.CodeChallenge"),
        ({"CodeChallenge": "short"}, "InvalidParameter.CodeChallenge"),
        ({"CodeChallenge": ""}, "MissingCodeChallenge"),
    ],
)
def test_an_authorization_needs_the_portal_the_client_and_a_challenge(
    portal: CloudSsoPortal, changed: dict[str, str], code: str
) -> None:
    answer = begin(portal, **changed)
    assert (answer.status // 100, answer.document["ErrorCode"]) == (4, code)


def test_a_code_is_pending_then_approved_and_used_once_for_its_verifier(portal: CloudSsoPortal) -> None:
    portal.on_poll, portal.interval = "wait", 0
    code = begin(portal).document["DeviceCode"]
    assert poll(portal, code).document["ErrorCode"] == "AuthorizationPending"
    assert poll(portal, code, "w" * 64).document["ErrorCode"] == "InvalidCodeVerifier"
    client_of(portal).get("/device", user_code=portal.devices[-1].user_code)
    token = poll(portal, code).document["AccessToken"]
    assert token in portal.tokens
    assert poll(portal, code).document["ErrorCode"] == "InvalidDeviceCodeError"
    assert code in portal.secrets
    assert VERIFIER in portal.secrets
    other = client_of(portal).post_json(
        "/cloud-credentials", bearer=token, AccountId=ACCOUNT_B, AccessConfigurationId="ac-none"
    )
    assert other.document["ErrorCode"] == "EntityNotExist.AccessConfiguration"


def test_a_poll_before_the_interval_gets_slow_down(portal: CloudSsoPortal) -> None:
    portal.on_poll, portal.interval = "wait", 2
    code = begin(portal).document["DeviceCode"]
    poll(portal, code)
    assert poll(portal, code).document["ErrorCode"] == "slow_down"
    assert portal.devices[-1].interval == 7


# ---- OAuth ----


def visit(oauth: OAuthServer, **changed: str) -> Received:
    given = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "state": "s" * 24,
        "code_challenge": pkce_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    return client_of(oauth).get("/oauth2/v1/auth", **(given | changed))


def callback(answer: Received) -> dict[str, str]:
    assert answer.status == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def redeem(oauth: OAuthServer, code: str, **changed: str) -> Received:
    given = {"code": code, "client_id": CLIENT, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return client_of(oauth).post_form("/v1/token", grant_type="authorization_code", **(given | changed))


def refresh(oauth: OAuthServer, token: str) -> Received:
    return client_of(oauth).post_form("/v1/token", grant_type="refresh_token", refresh_token=token, client_id=CLIENT)


def sign_in(oauth: OAuthServer) -> dict[str, str]:
    tokens: dict[str, str] = redeem(oauth, callback(visit(oauth))["code"]).document
    return tokens


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "other"},
        {"redirect_uri": "http://0.0.0.0:12345/cli/callback"},
        {"redirect_uri": "http://127.0.0.1:8080/cli/callback"},
        {"code_challenge_method": "plain"},
        {"state": "short"},
        {"response_type": "token"},
    ],
)
def test_the_page_sends_nobody_elsewhere(oauth: OAuthServer, changed: dict[str, str]) -> None:
    assert visit(oauth, **changed).status == 400


def test_a_code_is_good_once_and_for_its_verifier(oauth: OAuthServer) -> None:
    code = callback(visit(oauth))["code"]
    assert redeem(oauth, code).status == 200
    assert redeem(oauth, code).document["error"] == "invalid_grant"
    for changed in ({"code_verifier": "w" * 64}, {"redirect_uri": REDIRECT.replace("5/", "6/")}, {"client_id": "x"}):
        assert redeem(oauth, callback(visit(oauth))["code"], **changed).document["error"] == "invalid_grant"


def test_a_refresh_token_is_good_once(oauth: OAuthServer) -> None:
    first = sign_in(oauth)["refresh_token"]
    second = refresh(oauth, first).document["refresh_token"]
    assert refresh(oauth, first).document["error"] == "invalid_grant"
    assert oauth.reused == [1]
    oauth.rotates = False
    assert "refresh_token" not in refresh(oauth, second).document
    assert refresh(oauth, second).status == 200
