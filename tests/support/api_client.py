"""A client of the local servers: signs as Alibaba's own SDK does, and carries the request by http.client."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any

from aliyunsdkcore.request import RpcRequest

from support.api_server import ApiServer
from support.local_sts import LocalSts


@dataclass(frozen=True)
class Key:
    """With what a request is signed."""

    id: str
    secret: str
    token: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body, which has to be JSON."""
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def code(self) -> str:
        """The code of a refusal, "" for a success."""
        return str(self.document.get("Code", ""))

    @property
    def key(self) -> Key:
        """The session that was issued."""
        credentials = self.document["Credentials"]
        return Key(credentials["AccessKeyId"], credentials["AccessKeySecret"], credentials["SecurityToken"])


def key_of(sts: LocalSts, user: str = "test_user1") -> Key:
    """Return the long-lived key of a user."""
    key = sts.world.key_of(user)
    return Key(key.id, key.secret)


def sign(key: Key, action: str, version: str = "2015-04-01", method: str = "POST", **parameters: str) -> str:
    """Return the path of a request, signed by the SDK."""
    request = RpcRequest("Sts", version, action)
    request.set_method(method)
    request.set_accept_format("JSON")
    for name, value in parameters.items():
        request.add_query_param(name, value)
    if key.token:
        request.add_query_param("SecurityToken", key.token)
    return str(request.get_url("cn-hangzhou", key.id, key.secret))


def send(
    server: ApiServer,
    target: str,
    *,
    method: str = "POST",
    body: str = "",
    headers: dict[str, str] | None = None,
    timeout: float = 10,
) -> Answer:
    """Carry a request over verified TLS."""
    context = ssl.create_default_context(cafile=str(server.ca_file))
    connection = http.client.HTTPSConnection(server.endpoint, context=context, timeout=timeout)
    try:
        connection.request(method, target, body or None, headers or {})
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


def call(server: ApiServer, key: Key, action: str, version: str = "2015-04-01", **parameters: str) -> Answer:
    """Sign and send."""
    return send(server, sign(key, action, version, **parameters))


def assume(sts: LocalSts, key: Key | None = None, role: str = "", **parameters: str) -> Answer:
    """Call AssumeRole, with defaults for all that the test is not about."""
    arn = role or sts.role_arn
    wanted = {"RoleArn": arn, "RoleSessionName": "alice", **parameters}
    return call(sts, key or key_of(sts), "AssumeRole", **wanted)
