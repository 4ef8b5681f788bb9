"""A program that works with the account in its environment, as a user's own would: one call to ECS.

    python tests/ecs.py HOST:PORT DescribeInstances RegionId=cn-hangzhou

Prints the answer and ends 0; a refusal goes to stderr with its HTTP status, and ends 1.
"""

import http.client
import json
import os
import sys

from aliyunsdkcore.request import RpcRequest


def main(endpoint: str, action: str, *parameters: str) -> int:
    """Calls `action` of ECS at `endpoint` with `parameters` (NAME=VALUE); returns the exit status."""
    request = RpcRequest("Ecs", "2014-05-26", action)
    request.set_method("POST")
    request.set_accept_format("JSON")
    for name, value in (parameter.split("=", 1) for parameter in parameters):
        request.add_query_param(name, value)
    request.add_query_param("SecurityToken", os.environ["ALIBABA_CLOUD_SECURITY_TOKEN"])
    key = os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"], os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
    connection = http.client.HTTPSConnection(endpoint, timeout=10)
    connection.request("POST", request.get_url("cn-hangzhou", *key), body=b"")
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status != 200:
        print(f"{action}: {response.status} {answer['Code']}: {answer['Message']}", file=sys.stderr)
        return 1
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
