"""The local STS refuses what the real one refuses: otherwise a test that passes against it proves nothing.

Requests are signed by Alibaba's own SDK and carried by http.client. What it answers well, each other test goes through.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from cloud import signatures
from cloud.api_client import Key, assume, call, key_of, send, sign
from cloud.local_sts import LocalSts
from cloud.world import ACCOUNT_A, ACCOUNT_B, ACCOUNT_C, EXTERNAL_ID, Role, role_arn


def resigned(target: str, key: Key, **changes: str) -> str:
    """The same request with other parameters, and a signature that fits them."""
    parameters = {**dict(parse_qsl(urlsplit(target).query)), **changes}
    text = signatures.rpc_string_to_sign("POST", parameters)
    parameters["Signature"] = signatures.rpc_signature(key.secret, text)
    return "/?" + urlencode(parameters)


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
