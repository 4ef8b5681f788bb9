"""The local STS refuses what the real one refuses: otherwise a test that passes against it proves nothing.

Requests are signed by Alibaba's own SDK (by hand for the newer signature) and carried by http.client.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from aliyunsdksts.request.v20150401.AssumeRoleRequest import AssumeRoleRequest

from cloud import signatures
from cloud.api_client import Key, assume, call, key_of, send, sign
from cloud.local_sts import LocalSts
from cloud.world import ACCOUNT_A, ACCOUNT_B, ACCOUNT_C, EXTERNAL_ID, Role, role_arn

DENY_ECS = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"ecs:*","Resource":"*"}]}'


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
    (issued,) = sts.issued
    assert set(answer.document) == {"RequestId", "Credentials", "AssumedRoleUser"}
    assert set(answer.document["Credentials"]) == {"AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"}
    arn = f"acs:sts::{ACCOUNT_B}:assumed-role/switchrolesbc/alice@host"
    assert answer.document["AssumedRoleUser"]["Arn"] == arn
    assert answer.headers["x-acs-request-id"] == answer.document["RequestId"]
    assert "Date" in answer.headers
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


def test_a_clock_that_is_off_by_less_is_borne(sts: LocalSts) -> None:
    sts.clock_offset = -14 * 60
    assert assume(sts).status == 200
    assert abs(sts.issued[0].expiration - sts.now() - 3600) < 5


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
    ("user", "account", "role", "code"),
    [
        ("test_user1", ACCOUNT_B, "nosuchrole", "EntityNotExist.Role"),
        ("test_user1", ACCOUNT_B, "strangers", "NoPermission"),
        ("test_user1", ACCOUNT_B, "chain2", "NoPermission"),
        ("test_user1", ACCOUNT_C, "spoke1", "NoPermission"),
        ("test_user1", ACCOUNT_C, "trusting", "NoPermission"),
        ("test_user2", ACCOUNT_B, "switchrolesbc", "NoPermission"),
        ("root", ACCOUNT_B, "switchrolesbc", "NoPermission"),
    ],
)
def test_who_may_not_assume_a_role_is_refused(sts: LocalSts, user: str, account: str, role: str, code: str) -> None:
    """It takes the caller's permission and the role's trust; accounts themselves may not."""
    sts.world.add_role(Role(ACCOUNT_C, "trusting", {f"acs:ram::{ACCOUNT_A}:root"}))
    answer = assume(sts, key_of(sts, user), role_arn(account, role))
    assert answer.code == code
    assert set(answer.document) == {"RequestId", "HostId", "Code", "Message", "Recommend"}


def test_an_external_id_has_to_be_the_roles_own(sts: LocalSts) -> None:
    role = role_arn(ACCOUNT_B, "needsexternalid")
    assert assume(sts, role=role).code == "NoPermission"
    assert assume(sts, role=role, ExternalId="another").code == "NoPermission"
    assert assume(sts, role=role, ExternalId=EXTERNAL_ID).status == 200


def test_a_source_identity_goes_with_a_session_and_cannot_be_changed(sts: LocalSts) -> None:
    hub = assume(sts, role=role_arn(ACCOUNT_B, "hub"), SourceIdentity="alice").key
    spoke = role_arn(ACCOUNT_C, "spoke1")
    assert assume(sts, hub, spoke).document["SourceIdentity"] == "alice"
    assert assume(sts, hub, spoke, SourceIdentity="bob").code == "NoPermission"
