"""ECS in one region and Alibaba Cloud's list of its APIs, at their own names, for clients that take no endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloud import products
from cloud.answers import Answer, answer_json
from cloud.cloud_hosts import CloudHosts
from cloud.local_sts import LocalSts

REGION = "cn-hangzhou"
_ECS, _LIST = f"ecs.{REGION}.aliyuncs.com", "api.aliyun.com"
_OTHERS = {"Vpc": "2016-04-28", "Rds": "2014-08-15"}
_APIS = (
    *products.ECS,
    "DeleteInstances",
    "DescribeAccountAttributes",
    "DescribeAvailableResource",
    "DescribeDBInstances",
    "DescribeImages",
    "DescribeRegions",
    "DescribeSecurityGroups",
    "DescribeVSwitches",
    "DescribeVpcs",
    "DescribeZones",
)


class LocalEcs(CloudHosts):
    """The actions of `cloud.products`, checked and counted by `sts`, and what the list of APIs says of them.

    The list has more APIs than that, by name alone: those for which clients have a tool.
    """

    def __init__(self, sts: LocalSts) -> None:
        super().__init__(sts, (_ECS, _LIST))

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the answer of the host that is asked."""
        if headers.get("host") == _ECS:
            return self.sts.answer(method, target, headers, body)
        return answer_json(_described(target.removeprefix("/meta/v1/").removesuffix(".json").split("/")))


def _described(path: list[str]) -> Any:
    """Return the document of the list at `path`: all products, a product's APIs, or one API."""
    versions = {"Ecs": products.VERSIONS["DescribeInstances"], **_OTHERS}
    if path == ["products"]:
        rows = versions.items()
        return [{"code": code, "name": code, "defaultVersion": version, "style": "RPC"} for code, version in rows]
    if path[-1] == "overview":
        return {"apis": {name: {} for name in _APIS}}
    names = ["RegionId", "InstanceId"] if path[-2] in products.ECS else ["RegionId"]
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
    return {"methods": ["post"], "summary": path[-2], "parameters": parameters}
