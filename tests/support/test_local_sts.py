"""The local STS refuses what the real one refuses: otherwise a test that passes against it proves nothing.

Requests are signed by Alibaba's own SDK (by hand for the newer signature) and carried by http.client.
"""

from __future__ import annotations

import email.utils
import hashlib
import http.client
import json
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from aliyunsdksts.request.v20150401.AssumeRoleRequest import AssumeRoleRequest

from support import signatures
from support.api_client import Answer, Key, assume, call, key_of, send, sign
from support.local_sts import LocalSts
from support.world import ACCOUNT_A, ACCOUNT_B, ACCOUNT_C, EXTERNAL_ID, Role, User, role_arn, timestamp

DENY_ECS = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"ecs:*","Resource":"*"}]}'


@pytest.fixture
def sts(tmp_path: Path) -> Iterator[LocalSts]:
    """The fixture of conftest.py, without which CI's job for Windows runs this file."""
    with LocalSts(tmp_path / "sts") as running:
        yield running


def resigned(target: str, key: Key, **changes: str) -> str:
    """The same request with other parameters, and a signature that fits them."""
    parameters = {**dict(parse_qsl(urlsplit(target).query)), **changes}
    text = signatures.rpc_string_to_sign("POST", parameters)
    parameters["Signature"] = signatures.rpc_signature(key.secret, text)
    return "/?" + urlencode(parameters)


# ---- the good path ----


def test_a_request_made_as_the_program_makes_it_gets_a_session(sts: LocalSts) -> None:
    request = AssumeRoleRequest()
    request.set_accept_format("JSON")
    request.set_RoleArn(sts.role_arn)
    request.set_RoleSessionName("alice@host")
    target = request.get_url("cn-hangzhou", sts.access_key_id, sts.access_key_secret)

    answer = send(sts, target, headers=request.get_headers())

    assert answer.status == 200
    assert set(answer.document) == {"RequestId", "Credentials", "AssumedRoleUser"}
    assert set(answer.document["Credentials"]) == {"AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"}
    arn = f"acs:sts::{ACCOUNT_B}:assumed-role/switchrolesbc/alice@host"
    assert answer.document["AssumedRoleUser"]["Arn"] == arn
    assert answer.headers["x-acs-request-id"] == answer.document["RequestId"]
    assert "Date" in answer.headers


def test_what_was_issued_is_kept_for_comparison(sts: LocalSts) -> None:
    answer = assume(sts)
    issued = sts.issued[0]

    assert Key(issued.id, issued.secret, issued.token) == answer.key
    assert issued.id.startswith("STS.")
    assert len(issued.token) == sts.token_length == 700
    assert abs(issued.expiration - time.time() - 3600) < 5
    assert issued.secret not in repr(issued)


def test_a_call_is_recorded_without_its_secrets(sts: LocalSts) -> None:
    session = assume(sts, RoleSessionName="alice", DurationSeconds="900", Policy=DENY_ECS).key
    call(sts, session, "GetCallerIdentity")

    first, second = sts.calls
    assert (first.action, first.role_arn, first.session_name) == ("AssumeRole", sts.role_arn, "alice")
    assert (first.duration, first.policy, first.region_id) == ("900", DENY_ECS, "cn-hangzhou")
    assert (first.access_key_id, first.identity, first.status) == (sts.access_key_id, sts.user_arn, 200)
    assert second.identity == f"acs:ram::{ACCOUNT_B}:assumed-role/switchrolesbc/alice"
    assert sts.calls_of("AssumeRole") == [first]
    recorded = json.dumps([asdict(one) for one in sts.calls])
    assert all(hidden not in recorded for hidden in (sts.access_key_secret, session.secret, session.token))


