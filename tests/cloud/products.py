"""Stand-ins for what roles are used for: a few actions of ECS and KMS, allowed by role and session policy."""

from __future__ import annotations

from cloud.answers import Document, Refused
from cloud.api_server import check_mandatory
from cloud.signatures import Request
from cloud.world import Identity

ECS = ("DescribeInstances", "DescribeInstanceVncUrl", "DescribeUserData", "StopInstance", "DeleteInstance")
KMS = ("ListKeys", "DescribeKey", "ListSecrets", "GetSecretValue")
VERSIONS = {**dict.fromkeys(ECS, "2014-05-26"), **dict.fromkeys(KMS, "2016-01-20")}
"""The version of the API that knows each action."""


def answer(request: Request, identity: Identity) -> Document:
    """Return the answer of the service. Raises Refused if the identity may not make the request."""
    if not identity.is_allowed(f"{'ecs' if request.action in ECS else 'kms'}:{request.action}", "*"):
        raise Refused("Forbidden.RAM")
    if request.action == "GetSecretValue":
        return {"SecretData": "open sesame"}
    if request.action != "DescribeInstances":
        return {}
    check_mandatory(request.parameters, ["RegionId"])
    found = {"RegionId": request.parameters["RegionId"], "Status": "Running"}
    instances = [{"InstanceId": f"i-bp1{name}", "InstanceName": name, **found} for name in ("web", "db")]
    return {"PageNumber": 1, "PageSize": 10, "TotalCount": len(instances), "Instances": {"Instance": instances}}
