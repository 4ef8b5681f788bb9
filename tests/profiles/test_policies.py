"""Session policies: their text and length, and what the read-only policy refuses and leaves."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.policies import allows, matches
from role_env.profiles import policies
from support.documents import topic

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=10), VALUES, max_size=4), st.sampled_from([None, 1, "\t"]))
def test_a_policy_without_white_space_means_the_same(document: dict[str, object], indent: int | str | None) -> None:
    wanted = json.dumps(document, separators=(",", ":"))
    written = json.dumps(document, indent=indent)
    if len(wanted) > policies.LONGEST:
        with pytest.raises(policies.PolicyError, match=f"contains {len(wanted)} characters"):
            policies.compact(written)
        return
    text = policies.compact(written)
    assert text == wanted
    assert json.loads(text) == document


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '"text"', '{"a": 1', "[" * 100_000])
def test_what_is_not_a_policy_in_json_is_refused(text: str) -> None:
    with pytest.raises(policies.PolicyError, match="not a policy in JSON"):
        policies.compact(text)


TWICE = '{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Eff\\u0065ct": "Allow"}]}'
AMBIGUOUS = {
    TWICE: "has the key Effect twice",
    '{"Statement": [], "Version": "1", "Statement": []}': "has the key Statement twice",
    '{"Version": NaN}': "contains the number NaN",
    '{"Version": -Infinity}': "contains the number -Infinity",
    '{"Version": 1e999}': "contains the number 1e999",
    '{"Version": "\\ud800"}': "contains half of a character",
}
"""Policies that one reader may understand as something else than another, and what is said of them."""


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_a_policy_that_readers_understand_in_different_ways_is_refused(text: str) -> None:
    for read in (policies.compact, policies.read_only):
        with pytest.raises(policies.PolicyError, match=AMBIGUOUS[text]):
            read(text)


def test_a_policy_whose_statements_may_replace_the_added_ones_is_refused() -> None:
    with pytest.raises(policies.PolicyError, match="has the key statement, which may replace Statement"):
        policies.read_only('{"Version": "1", "statement": []}')


def test_white_space_outside_strings_does_not_count_toward_the_length() -> None:
    longest = '{"a":' + " " * 5000 + '"' + "x" * (2048 - len('{"a":""}')) + '"}'
    assert len(policies.compact(longest)) == policies.LONGEST
    with pytest.raises(policies.PolicyError, match="contains 2049 characters"):
        policies.compact(longest.replace('"x', '"xx'))


@pytest.mark.parametrize("as_list", [True, False])
def test_with_a_policy_of_its_own_a_profile_reads_no_more_than_that_allows(as_list: bool) -> None:
    statement = {"Effect": "Allow", "Action": ["ecs:*", "kms:*"], "Resource": "*"}
    own = json.dumps({"Version": "1", "Statement": [statement] if as_list else statement})
    policy = policies.read_only(own)
    assert allows(policy, "ecs:DescribeInstances", "*")
    for action in ("ecs:DeleteInstance", "oss:ListObjects", "kms:GetSecretValue", "ecs:DescribeInstanceVncUrl"):
        assert not allows(policy, action, "*")


def test_a_policy_that_leaves_no_room_for_reading_only_is_refused() -> None:
    own = policies.compact(json.dumps({"Version": "1", "Statement": [], "Note": "x" * 1500}))
    with pytest.raises(policies.PolicyError, match="together contain"):
        policies.read_only(own)


# ---- the read-only policy ----


LONGEST_ALONE = 1100
"""The characters, with what is always denied, that leave room for a profile's own policy."""

REVEALING = {
    "secrets": """
        alikafka:DescribeSaslUsers amqp:ListAccounts apigateway:DescribeAppSecurities apigateway:DescribeAppSecurity
        apigateway:DescribeDomain apigateway:DescribeSignatures arms:DescribeTraceLicenseKey arms:GetPrometheusApiToken
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
        ecd:GetConnectionTicket ecs:DescribeInstanceVncPasswd ecs:DescribeInstanceVncUrl edas:GetSecureToken
        ens:DescribeClusterKubeConfig ens:DescribeInstanceVncUrl pai-dlc:GetWebTerminal rds:DescribeHostWebShell
        servicemesh:DescribeServiceMeshKubeconfig swas-open:DescribeInstanceVncUrl vod:GetVideoPlayAuth
        vpc:DescribeSslVpnClientCert""",
    "stored data": """
        alikafka:QueryMessage amqp:QueryMessageByQueueName dataworks:GetInstanceLog dcdn:GetDcdnKv
        dds:DescribeAuditRecords dds:DescribeBackups dhs:GetRecords eci:DescribeContainerLog esa:GetKv
        kvstore:DescribeAuditRecords rds:DescribeSlowLogRecords rocketmq:ListMessages sae:DescribeInstanceLog
        dds:DescribeRunningLogRecords dms:GetDataExportDownloadURL dysms:QuerySendDetails kvstore:DescribeBackups
        log:GetCursorOrData log:GetLogStoreContextLogs log:GetLogStoreLogs log:GetProjectLogs oss:GetObject
        oss:GetObjectVersion ots:BatchGetRow ots:GetRange ots:GetRow ots:GetStreamRecord polardb:DescribeBackupLogs
        rds:DescribeBackups rds:DescribeBinlogFiles rds:DescribeLogBackupFiles rds:DescribeSQLLogRecords
        ccc:GetMonoRecording dms:GetDataCorrectSQLFile dts:DescribeDtsJobLogs gpdb:GetStatementResult
        oos:ListExecutionLogs oss:GetVectors oss:ListVectors oss:QueryVectors rds:DescribeErrorLogs rds:DescribeSlowLogs
        vod:GetMezzanineInfo vod:GetPlayInfo""",
    "what programs are given and print": """
        cs:DescribeClusterNodePools eas:DescribeService eci:DescribeContainerGroups ecs:DescribeCommands
        ecs:DescribeInvocationResults ecs:DescribeInvocations ecs:DescribeLaunchTemplateVersions
        ecs:DescribeSendFileResults ecs:DescribeUserData ecs:GetInstanceConsoleOutput ecs:GetInstanceScreenshot
        ess:DescribeScalingConfigurations fc:GetFunction fc:GetFunctionCode mse:GetNacosConfig
        sae:DescribeApplicationConfig""",
}
"""Actions that are named like reading and give something away, each in its class, spelled as the services do."""

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
def test_a_read_only_session_is_refused_actions_that_reveal_something(title: str) -> None:
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


def test_the_policy_leaves_room_for_a_profiles_own_of_900_characters() -> None:
    assert len(policies.read_only()) <= LONGEST_ALONE
    assert len(own := own_policy(900)) == 900
    assert len(policies.read_only(own)) <= policies.LONGEST


def test_the_reference_has_each_pattern_in_its_class_and_no_other() -> None:
    section = topic("security").read_text("utf-8").split("## What --read-only refuses")[1].split("\n## ")[0]
    classes = re.findall(r"^- ([^:]+): ((?:`[^`]+`[,.]\s*)+)", section, re.MULTILINE)
    assert [(title, re.findall(r"`([^`]+)`", text)) for title, text in classes] == [
        (title, patterns.split()) for title, patterns in policies.REVEALING.items()
    ]
