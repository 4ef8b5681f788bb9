"""A program that works with the account in its environment, as a user's own would: one call to ECS or KMS.

    python tests/support/cloud_call.py HOST:PORT ecs:DescribeInstances RegionId=cn-hangzhou

Prints the answer and ends 0; a refusal goes to stderr with its HTTP status, and ends 1.
"""

import http.client
import json
import os
import sys

from aliyunsdkcore.request import RpcRequest

VERSIONS = {"ecs": "2014-05-26", "kms": "2016-01-20"}


def main(endpoint: str, operation: str, *parameters: str) -> int:
    """Call `operation` (SERVICE:ACTION) with `parameters` (NAME=VALUE) at `endpoint`; return the exit status."""
    names = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
    key_id, secret, token = (os.environ.get(f"ALIBABA_CLOUD_{name}", "") for name in names)
    if not key_id:
        sys.exit("cloud: the environment has no key; try: role-env use profileB")
    service, _, action = operation.partition(":")
    request = RpcRequest(service.capitalize(), VERSIONS[service], action)
    request.set_method("POST")
    request.set_accept_format("JSON")
    for name, value in (parameter.split("=", 1) for parameter in parameters):
        request.add_query_param(name, value)
    if token:  # only a session has one
        request.add_query_param("SecurityToken", token)
    connection = http.client.HTTPSConnection(endpoint, timeout=60)
    connection.request("POST", request.get_url("cn-hangzhou", key_id, secret), body=b"")
    response = connection.getresponse()
    answer = response.read().decode()
    if response.status != 200:
        document = json.loads(answer)
        print(f"{action}: {response.status} {document['Code']}: {document['Message']}", file=sys.stderr)
        return 1
    print(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
