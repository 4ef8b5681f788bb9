"""The OAuth server of the tests, asked by a plain HTTPS client."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from cloud.local_sts import LocalSts
from cloud.oauth_server import CLIENT_IDS, OAuthServer
from cloud.sign_in_server import pkce_challenge
from support.https_client import HttpsClient, Received

VERIFIER = "v" * 64
REDIRECT = "http://127.0.0.1:12345/cli/callback"
CLIENT = CLIENT_IDS["CN"]


@pytest.fixture
def oauth(sts: LocalSts) -> Iterator[OAuthServer]:
    with OAuthServer(sts) as started:
        yield started


@pytest.fixture
def client(oauth: OAuthServer) -> HttpsClient:
    return HttpsClient(oauth.address, oauth.sts.ca_file)


def visit(client: HttpsClient, **changed: str) -> Received:
    given = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "state": "s" * 24,
        "code_challenge": pkce_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    return client.get("/oauth2/v1/auth", **(given | changed))


def callback(answer: Received) -> dict[str, str]:
    assert answer.status == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def redeem(client: HttpsClient, code: str, **changed: str) -> Received:
    given = {"code": code, "client_id": CLIENT, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return client.post_form("/v1/token", grant_type="authorization_code", **(given | changed))


def refresh(client: HttpsClient, token: str) -> Received:
    return client.post_form("/v1/token", grant_type="refresh_token", refresh_token=token, client_id=CLIENT)


def sign_in(client: HttpsClient) -> dict[str, str]:
    return redeem(client, callback(visit(client))["code"]).document


def test_the_page_sends_the_browser_back_with_the_state(client: HttpsClient) -> None:
    assert callback(visit(client, state="t" * 24))["state"] == "t" * 24


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
def test_the_page_sends_nobody_elsewhere(client: HttpsClient, changed: dict[str, str]) -> None:
    assert visit(client, **changed).status == 400


def test_the_page_can_refuse(oauth: OAuthServer, client: HttpsClient) -> None:
    oauth.consent = "deny"
    assert callback(visit(client))["error"] == "access_denied"
    oauth.consent = "unassigned"
    assert visit(client).status == 400


def test_a_code_is_good_once_and_for_its_verifier(client: HttpsClient) -> None:
    code = callback(visit(client))["code"]
    assert redeem(client, code).status == 200
    assert redeem(client, code).document["error"] == "invalid_grant"
    for changed in ({"code_verifier": "w" * 64}, {"redirect_uri": REDIRECT.replace("5/", "6/")}, {"client_id": "x"}):
        assert redeem(client, callback(visit(client))["code"], **changed).document["error"] == "invalid_grant"


def test_a_refresh_token_is_good_once(oauth: OAuthServer, client: HttpsClient) -> None:
    first = sign_in(client)["refresh_token"]
    second = refresh(client, first).document["refresh_token"]
    assert refresh(client, first).document["error"] == "invalid_grant"
    assert oauth.reused == [1]
    oauth.rotates = False
    assert "refresh_token" not in refresh(client, second).document
    assert refresh(client, second).status == 200


def test_a_session_is_one_that_the_sts_knows(oauth: OAuthServer, client: HttpsClient) -> None:
    token = sign_in(client)["access_token"]
    assert client.post_bearer("/v1/exchange", token).document["accessKeyId"] == oauth.sts.issued[-1].id
    oauth.pascal_case = True
    assert client.post_bearer("/v1/exchange", token).document["AccessKeyId"] == oauth.sts.issued[-1].id
    assert client.post_bearer("/v1/exchange", "other").document["error"] == "invalid_token"
    oauth.expire_access_tokens()
    assert client.post_bearer("/v1/exchange", token).document["error"] == "expired_token"


def test_revoking_the_refresh_token_ends_the_sign_in(oauth: OAuthServer, client: HttpsClient) -> None:
    tokens = sign_in(client)
    assert client.post_form("/v1/revoke", token=tokens["refresh_token"], client_id=CLIENT).status == 200
    assert client.post_bearer("/v1/exchange", tokens["access_token"]).status == 401
    assert not oauth.refresh