def test_parameters_count_in_a_form_and_in_a_get_too(sts: LocalSts) -> None:
    key = key_of(sts)
    query = urlsplit(sign(key, "GetCallerIdentity")).query
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    assert send(sts, "/", body=query, headers=form).status == 200
    assert send(sts, sign(key, "GetCallerIdentity", method="GET"), method="GET").status == 200
    assert send(sts, sign(key, "GetCallerIdentity", method="GET")).code == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("shape", "arn"),
    [
        ("role", f"acs:ram::{ACCOUNT_B}:role/switchrolesbc/alice"),
        ("assumed-role", f"acs:sts::{ACCOUNT_B}:assumed-role/switchrolesbc/alice"),
        ("ram-assumed-role", f"acs:ram::{ACCOUNT_B}:assumed-role/switchrolesbc/alice"),
    ],
)
def test_the_assumed_role_can_be_written_in_each_shape_seen(sts: LocalSts, shape: Any, arn: str) -> None:
    sts.arn_shape = shape
    answer = assume(sts, role=role_arn(ACCOUNT_B, "SWITCHroleSbc"))
    assert answer.document["AssumedRoleUser"]["Arn"] == arn


def test_who_does_not_ask_for_json_gets_xml(sts: LocalSts) -> None:
    """The format has to be asked for, as with the real one."""
    target = resigned(sign(key_of(sts), "GetCallerIdentity"), key_of(sts), Format="XML")
    assert send(sts, target).body.startswith(b"<?xml")


def test_each_kind_of_identity_is_reported(sts: LocalSts) -> None:
    """GetCallerIdentity needs no permission, and distinguishes accounts, users and sessions."""
    user = call(sts, key_of(sts, "test_user2"), "GetCallerIdentity").document
    account = call(sts, key_of(sts, "root"), "GetCallerIdentity").document
    session = call(sts, assume(sts).key, "GetCallerIdentity").document

    assert (user["IdentityType"], user["Arn"]) == ("RAMUser", f"acs:ram::{ACCOUNT_A}:user/test_user2")
    assert (account["IdentityType"], account["AccountId"]) == ("Account", ACCOUNT_A)
    assert (session["IdentityType"], session["AccountId"]) == ("AssumedRoleUser", ACCOUNT_B)
    assert session["PrincipalId"] == f"{session['RoleId']}:alice"


# ---- what makes a request unbelievable ----


def test_a_wrong_secret_is_refused_and_the_string_echoed(sts: LocalSts) -> None:
    """SignatureDoesNotMatch quotes the signed string, token and all, as the real one does."""
    session = assume(sts).key
    answer = call(sts, replace(session, secret="wrong"), "GetCallerIdentity")
    assert answer.code == "SignatureDoesNotMatch"
    assert "server string to sign is:POST&%2F&" in answer.document["Message"]


def test_a_tampered_parameter_is_refused(sts: LocalSts) -> None:
    target = sign(key_of(sts), "AssumeRole", RoleArn=sts.role_arn, RoleSessionName="alice")
    answer = send(sts, target.replace("RoleSessionName=alice", "RoleSessionName=mallory"))
    assert answer.code == "SignatureDoesNotMatch"
    assert not sts.issued


def test_a_replayed_request_is_refused(sts: LocalSts) -> None:
    """A nonce is good once, whatever became of the first request: a retry has to be signed anew."""
    target = sign(key_of(sts), "AssumeRole", RoleArn=sts.role_arn, RoleSessionName="alice")
    sts.fault("503")
    assert send(sts, target).code == "ServiceUnavailable"
    assert send(sts, target).code == "SignatureNonceUsed"


@pytest.mark.parametrize("seconds", [-1000, 1000])
def test_a_clock_that_is_off_is_refused(sts: LocalSts, seconds: int) -> None:
    sts.clock_offset = seconds
    answer = assume(sts)
    assert answer.code == "InvalidTimeStamp.Expired"
    date = answer.headers["Date"]
    assert abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time() - seconds) < 5


def test_a_clock_that_is_off_by_less_is_borne(sts: LocalSts) -> None:
    sts.clock_offset = -14 * 60
    assert assume(sts).status == 200
    assert abs(sts.issued[0].expiration - sts.now() - 3600) < 5


