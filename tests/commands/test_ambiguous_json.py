"""JSON that decides a right is refused where one reader may understand it as something else than another."""

import json

from cloud.world import ACCOUNT_B
from role_env.http import responses
from role_env.sessions import parse_request
from support.machine import Machine

ALLOW = '{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}'
POLICY = f'{{"Version": "1", "Statement": [], "Statement": [{ALLOW}]}}'
TWICE = "has the key Statement twice"
"""What is reported of POLICY; tests/profiles/test_policies.py has other ambiguous policies."""


def test_an_ambiguous_policy_of_the_option_is_exit_2_and_nothing_is_requested(machine: Machine) -> None:
    file = machine.home / "policy.json"
    file.write_text(POLICY)
    for given, text in ((str(file), ""), ("-", POLICY)):
        done = machine.fails(
            "export", "profileB", "--format", "json", "--policy", given, text=text, status=2, said=TWICE
        )
        assert f"--policy {given} " in done.stderr
    assert not machine.sts.calls


def test_an_ambiguous_policy_of_a_profile_is_exit_3_and_nothing_is_requested(machine: Machine) -> None:
    (machine.home / "policy.json").write_text(POLICY)
    text = machine.file.read_text("utf-8")
    for key, value in (("policy", POLICY), ("policy_file", str(machine.home / "policy.json"))):
        machine.write(f"{text}\n{key} = {value}\n")
        for option in ((), ("--read-only",)):
            machine.fails("export", "profileB", *option, status=3, said=f"{key} {TWICE}")
    assert not machine.sts.calls


def test_an_ambiguous_policy_of_the_clis_profile_is_exit_3(machine: Machine) -> None:
    entry = {
        "name": "p",
        "mode": "RamRoleArn",
        "access_key_id": machine.sts.access_key_id,
        "access_key_secret": machine.sts.access_key_secret,
        "ram_role_arn": machine.sts.role_arn,
        "ram_session_name": "session",
        "policy": POLICY,
    }
    machine.write_cli_file({"current": "p", "profiles": [entry]})
    machine.write("[p]\ncredential_source = aliyun_cli\naliyun_profile = p\n")
    machine.fails("export", "p", status=3, said=TWICE)
    assert not machine.sts.calls


def test_a_response_or_a_request_with_a_key_twice_is_neither(machine: Machine) -> None:
    twice = f'{{"AccountId": "{ACCOUNT_B}", "AccountId": "1111111111111111"}}'
    assert responses.json_object(twice.encode()) is None
    assert responses.json_object(json.dumps({"AccountId": ACCOUNT_B}).encode()) == {"AccountId": ACCOUNT_B}
    script = 'eval "$(role-env export profileB --format bash)"; echo "$ROLE_ENV_REQUEST"'
    text = machine.shell("bash", script).stdout.strip()
    assert parse_request(text)
    assert parse_request(text[:-1] + ', "config": "/elsewhere.ini"}') is None
