"""Stand-ins for what roles are used for: a few actions of ECS, KMS and OSS, allowed by role and session policy."""

from __future__ import annotations

from typing import Any

from cloud.signatures import Request
from cloud.world import Identity

ECS = {
    "DescribeInstances": "instance/*",
    "DescribeInstanceVncUrl": "instance/{InstanceId}",
    "DescribeUserData": "instance/{InstanceId}",
    "StopInstance": "instance/{InstanceId}",
    "DeleteInstance": "instance/{InstanceId}",
}
KMS = {
    "ListKeys": "key",
    "DescribeKey": "key/{KeyId}",
    "ListSecrets": "secret/*",
    "GetSecretValue": "secret/{SecretName}",
}
VERSIONS = {**dict.fromkeys(ECS, "2014-05-26"), **dict.fromkeys(KMS, "2016-01-20")}
"""The version of the API that knows each action."""

SECRET_VALUE = "open sesame"
"""The secret in KMS, and the content of each object in OSS: whoever gets it could read data."""


def is_allowed(request: Request, identity: Identity) -> bool:
    """Return whether the identity may make the request."""
    service = request.service or ("ecs" if request.action in ECS else "kms")
    return identity.is_allowed(f"{service}:{request.action}", _resource(service, request, identity.account))


def answer(request: Request) -> dict[str, Any]:
    """Return the answer of the service to an allowed request."""
    if request.action == "DescribeInstances":
        return _instances(request.parameters["RegionId"])
    if request.action == "GetSecretValue":
        return {"SecretName": request.parameters.get("SecretName", ""), "SecretData": SECRET_VALUE}
    if request.action == "GetObject":
        return {"Content": SECRET_VALUE}
    return {}


def _resource(service: str, request: Request, account: str) -> str:
    given = request.parameters
    if service == "oss":
        return f"acs:oss:*:{account}:" + ("/".join(filter(None, (given["bucket"], given["key"]))) or "*")
    relative = (ECS if service == "ecs" else KMS)[request.action]
    for name in ("InstanceId", "KeyId", "SecretName"):
        relative = relative.replace(f"{{{name}}}", given.get(name) or "*")
    return f"acs:{service}:{given.get('RegionId') or 'cn-hangzhou'}:{account}:{relative}"


def _instances(region: str) -> dict[str, Any]:
    instances = [
        {"InstanceId": f"i-bp1{name}", "InstanceName": name, "RegionId": region, "Status": "Running"}
        for name in ("web", "db")
    ]
    return {"PageNumber": 1, "PageSize": 10, "TotalCount": len(instances), "Instances": {"Instance": instances}}