@pytest.mark.parametrize(
    ("user", "code"), [("test_user3", "InvalidAccessKeyId.Inactive"), ("", "InvalidAccessKeyId.NotFound")]
)
def test_a_key_that_does_not_serve_is_refused(sts: LocalSts, user: str, code: str) -> None:
    key = key_of(sts, user) if user else Key("LTAI5tNobody", "secret")
    assert call(sts, key, "GetCallerIdentity").code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Version": "2014-05-26"}, "InvalidVersion"),
        ({"Action": "AssumeRoll"}, "InvalidAction.NotFound"),
        ({"SignatureMethod": "HMAC-MD5"}, "InvalidSignatureMethod"),
        ({"AccessKeyId": ""}, "MissingAccessKeyId"),
        ({"SignatureNonce": ""}, "MissingSignatureNonce"),
        ({"Timestamp": "2024-01-01 00:00:00"}, "InvalidTimeStamp.Format"),
    ],
)
def test_a_request_of_another_api_or_form_is_refused(sts: LocalSts, changes: dict[str, str], code: str) -> None:
    assert send(sts, resigned(sign(key_of(sts), "AssumeRole"), key_of(sts), **changes)).code == code


# ---- session tokens ----


def test_a_session_without_its_own_whole_token_is_refused(sts: LocalSts) -> None:
    one, other = assume(sts).key, assume(sts).key
    mismatch = "InvalidSecurityToken.MismatchWithAccessKey"
    for key, code in (
        (replace(one, token=""), "MissingSecurityToken"),
        (replace(one, token=one.token[:-1]), "InvalidSecurityToken.Malformed"),
        (replace(one, token=other.token), mismatch),
        (replace(key_of(sts), token=other.token), mismatch),
    ):
        assert call(sts, key, "GetCallerIdentity").code == code


def test_an_expired_session_is_refused(sts: LocalSts) -> None:
    sts.session_seconds = 2
    session = assume(sts).key
    assert call(sts, session, "GetCallerIdentity").status == 200
    sts.clock_offset = 3
    assert call(sts, session, "GetCallerIdentity").code == "InvalidSecurityToken.Expired"


# ---- AssumeRole ----


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"RoleArn": "acs:ram::2222222222222222:user/x"}, "InvalidParameter.RoleArn"),
        ({"RoleArn": ""}, "MissingRoleArn"),
        ({"RoleSessionName": "a"}, "InvalidParameter.RoleSessionName"),
        ({"RoleSessionName": "a" * 65}, "InvalidParameter.RoleSessionName"),
        ({"RoleSessionName": "a b"}, "InvalidParameter.RoleSessionName"),
        ({"RoleSessionName": "忍者"}, "InvalidParameter.RoleSessionName"),
        ({"DurationSeconds": "899"}, "InvalidParameter.DurationSeconds"),
        ({"DurationSeconds": "3601"}, "InvalidParameter.DurationSeconds"),
        ({"DurationSeconds": "1h"}, "InvalidParameter.DurationSeconds"),
        ({"Policy": "{"}, "InvalidParameter.PolicyGrammar"),
        ({"Policy": "[]"}, "InvalidParameter.PolicyGrammar"),
        ({"Policy": '{"Statement":[]}'}, "InvalidParameter.PolicyGrammar"),
        ({"Policy": '{"Version":"1","Statement":[]}' + " " * 2048}, "InvalidParameter.PolicySize"),
        ({"ExternalId": "a"}, "InvalidParameter.ExternalId"),
        ({"ExternalId": "a b"}, "InvalidParameter.ExternalId"),
        ({"SourceIdentity": "acs:alice"}, "InvalidParameter.SourceIdentity"),
        ({"SourceIdentity": "a" * 65}, "InvalidParameter.SourceIdentity"),
    ],
)
def test_a_parameter_against_its_rule_is_refused(sts: LocalSts, parameters: Any, code: str) -> None:
    assert assume(sts, None, "", **parameters).code == code
    assert not sts.issued


def test_long_sessions_are_up_to_the_role(sts: LocalSts) -> None:
    long = role_arn(ACCOUNT_B, "longsession")
    assert assume(sts, role=long, DurationSeconds="43200").status == 200
    assert assume(sts, role=long, DurationSeconds="43201").code == "InvalidParameter.DurationSeconds"
    assert abs(sts.issued[0].expiration - time.time() - 43200) < 5


