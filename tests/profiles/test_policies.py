"""Session policies: their text, their length, and what the read-only policy allows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.policies import allows
from role_env.profiles import policies

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


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


def test_a_session_says_whether_it_is_full_read_only_or_of_which_policy() -> None:
    assert policies.Narrowing().name == ""
    assert policies.Narrowing(is_read_only=True).name == "read-only"
    one, other = (policies.Narrowing(f'{{"a":{value}}}').name for value in (1, 2))
    assert one != other
    assert len(one) == 64


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (ALLOW, True),
        ([{"Effect": "Allow", "Action": ["ecs:*", "STS:Assume*"], "Resource": "acs:ram::1:role/x"}], True),
        ([{"Effect": "Allow", "Action": "sts:AssumeRoleWith*", "Resource": "*"}], False),
        ([{"Effect": "Allow", "NotAction": "ecs:*", "Resource": "*"}], True),
        ([{"Effect": "Allow", "NotAction": ["sts:*"], "Resource": "*"}], False),
        ([ALLOW, {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}], False),
        ([ALLOW, {"Effect": "Deny", "Action": "sts:*", "Resource": "acs:ram::1:role/x"}], True),
        ([ALLOW, {"Effect": "Deny", "Action": "sts:*", "Resource": "*", "Condition": {"Bool": {}}}], True),
        ([], False),
        (["text"], True),
        ([{"Effect": "Allow"}], True),
    ],
)
def test_whether_a_policy_may_allow_an_action_is_known_without_asking(statements: object, expected: bool) -> None:
    policy = policies.compact(json.dumps({"Version": "1", "Statement": statements}))
    assert policies.may_allow(policy, "sts:AssumeRole") is expected
