"""The read-only policy: what it refuses, what it leaves, and how long it is."""

import json
import re

import pytest

from cloud.policies import allows, matches
from role_env.profiles import policies
from support.documents import topic

LONGEST_ALWAYS = 1100
"""The characters, with what is always denied, that leave room for a profile's own policy."""

REVEALING = {
    "secrets": """
        alikafka:DescribeSaslUsers amqp:ListAccounts apigateway:DescribeAppSecurities apigateway:DescribeAppSecurity
        apigateway:DescribeDomain apigateway:DescribeSignatures arms:GetPrometheusApiToken
        cdn:DescribeCdnDomainConfigs cms:DescribeMonitoringAgentAccessKey dataworks:GetDataServiceApplication
        ecd:DescribeUsersPassword edas:ListK8sSecrets eventbridge:GetConnection eventbridge:GetEventStreaming
        eventbridge:ListConnections gpdb:GetSecretValue iot:BatchQueryDeviceDetail iot:QueryDeviceDetail
        iot:QueryProduct kms:BatchGetSecretValue kms:GetSecretValue oos:GetSecretParameter
        oos:GetSecretParametersByPath ram:GetAppSecret rocketmq:GetInstanceAccount rtc:DescribeAppKey
        sae:DescribeSecret ververica:ListSecretValues vpc:DescribeBgpGroups vpc:DescribeVpnConnection
        vpc:ListIpsecServers yundun-cert:DescribeCertificateState yundun-cert:DescribeSSLCertificatePrivateKey
        yundun-cert:GetCsrDetail yundun-cert:GetUserCertificateDetail""",
    "ways in": """
        adcp:DescribeHubClusterKubeconfig computenestsupplier:GetArtifactRepositoryCredentials
        computenestsupplier:GetUploadCredentials cr:GetAuthorizationToken cs:DescribeClusterAttachScripts
        cs:DescribeClusterUserKubeconfig cs:DescribeExternalAgent cs:DescribeSubaccountK8sClusterUserConfig
        ecd:GetConnectionTicket ecs:DescribeInstanceVncUrl edas:GetSecureToken ens:DescribeClusterKubeConfig
        ens:DescribeInstanceVncUrl pai-dlc:GetWebTerminal rds:DescribeHostWebShell
        servicemesh:DescribeServiceMeshKubeconfig swas-open:DescribeInstanceVncUrl vpc:DescribeSslVpnClientCert""",
    "stored data": """
        alikafka:QueryMessage amqp:QueryMessageByQueueName dataworks:GetInstanceLog dcdn:GetDcdnKv
        dds:DescribeAuditRecords dds:DescribeBackups dhs:GetRecords eci:DescribeContainerLog esa:GetKv
        kvstore:DescribeAuditRecords rds:DescribeSlowLogRecords rocketmq:ListMessages sae:DescribeInstanceLog
        dds:DescribeRunningLogRecords dms:GetDataExportDownloadURL dysms:QuerySendDetails kvstore:DescribeBackups
        log:GetCursorOrData log:GetLogStoreContextLogs log:GetLogStoreLogs log:GetProjectLogs oss:GetObject
        oss:GetObjectVersion ots:BatchGetRow ots:GetRange ots:GetRow ots:GetStreamRecord polardb:DescribeBackupLogs
        rds:DescribeBackups rds:DescribeBinlogFiles rds:DescribeLogBackupFiles rds:DescribeSQLLogRecords
        vod:GetMezzanineInfo vod:GetPlayInfo""",
    "what programs are given and print": """
        cs:DescribeClusterNodePools eas:DescribeService eci:DescribeContainerGroups ecs:DescribeCommands
        ecs:DescribeInvocationResults ecs:DescribeInvocations ecs:DescribeLaunchTemplateVersions
        ecs:DescribeSendFileResults ecs:DescribeUserData ecs:GetInstanceConsoleOutput ecs:GetInstanceScreenshot
        ess:DescribeScalingConfigurations fc:GetFunction fc:GetFunctionCode mse:GetNacosConfig
        sae:DescribeApplicationConfig""",
}
"""Actions that are named like reading and give something away, each in its class, spelled as the services do."""

FURTHER = {
    "secrets": """
        agentloop:GetContextStoreAPIKey agentrun:GetModelService apig:ListServices eiam:GetApplicationSsoConfig
        log:GetS3Ingestion mse:GetGatewayAuthDetail polardb:DescribeApikeyAttribute sas:ListPrivateRegistryList""",
    "ways in": """
        appstream-center:GetAuthCode ccc:GetLoginDetails imm:GetWebofficeURL pds:GetShareLink vod:GetVideoPlayAuth""",
    "stored data": """
        cs:DescribeClusterLogs das:DescribeAuditLogs esa:GetKvDetail oos:GetParameter oos:GetParametersByPath
        pds:GetFile rds:DescribeErrorLogs rds:DescribeSlowLogRecords swas-open:DescribeDatabaseErrorLogs""",
    "what programs are given and print": """
        adp:GetEnvironment edas:ListK8sConfigMaps oos:ListExecutions sae:ListNamespacedConfigMaps""",
}
"""Actions that are refused too, unless the profile's own policy leaves no room."""