@pytest.mark.parametrize(
    ("user", "role", "code"),
    [
        ("test_user1", role_arn(ACCOUNT_B, "nosuchrole"), "EntityNotExist.Role"),
        ("test_user1", role_arn(ACCOUNT_B, "strangers"), "NoPermission"),
        ("test_user1", role_arn(ACCOUNT_C, "spoke1"), "NoPermission"),
        ("test_user2", role_arn(ACCOUNT_B, "switchrolesbc"), "NoPermission"),
        ("root", role_arn(ACCOUNT_B, "switchrolesbc"), "NoPermission"),
    ],
)
def test_who_may_not_assume_a_role_is_refused(sts: LocalSts, user: str, role: str, code: str) -> None:
    """It takes the caller's permission and the role's trust; accounts themselves may not."""
    answer = assume(sts, key_of(sts, user), role)
    assert answer.code == code
    assert set(answer.document) == {"RequestId", "HostId", "Code", "Message", "Recommend"}


def test_an_external_id_has_to_be_the_roles_own(sts: LocalSts) -> None:
    role = role_arn(ACCOUNT_B, "needsexternalid")
    assert assume(sts, role=role).code == "NoPermission"
    assert assume(sts, role=role, ExternalId="another").code == "NoPermission"
    assert assume(sts, role=role, ExternalId=EXTERNAL_ID).status == 200


def test_a_chain_goes_from_role_to_role(sts: LocalSts) -> None:
    key = key_of(sts)
    for number in range(1, 6):
        key = assume(sts, key, role_arn(ACCOUNT_B, f"chain{number}")).key
    assert call(sts, key, "GetCallerIdentity").document["Arn"].endswith(":assumed-role/chain5/alice")
    assert assume(sts, key_of(sts), role_arn(ACCOUNT_B, "chain2")).code == "NoPermission"


def test_the_hub_reaches_every_spoke(sts: LocalSts) -> None:
    """A session of `hub` assumes ten roles of the third account; the source identity goes with it."""
    hub = assume(sts, role=role_arn(ACCOUNT_B, "hub"), SourceIdentity="alice").key
    for number in range(1, 11):
        spoke = assume(sts, hub, role_arn(ACCOUNT_C, f"spoke{number}"))
        assert spoke.document["SourceIdentity"] == "alice"
    spoke = assume(sts, hub, role_arn(ACCOUNT_C, "spoke1"), SourceIdentity="bob")
    assert spoke.code == "NoPermission"


def test_a_roles_trust_alone_is_not_enough(sts: LocalSts) -> None:
    role = sts.world.add_role(Role(ACCOUNT_C, "open", {f"acs:ram::{ACCOUNT_A}:root"}))
    assert assume(sts, role=role.arn).code == "NoPermission"


def test_a_test_can_add_to_the_world(sts: LocalSts) -> None:
    role = sts.world.add_role(Role(ACCOUNT_C, "mine", {f"acs:ram::{ACCOUNT_A}:root"}))
    sts.world.key_of("test_user2").user = User(ACCOUNT_A, "test_user2", {role.arn})
    assert assume(sts, key_of(sts, "test_user2"), role.arn).status == 200


# ---- AssumeRoleWithOIDC ----


def with_oidc(sts: LocalSts, **changes: str) -> Answer:
    """An unsigned AssumeRoleWithOIDC."""
    parameters = {
        "Action": "AssumeRoleWithOIDC",
        "Version": "2015-04-01",
        "Format": "JSON",
        "RoleArn": role_arn(ACCOUNT_B, "cideploy"),
        "RoleSessionName": "ci",
        "OIDCProviderArn": sts.oidc_provider_arn,
        "OIDCToken": sts.oidc_token(),
        **changes,
    }
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return send(sts, "/", body=urlencode(parameters), headers=form)


def test_an_oidc_token_gets_a_session_without_any_key(sts: LocalSts) -> None:
    answer = with_oidc(sts)
    identity = call(sts, answer.key, "GetCallerIdentity").document
    assert identity["Arn"] == f"acs:ram::{ACCOUNT_B}:assumed-role/cideploy/ci"
    assert sts.oidc_token() not in repr(sts.calls)


