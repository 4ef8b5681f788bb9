"""The CloudSSO portal of the tests, asked by a plain HTTPS client."""

import http.client
import time
from collections.abc import Iterator

import pytest

from cloud.cloud_sso_portal import CLIENT_ID, GRANT_TYPE, CloudSsoPortal
from cloud.local_sts import LocalSts
from cloud.sign_in_server import pkce_challenge
from cloud.world import ACCOUNT_B
from support.https_client import HttpsClient, Received

VERIFIER = "v" * 64


@pytest.fixture
def portal(sts: LocalSts) -> Iterator[CloudSsoPortal]:
    with CloudSsoPortal(sts) as started:
        yield started


@pytest.fixture
def client(portal: CloudSsoPortal) -> HttpsClient:
    return HttpsClient(portal.address, portal.sts.ca_file)


def begin(portal: CloudSsoPortal, client: HttpsClient, **changed: str) -> Received:
    given = {
        "PortalUrl": portal.url,
        "ClientId": CLIENT_ID,
        "CodeChallenge": pkce_challenge(VERIFIER),
        "CodeChallengeMethod": "S256",
    }
    return client.post_json("/device-authorization", **(given | changed))


def poll(client: HttpsClient, device_code: str, verifier: str = VERIFIER) -> Received:
    return client.post_json(
        "/token", ClientId=CLIENT_ID, DeviceCode=device_code, CodeVerifier=verifier, GrantType=GRANT_TYPE
    )


def sign_in(portal: CloudSsoPortal, client: HttpsClient) -> str:
    return str(poll(client, begin(portal, client).document["DeviceCode"]).document["AccessToken"])


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
    portal: CloudSsoPortal, client: HttpsClient, changed: dict[str, str], code: str
) -> None:
    answer = begin(portal, client, **changed)
    assert (answer.status // 100, answer.document["ErrorCode"]) == (4, code)


def test_a_code_is_pending_then_approved_and_used_once(portal: CloudSsoPortal, client: HttpsClient) -> None:
    portal.on_poll, portal.interval = "wait", 0
    code = begin(portal, client).document["DeviceCode"]
    assert poll(client, code).document["ErrorCode"] == "AuthorizationPending"
    client.get("/device", user_code=portal.devices[-1].user_code)
    assert poll(client, code).document["AccessToken"] in portal.tokens
    assert poll(client, code).document["ErrorCode"] == "InvalidDeviceCodeError"
    assert code in portal.secrets
    assert VERIFIER in portal.secrets


def test_a_poll_before_the_interval_gets_slow_down(portal: CloudSsoPortal, client: HttpsClient) -> None:
    portal.on_poll, portal.interval = "wait", 2
    code = begin(portal, client).document["DeviceCode"]
    poll(client, code)
    assert poll(client, code).document["ErrorCode"] == "slow_down"
    assert portal.devices[-1].interval == 7


@pytest.mark.parametrize(
    ("on_poll", "code"), [("deny", "AccessDenied"), ("expire", "InvalidDeviceCodeError"), ("wait", "")]
)
def test_a_code_can_be_refused_or_expire(portal: CloudSsoPortal, client: HttpsClient, on_poll: str, code: str) -> None:
    portal.on_poll = on_poll  # type: ignore[assignment]
    portal.code_seconds = 600 if code else 0.3
    device = begin(portal, client).document["DeviceCode"]
    if not code:
        time.sleep(0.4)
    assert poll(client, device).document["ErrorCode"] == (code or "InvalidDeviceCodeError")


def test_another_verifier_is_refused(portal: CloudSsoPortal, client: HttpsClient) -> None:
    code = begin(portal, client).document["DeviceCode"]
    assert poll(client, code, "w" * 64).document["ErrorCode"] == "InvalidCodeVerifier"


def test_accounts_and_configurations_come_in_pages(portal: CloudSsoPortal, client: HttpsClient) -> None:
    portal.add_accounts(5, 3)
    portal.page_size = 2
    token = sign_in(portal, client)
    found, more = [], "0"
    while more:
        page = client.get("/access-assignments/accounts", bearer=token, NextToken=more, MaxResults="50").document
        found += [row["AccountId"] for row in page["Accounts"]]
        more = page["NextToken"]
        assert page["IsTruncated"] == bool(more)
    assert found == [account.id for account in portal.accounts]
    page = client.get("/access-assignments/access-configurations", bearer=token, AccountId=found[0]).document
    assert len(page["AccessConfigurationsForAccount"]) == 2


def test_a_session_is_one_that_the_sts_knows(portal: CloudSsoPortal, client: HttpsClient) -> None:
    token = sign_in(portal, client)
    chosen = portal.accounts[0].configurations[0]
    answer = client.post_json("/cloud-credentials", bearer=token, AccountId=ACCOUNT_B, AccessConfigurationId=chosen.id)
    assert answer.document["CloudCredential"]["AccessKeyId"] == portal.sts.issued[-1].id
    other = client.post_json("/cloud-credentials", bearer=token, AccountId=ACCOUNT_B, AccessConfigurationId="ac-none")
    assert other.document["ErrorCode"] == "EntityNotExist.AccessConfiguration"
    portal.revoke_tokens()
    assert client.get("/access-assignments/accounts", bearer=token).status == 401


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("internal-error", 500),
        ("throttling-429", 429),
        ("html-200", 200),
        ("html-502", 502),
        ("code:NoPermission:403:No.", 403),
    ],
)
def test_a_fault_carries_nothing_out(portal: CloudSsoPortal, client: HttpsClient, fault: str, status: int) -> None:
    portal.fault(fault, action="/device-authorization")
    assert begin(portal, client).status == status
    assert not portal.devices
    assert begin(portal, client).status == 200


def test_an_answer_can_be_lost_after_it_was_carried_out(portal: CloudSsoPortal, client: HttpsClient) -> None:
    portal.fault("reset-mid-answer")
    with pytest.raises((OSError, http.client.HTTPException)):
        begin(portal, client)
    assert len(portal.devices) == 1
