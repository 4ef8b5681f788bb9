"""JSON that decides a right is refused where one reader may understand it as something else than another."""

import json

from cloud.world import ACCOUNT_B
from role_env.http import responses
from role_env.sessions import parse_request
from support.machine import Machine


def test_a_response_or_a_request_with_a_key_twice_is_neither(machine: Machine) -> None:
    twice = f'{{"AccountId": "{ACCOUNT_B}", "AccountId": "1111111111111111"}}'
    assert responses.json_object(twice.encode()) is None
    assert responses.json_object(json.dumps({"AccountId": ACCOUNT_B}).encode()) == {"AccountId": ACCOUNT_B}
    script = 'eval "$(role-env export profileB --format bash)"; echo "$ROLE_ENV_REQUEST"'
    text = machine.shell("bash", script).stdout.strip()
    assert parse_request(text)
    assert parse_request(text[:-1] + ', "config": "/elsewhere.ini"}') is None