def test_an_oidc_token_that_is_not_good_is_refused(sts: LocalSts) -> None:
    failure = "AuthenticationFail.OIDCToken"
    assert with_oidc(sts, OIDCToken="x.y.z").code == f"{failure}.Invalid"
    for code in (f"{failure}.Expired", f"{failure}.AudienceNotMatch"):
        assert with_oidc(sts, OIDCToken=sts.oidc_token(code)).code == code
    assert with_oidc(sts, RoleArn=sts.role_arn).code == "AuthenticationFail.NoPermission"
    nobody = f"acs:ram::{ACCOUNT_B}:oidc-provider/nobody"
    assert with_oidc(sts, OIDCProviderArn=nobody).code == "EntityNotExist.OIDCProvider"
    assert not sts.issued


# ---- the newer signature ----


def acs3_headers(sts: LocalSts, key: Key, action: str, query: dict[str, str]) -> dict[str, str]:
    """The headers of a V3 request."""
    headers = {
        "host": sts.endpoint,
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": timestamp(0),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-version": "2015-04-01",
    }
    if key.token:
        headers["x-acs-security-token"] = key.token
    signed = sorted(headers)
    text = signatures.acs3_string_to_sign("POST", "/", query=query, headers=headers, signed=signed, body=b"")
    signature = signatures.acs3_signature(key.secret, text)
    names = ";".join(signed)
    authorization = f"ACS3-HMAC-SHA256 Credential={key.id},SignedHeaders={names},Signature={signature}"
    return {**headers, "Authorization": authorization}


def test_requests_of_the_newer_sdks_are_verified_too(sts: LocalSts) -> None:
    query = {"RoleArn": sts.role_arn, "RoleSessionName": "alice"}
    answer = send(sts, f"/?{urlencode(query)}", headers=acs3_headers(sts, key_of(sts), "AssumeRole", query))
    assert answer.status == 200

    headers = acs3_headers(sts, answer.key, "GetCallerIdentity", {})
    assert send(sts, "/", headers=headers).document["IdentityType"] == "AssumedRoleUser"
    assert send(sts, "/", headers=headers).code == "SignatureNonceUsed"
    tampered = {**acs3_headers(sts, answer.key, "GetCallerIdentity", {}), "x-acs-signature-nonce": "another"}
    assert send(sts, "/", headers=tampered).code == "SignatureDoesNotMatch"
    unsigned = {**acs3_headers(sts, answer.key, "GetCallerIdentity", {}), "x-acs-extra": "1"}
    assert send(sts, "/", headers=unsigned).code == "SignatureDoesNotMatch"


def test_the_newer_signature_is_as_alibaba_documents_it() -> None:
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    query = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
    text = signatures.acs3_string_to_sign("POST", "/", query=query, headers=headers, signed=sorted(headers), body=b"")
    assert text == "ACS3-HMAC-SHA256\n7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259"
    signature = signatures.acs3_signature("YourAccessKeySecret", text)
    assert signature == "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"


# ---- TLS ----


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("wrong-host", "Hostname mismatch"),
        ("expired", "certificate has expired"),
        ("unknown-ca", "unable to get local issuer|self.signed|signature failure"),
    ],
)
def test_a_bad_certificate_keeps_clients_from_asking(tmp_path: Path, certificate: Any, reason: str) -> None:
    with LocalSts(tmp_path, certificate=certificate) as sts:
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            assume(sts)
        assert (sts.requests_seen, sts.calls) == (0, [])
        assert sts.connections_seen == 1


def test_a_careless_client_is_found_out(tmp_path: Path) -> None:
    with LocalSts(tmp_path, certificate="wrong-host") as sts:
        careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        careless.check_hostname = False
        careless.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(sts.endpoint, context=careless, timeout=10)
        connection.request("POST", sign(key_of(sts), "GetCallerIdentity"))
        assert connection.getresponse().status == 200
        connection.close()
        assert sts.requests_seen == 1