PLAIN = """
    alidns:DescribeDomainRecords cms:DescribeMetricList cs:DescribeClustersV1 ecs:DescribeInstances
    ecs:DescribeSecurityGroups kms:DescribeKey kms:ListKeys kms:ListSecrets log:GetLogStore log:ListProject
    oss:ListBuckets oss:ListObjects privatelink:ListVpcEndpointConnections ram:GetPasswordPolicy ram:GetPolicy
    ram:GetRole ram:ListAccessKeys ram:ListUsers rds:DescribeBackupPolicy rds:DescribeDBInstances rds:QueryNotify
    slb:DescribeLoadBalancers sts:GetCallerIdentity vpc:DescribeFlowLogs vpc:DescribeVpcs"""

CHANGING = """
    ecs:DeleteInstance kms:Decrypt kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext oss:PutObject
    ram:CreateAccessKey sts:AssumeRole"""


def own_policy(length: int) -> str:
    """A profile's own policy of so many characters, which allows everything."""
    statement = {"Effect": "Allow", "Action": ["*", "ecs:"], "Resource": "*"}
    written = json.dumps({"Version": "1", "Statement": [statement]}, separators=(",", ":"))
    return written.replace("ecs:", f"ecs:{'x' * (length - len(written))}")


@pytest.mark.parametrize("title", REVEALING)
def test_a_read_only_session_is_refused_what_gives_something_away(title: str) -> None:
    policy = policies.read_only()
    narrowed = policies.read_only(own_policy(900))
    for action in REVEALING[title].split():
        assert not allows(policy, action, "*")
        assert not allows(narrowed, action, "*")


@pytest.mark.parametrize("title", REVEALING)
def test_a_pattern_fits_the_action_as_it_is_spelled(title: str) -> None:
    # RAM compares without case "in most cases"; this is for the others.
    patterns = " ".join(policies.REVEALING.values()).split()
    assert not [a for a in REVEALING[title].split() if not any(matches(pattern, a) for pattern in patterns)]


def test_plain_reading_stays_allowed_and_changing_is_refused() -> None:
    for policy in (policies.read_only(), policies.read_only(own_policy(900))):
        assert [action for action in PLAIN.split() if not allows(policy, action, "*")] == []
        assert [action for action in CHANGING.split() if allows(policy, action, "*")] == []


def denied(policy: str) -> list[str]:
    """The patterns that a read-only policy denies."""
    *_, revealing = json.loads(policy)["Statement"]
    return list(revealing["Action"])


def test_what_is_always_denied_leaves_room_for_a_policy_of_900_characters() -> None:
    always = " ".join(policies.REVEALING.values()).split()
    alone = policies.read_only()
    length = len(alone) - sum(len(f',"{pattern}"') for pattern in denied(alone)[len(always) :])
    assert length <= LONGEST_ALWAYS
    own = own_policy(900)
    assert len(own) == 900
    assert denied(policies.read_only(own))[: len(always)] == always


@pytest.mark.parametrize("length", [0, 100, 300, 500, 700, 900, 960])
def test_as_many_further_patterns_are_denied_as_sts_accepts(length: int) -> None:
    policy = policies.read_only(own_policy(length) if length else "")
    every = " ".join((*policies.REVEALING.values(), *policies.FURTHER.values())).split()
    found = denied(policy)
    assert found == every[: len(found)]
    assert len(policy) <= policies.LONGEST
    assert found == every or len(policy) + len(f',"{every[len(found)]}"') > policies.LONGEST


@pytest.mark.parametrize("title", FURTHER)
def test_without_a_policy_of_the_profile_further_actions_are_refused(title: str) -> None:
    policy = policies.read_only()
    assert denied(policy)[-1] == " ".join(policies.FURTHER.values()).split()[-1]
    assert [action for action in FURTHER[title].split() if allows(policy, action, "*")] == []


def test_the_reference_has_each_pattern_in_its_class_and_no_other() -> None:
    section = topic("security").read_text("utf-8").split("## What --read-only refuses")[1].split("\n## ")[0]
    classes = re.findall(r"^- ([^:]+): ((?:`[^`]+`[,.]\s*)+)", section, re.MULTILINE)
    assert [(title, re.findall(r"`([^`]+)`", text)) for title, text in classes] == [
        (title, patterns.split()) for title, patterns in (*policies.REVEALING.items(), *policies.FURTHER.items())
    ]
