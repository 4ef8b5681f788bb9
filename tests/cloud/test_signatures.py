"""The newer signature of Alibaba's API is verified by the local STS, and is as Alibaba documents it."""

from __future__ import annotations

import hashlib
import uuid
from urllib.parse import urlencode

from cloud import signatures
from cloud.api_client import Key, key_of, send
from cloud.local_sts import LocalSts
from cloud.world import timestamp


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