def test_the_name_that_the_client_sends_is_noted(sts: LocalSts) -> None:
    """A client without SNI would show as None."""
    assume(sts)
    assert sts.server_names == ["localhost"]


def test_plain_http_gets_no_answer(sts: LocalSts) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sts.port, timeout=10)
    connection.request("POST", "/")
    with pytest.raises((OSError, http.client.HTTPException)):
        connection.getresponse()
    connection.close()
    assert sts.requests_seen == 0


# ---- the faults ----


@pytest.mark.parametrize(
    ("kind", "calls", "issued"),
    [
        ("reset-on-accept", 0, 0),
        ("reset-after-handshake", 0, 0),
        ("reset-after-request", 1, 0),
        ("reset-mid-answer", 1, 1),
    ],
)
def test_a_connection_that_breaks_leaves_a_call_only_after_the_request(
    sts: LocalSts, kind: str, calls: int, issued: int
) -> None:
    """An answer that was lost was a session anyway."""
    sts.fault(kind)
    with pytest.raises((OSError, http.client.HTTPException)):
        assume(sts)
    assert [one.fault for one in sts.calls] == [kind] * calls
    assert len(sts.issued) == issued
    assert assume(sts).status == 200
    assert len(sts.calls) == calls + 1


@pytest.mark.parametrize("kind", ["hang", "hang-in-handshake", "slow", "delay:60"])
def test_what_hangs_goes_on_until_it_is_healed(sts: LocalSts, kind: str) -> None:
    sts.fault(kind, times=None)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(assume, sts)
        time.sleep(0.3)
        assert not waiting.done()
        sts.heal()
        error = waiting.exception(timeout=60)
        assert error is None if kind == "delay:60" else isinstance(error, OSError | http.client.HTTPException)
    assert assume(sts).status == 200


def test_a_slow_answer_keeps_a_timeout_per_read_from_firing(sts: LocalSts) -> None:
    """Each byte comes in time, the whole does not: only a deadline in total helps."""
    sts.seconds_per_byte = 0.005
    sts.fault("slow")
    began = time.monotonic()
    assert send(sts, sign(key_of(sts), "GetCallerIdentity"), timeout=2).status == 200
    assert time.monotonic() - began > 2


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("internal-error", 500, "InternalError"),
        ("503", 503, "ServiceUnavailable"),
        ("throttling", 400, "Throttling.User"),
        ("throttling-429", 429, "Throttling.User"),
        ("escape-in-message", 403, "NoPermission"),
        ("code:Throttling.Api:400", 400, "Throttling.Api"),
    ],
)
def test_a_refusal_can_be_ordered(sts: LocalSts, kind: str, status: int, code: str) -> None:
    sts.fault(kind)
    answer = assume(sts)
    assert (answer.status, answer.code) == (status, code)
    assert (sts.calls[0].status, sts.calls[0].code) == (status, code)
    assert assume(sts).status == 200


@pytest.mark.parametrize(
    ("kind", "status", "size"),
    [
        ("html-200", 200, 50),
        ("html-502", 502, 50),
        ("500", 500, 50),
        ("captive-portal", 302, 50),
        ("empty", 200, 0),
        ("redirect", 307, 0),
        ("huge", 200, 10 << 20),
        ("truncated-json", 200, 400),
    ],
)
def test_an_answer_can_be_nonsense(sts: LocalSts, kind: str, status: int, size: int) -> None:
    """What proxies, portals and broken servers send is not STS's JSON."""
    sts.fault(kind)
    answer = assume(sts)
    assert answer.status == status
    assert len(answer.body) >= size
    if kind != "huge":
        with pytest.raises(ValueError, match=r"."):
            json.loads(answer.body)


