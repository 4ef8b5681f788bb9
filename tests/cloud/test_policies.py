"""A policy is evaluated as Alibaba's description of its language says."""

import json

import pytest

from cloud import policies

ALLOW, DENY = {"Effect": "Allow", "Resource": "*"}, {"Effect": "Deny", "Resource": "*"}
SOME = {"Condition": {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}}


@pytest.mark.parametrize(
    ("statements", "allowed", "refused"),
    [
        ([], "", "ecs:DescribeInstances"),
        ([ALLOW | {"Action": "*"}], "ecs:DescribeInstances", ""),
        ([ALLOW | {"Action": "*:Describe*"}], "ecs:describeinstances", "ecs:DeleteInstance"),
        ([ALLOW | {"Action": ["ecs:x", "oss:Get?bject"]}], "oss:GetObject", "oss:Getbject"),
        ([ALLOW | {"Action": "oss:GetObject", "Resource": "acs:oss:*:*:Bucket/*"}], "", "oss:GetObject"),
        ([ALLOW | {"NotAction": "ecs:*"}], "oss:GetObject", "ecs:DescribeInstances"),
        ([DENY | {"Action": "kms:Get*"}, ALLOW | {"Action": "*"}], "kms:ListKeys", "kms:getsecretvalue"),
        ([ALLOW | {"Action": "ecs:*"}, DENY | {"NotAction": "*:List*"}], "ecs:ListTags", "ecs:StopInstance"),
        ([ALLOW | {"Action": "*"} | SOME], "", "ecs:RunInstances"),
        ([ALLOW | {"Action": "*"}, DENY | {"Action": "ecs:*"} | SOME], "oss:GetObject", "ecs:RunInstances"),
    ],
)
def test_an_action_needs_an_allow_that_no_deny_outweighs(
    statements: list[dict[str, object]], allowed: str, refused: str
) -> None:
    policy, bucket = json.dumps({"Version": "1", "Statement": statements}), "acs:oss:*:222:bucket/key"
    assert not allowed or policies.allows(policy, allowed, bucket)
    assert not refused or not policies.allows(policy, refused, bucket)
    with pytest.raises(policies.PolicyError):
        policies.parse(policy.replace('"Version": "1"', '"Version": "2"'))
    for name in ("Effect", "Resource", "Action"):
        if f'"{name}"' in policy:
            with pytest.raises(policies.PolicyError):
                policies.parse(policy.replace(f'"{name}"', '"Else"'))
