"""A program that works with the account in its environment, as a user's own would: one call to ECS, KMS or OSS.

    python tests/support/cloud_call.py HOST:PORT ecs:DescribeInstances RegionId=cn-hangzhou
    python tests/support/cloud_call.py HOST:PORT oss:GetObject /bucket/key

Prints the answer and ends 0; a refusal goes to stderr with its HTTP status, and ends 1.
"""

import base64
import email.utils
import hashlib
import hmac
import http.client
import json
import os
import re
import sys

from aliyunsdkcore.request import RpcRequest

VERSIONS = {"ecs": "2014-05-26", "kms": "2016-01-20"}
METHODS = {"Get": "GET", "Lis": "GET", "Put": "PUT", "Del": "DELETE"}


def main(endpoint: str, operation: str, *parameters: str) -> int:
    """Call `operation` (SERVICE:ACTION) at `endpoint`; return the exit status."""
    if not session()[0]:
        sys.exit("cloud: the environment has no key; try: role-env use profileB")
    service, _, action = operation.partition(":")
    method, path, headers = oss(action, *parameters) if service == "oss" else rpc(service, action, *parameters)
    connection = http.client.HTTPSConnection(endpoint, timeout=60)
    connection.request(method, path, body=b"", headers=headers)
    response = connection.getresponse()
    answer = response.read().decode()
    if response.status != 200:
        code, message = refusal(answer)
        print(f"{action}: {response.status} {code}: {message}", file=sys.stderr)
        return 1
    print(answer)
    return 0


def session() -> tuple[str, str, str]:
    """Return the ID, the secret and the token of the environment; the token of a user's key is empty."""
    names = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
    key_id, secret, token = (os.environ.get(f"ALIBABA_CLOUD_{name}", "") for name in names)
    return key_id, secret, token


def rpc(service: str, action: str, *parameters: str) -> tuple[str, str, dict[str, str]]:
    """Return method, path and headers of an RPC call with `parameters` (NAME=VALUE), signed by Alibaba's SDK."""
    key_id, secret, token = session()
    request = RpcRequest(service.capitalize(), VERSIONS[service], action)
    request.set_method("POST")
    request.set_accept_format("JSON")
    for name, value in (parameter.split("=", 1) for parameter in parameters):
        request.add_query_param(name, value)
    if token:
        request.add_query_param("SecurityToken", token)
    return "POST", request.get_url("cn-hangzhou", key_id, secret), {}


def oss(action: str, path: str = "/") -> tuple[str, str, dict[str, str]]:
    """Return method, path and headers of a call to OSS, with its signature of version 1."""
    key_id, secret, token = session()
    method, date = METHODS[action[:3]], email.utils.formatdate(usegmt=True)
    tokens = {"x-oss-security-token": token} if token else {}
    signed = "".join(f"{name}:{value}\n" for name, value in tokens.items())
    text = f"{method}\n\n\n{date}\n{signed}{path}"
    signature = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return method, path, {"Date": date, **tokens, "Authorization": f"OSS {key_id}:{signature}"}


def refusal(answer: str) -> tuple[str, str]:
    """Code and message, from JSON or XML."""
    if answer.startswith("{"):
        document = json.loads(answer)
        return document["Code"], document["Message"]
    found = [re.search(f"<{name}>(.*?)</{name}>", answer) for name in ("Code", "Message")]
    code, message = (match[1] if match else "" for match in found)
    return code, message


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