@pytest.mark.parametrize(
    ("kind", "is_so"),
    [
        ("missing-id", lambda session, arn: "AccessKeyId" not in session),
        ("missing-secret", lambda session, arn: "AccessKeySecret" not in session),
        ("missing-token", lambda session, arn: "SecurityToken" not in session),
        ("missing-expiration", lambda session, arn: "Expiration" not in session),
        ("expired-answer", lambda session, arn: session["Expiration"] == "2020-01-01T00:00:00Z"),
        ("expiration-without-zone", lambda session, arn: not session["Expiration"].endswith("Z")),
        ("other-account-arn", lambda session, arn: ":9999999999999999:" in arn),
        ("other-role-arn", lambda session, arn: "/another-role/" in arn),
        ("other-session-arn", lambda session, arn: "/another-session" in arn),
    ],
)
def test_a_session_can_be_incomplete_or_useless_or_somebody_elses(
    sts: LocalSts, kind: str, is_so: Callable[[dict[str, str], str], bool]
) -> None:
    sts.fault(kind)
    document = assume(sts).document
    assert is_so(document["Credentials"], document["AssumedRoleUser"]["Arn"])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("quote-in-token", "'\""),
        ("command-in-token", "$(touch "),
        ("nul-in-token", "\x00"),
        ("non-ascii-token", "✓"),
        ("megabyte-token", "A" * (1 << 20)),
        ("newline-in-secret", "\n"),
    ],
)
def test_a_token_or_secret_can_hold_anything(sts: LocalSts, kind: str, text: str) -> None:
    """What is odd is what was issued: it counts as this session's to the letter."""
    sts.fault(kind)
    session = assume(sts).key
    assert text in (session.secret if kind == "newline-in-secret" else session.token)
    assert session.token == sts.issued[0].token
    # Longer than an HTTP server reads a request's first line.
    if kind != "megabyte-token":
        assert call(sts, session, "GetCallerIdentity").status == 200


def test_faults_queue_up_and_wait_for_their_action(sts: LocalSts) -> None:
    sts.fault("internal-error", times=2, action="AssumeRole")
    sts.fault("throttling")
    codes = [call(sts, key_of(sts), "GetCallerIdentity").code, *(assume(sts).code for _ in range(3))]
    assert codes == ["Throttling.User", "InternalError", "InternalError", ""]


def test_a_fault_for_ever_lasts_until_healed(sts: LocalSts) -> None:
    sts.fault("503", times=None)
    assert {assume(sts).status for _ in range(4)} == {503}
    sts.heal()
    assert assume(sts).status == 200


def test_a_mistyped_fault_is_an_error(sts: LocalSts) -> None:
    """A test with a fault that never happens would pass for nothing."""
    with pytest.raises(ValueError, match="no such fault"):
        sts.fault("reset-on-acept")


# ---- the server itself ----


def test_fifty_clients_at_once_are_served(sts: LocalSts) -> None:
    dawdlers = [socket.create_connection(("127.0.0.1", sts.port)) for _ in range(10)]
    began, gate = time.monotonic(), threading.Barrier(50)

    def ask() -> Answer:
        target = sign(key_of(sts), "AssumeRole", RoleArn=sts.role_arn, RoleSessionName="alice")
        gate.wait()
        return send(sts, target, timeout=30)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: ask(), range(50)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.key for answer in answers}) == len(sts.calls) == 50
    assert time.monotonic() - began < 60
    for dawdler in dawdlers:
        dawdler.close()


def test_a_connection_serves_more_than_one_call(sts: LocalSts) -> None:
    context = ssl.create_default_context(cafile=str(sts.ca_file))
    connection = http.client.HTTPSConnection(sts.endpoint, context=context, timeout=10)
    for _ in range(3):
        connection.request("POST", sign(key_of(sts), "GetCallerIdentity"))
        assert connection.getresponse().read().startswith(b"{")
    connection.close()
    assert (sts.connections_seen, sts.requests_seen) == (1, 3)


def test_a_closed_server_is_gone(tmp_path: Path) -> None:
    with LocalSts(tmp_path) as sts:
        pass
    with pytest.raises(OSError, match=r"."):
        assume(sts)


def test_counts_can_be_cleared(sts: LocalSts) -> None:
    """What is forgotten is what the test looks at, not what the server has to know."""
    assume(sts)
    session = sts.issued[0]
    sts.clear_calls()
    assert (sts.calls, sts.requests_seen, sts.connections_seen) == ([], 0, 0)
    assert sts.issued == [session]
