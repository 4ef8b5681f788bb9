"""One call to ECS with the environment's session, by aliyun-python-sdk-ecs. Prints the answer."""

import os

from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest

names = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN")
client = AcsClient(
    region_id=os.environ["ALIBABA_CLOUD_REGION_ID"],
    credential=StsTokenCredential(*(os.environ[name] for name in names)),
)
request = DescribeInstancesRequest()
request.set_endpoint(os.environ["ALIBABA_CLOUD_STS_ENDPOINT"])
request.set_protocol_type("https")
print(client.do_action_with_exception(request).decode())
