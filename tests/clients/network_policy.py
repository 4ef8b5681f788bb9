"""Set the network policy of a key, and print what it is then, with the SDK of IMS.

python network_policy.py ENDPOINT ID SECRET POLICY
"""

import os
import sys

from alibabacloud_ims20190815.client import Client
from alibabacloud_ims20190815.models import GetAccessKeyPolicyRequest, SetAccessKeyPolicyRequest
from alibabacloud_tea_openapi.models import Config

endpoint, key_id, secret, policy = sys.argv[1:]
client = Client(
    Config(
        access_key_id=key_id,
        access_key_secret=secret,
        endpoint=endpoint,
        protocol="https",
        ca=os.environ["SSL_CERT_FILE"],
    )
)
client.set_access_key_policy(SetAccessKeyPolicyRequest(user_access_key_id=key_id, access_key_policy=policy))
print(client.get_access_key_policy(GetAccessKeyPolicyRequest(user_access_key_id=key_id)).body.access_key_policy)
