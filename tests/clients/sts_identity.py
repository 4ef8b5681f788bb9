"""Who the SDK's default credentials are, as STS answers; with SECONDS again and again for so long.

    python sts_identity.py [SECONDS]

Prints a line `<access key id> <ARN>` a call.
"""

import os
import sys
import time

from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_sts20150401.client import Client
from alibabacloud_tea_openapi.models import Config

end = time.monotonic() + float("".join(sys.argv[1:]) or 0)
credentials = Credentials()
client = Client(
    Config(
        credential=credentials,
        endpoint=os.environ["ALIBABA_CLOUD_STS_ENDPOINT"],
        protocol="https",
        ca=os.environ["SSL_CERT_FILE"],
    )
)
while True:
    key_id = credentials.get_credential().access_key_id
    print(key_id, client.get_caller_identity().body.arn, flush=True)
    if time.monotonic() >= end:
        break
    time.sleep(0.5)
