"""A policy is evaluated as Alibaba's description of its language says."""

import json

import pytest

from cloud import policies


def statement(effect: str = "Allow", resource: object = "*", **elements: object) -> dict[str, object]:
    return {"Effect": effect, "Resource": resource, **elements}


def policy(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "1", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("pattern", "action", "fits"),
    [
        ("*", "ecs:DescribeInstances", True),
        ("*:Describe*", "ecs:DescribeInstances", True),
        ("*:Describe*", "ecs:DeleteInstance", False),
        ("ecs:describeinstances", "ecs:DescribeInstances", True),
        ("ecs:Describe", "ecs:DescribeInstances", False),
        ("oss:Get?bject", "oss:GetObject", True),
        ("oss:GetObject?", "oss:GetObject", False),
        ("oss:GetObject*", "oss:GetObject", True),
        ("cs:Describe*Kubeconfig", "cs:DescribeClusterUserKubeconfig", True),
    ],
)
def test_an_action_is_meant_by_a_pattern_whatever_its_case(pattern: str, action: str, fits: bool) -> None:
    assert policies.allows(policy(statement(Action=pattern)), action, "*") == fits
    assert policies.allows(policy(statement(NotAction=[pattern])), action, "*") != fits


@pytest.mark.parametrize(
    ("pattern", "resource", "fits"),
    [
        ("acs:oss:*:*:bucket/*", "acs:oss:*:222:bucket/a/b", True),
        ("acs:oss:*:*:bucket/*", "acs:oss:*:222:bucket", False),
        ("acs:oss:*:*:Bucket", "acs:oss:*:222:bucket", False),
        ("acs:oss:*:*:bucket?", "acs:oss:*:222:bucket1", True),
        ("acs:ram:*:222:role/a", "acs:ram::222:role/a", True),
        ("acs:oss:*:*:[ab]", "acs:oss:*:222:a", False),
    ],
)
def test_a_resource_is_meant_by_a_pattern_in_its_own_case(pattern: str, resource: str, fits: bool) -> None:
    assert policies.allows(policy(statement(Action="*", resource=[pattern])), "oss:GetObject", resource) == fits


def test_what_no_statement_allows_is_denied() -> None:
    assert not policies.allows(policy(), "ecs:DescribeInstances", "*")
    assert not policies.allows(policy(statement("Deny", Action="oss:*")), "ecs:DescribeInstances", "*")


def test_a_deny_outweighs_every_allow_in_any_order() -> None:
    both = [statement(Action="*"), statement("Deny", Action="kms:GetSecretValue")]
    for order in (both, both[::-1]):
        assert policies.allows(policy(*order), "kms:ListSecrets", "*")
        assert not policies.allows(policy(*order), "kms:getsecretvalue", "*")


def test_a_deny_of_all_but_some_narrows_the_other_statements_to_these() -> None:
    narrowed = policy(statement(Action="ecs:*"), statement("Deny", NotAction=["*:Describe*", "*:List*"]))
    assert policies.allows(narrowed, "ecs:DescribeInstances", "*")
    assert not policies.allows(narrowed, "ecs:StopInstance", "*")
    assert not policies.allows(narrowed, "kms:ListKeys", "*")


def test_a_condition_never_widens() -> None:
    condition = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}
    assert not policies.allows(policy(statement(Action="*", Condition=condition)), "ecs:RunInstances", "*")
    denied = policy(statement(Action="*"), statement("Deny", Action="ecs:*", Condition=condition))
    assert not policies.allows(denied, "ecs:RunInstances", "*")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"Statement": []}',
        '{"Version": "2", "Statement": []}',
        '{"Version": "1", "Statement": {}}',
        policy({"Action": "*", "Resource": "*"}),
        policy(statement("allow", Action="*")),
        policy({"Effect": "Allow", "Action": "*"}),
        policy(statement()),
        policy(statement(Action="*", NotAction="*")),
        policy(statement(Action=[])),
        policy(statement(Action=1)),
        policy(statement(Action="DescribeInstances")),
        policy(statement(Action="*", Actions="*")),
    ],
)
def test_a_policy_against_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(policies.PolicyError):
        policies.parse(text)
