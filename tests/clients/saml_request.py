"""Send AssumeRoleWithSAML by the SDK of STS, to the endpoint of the environment.

python saml_request.py PROVIDER ROLE ASSERTION DURATION POLICY
"""

import contextlib
import os
import sys

from alibabacloud_sts20150401.client import Client
from alibabacloud_sts20150401.models import AssumeRoleWithSAMLRequest
from alibabacloud_tea_openapi.models import Config

provider, role, assertion, duration, policy = sys.argv[1:]
client = Client(
    Config(endpoint=os.environ["ALIBABA_CLOUD_STS_ENDPOINT"], protocol="https", ca=os.environ["SSL_CERT_FILE"])
)
request = AssumeRoleWithSAMLRequest(
    samlprovider_arn=provider,
    role_arn=role,
    samlassertion=assertion,
    duration_seconds=int(duration),
    policy=policy,
)
with contextlib.suppress(Exception):  # the answer is not what this is about
    client.assume_role_with_saml(request)
