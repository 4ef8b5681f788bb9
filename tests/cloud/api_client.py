"""A client of the local servers, which signs as Alibaba's own SDK does."""

from __future__ import annotations

from dataclasses import dataclass

from aliyunsdkcore.request import RpcRequest

from cloud.api_server import ApiServer
from cloud.local_sts import LocalSts
from support.https_client import HttpsClient, Received


@dataclass(frozen=True)
class Key:
    """The key that a request is signed with."""

    id: str
    secret: str
    token: str = ""


class Answer(Received):
    """A response."""

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
    timeout: float = 60,
) -> Answer:
    """Carry a request over verified TLS."""
    client = HttpsClient(server.endpoint, server.ca_file, timeout=timeout)
    return Answer(*client.ask(method, target, body.encode(), headers=headers))


def call(server: ApiServer, key: Key, action: str, version: str = "2015-04-01", **parameters: str) -> Answer:
    """Sign and send."""
    return send(server, sign(key, action, version, **parameters))


def assume(sts: LocalSts, key: Key | None = None, role: str = "", **parameters: str) -> Answer:
    """Call AssumeRole, with defaults for what the test does not name."""
    arn = role or sts.role_arn
    wanted = {"RoleArn": arn, "RoleSessionName": "alice", **parameters}
    return call(sts, key or key_of(sts), "AssumeRole", **wanted)
