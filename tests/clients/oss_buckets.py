"""The buckets at the address of the first argument as the environment's session, by oss2 and alibabacloud-oss-v2."""

import sys

import alibabacloud_oss_v2 as oss
import oss2
from oss2.credentials import EnvironmentVariableCredentialsProvider

endpoint = sys.argv[1]
authentication = oss2.ProviderAuthV4(EnvironmentVariableCredentialsProvider())
print(oss2.Service(authentication, endpoint, region="cn-hangzhou").list_buckets().buckets)

configuration = oss.config.load_default()
configuration.credentials_provider = oss.credentials.EnvironmentVariableCredentialsProvider()
configuration.region = "cn-hangzhou"
configuration.endpoint = endpoint
print(oss.Client(configuration).list_buckets(oss.ListBucketsRequest()).buckets)
