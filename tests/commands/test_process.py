"""role-env process: one line of what `External` of the `aliyun` CLI reads, or nothing."""

import json

import pytest

from cloud.world import format_time
from support.machine import Machine


def test_process_prints_one_line_of_exactly_what_external_mode_reads(machine: Machine) -> None:
    done = machine.role_env("process", "profileB")
    (issued,) = machine.sts.issued
    assert json.loads(done.stdout) == {
        "mode": "StsToken",
        "access_key_id": issued.id,
        "access_key_secret": issued.secret,
        "sts_token": issued.token,
        "expiration": format_time(issued.expiration),
    }
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


@pytest.mark.parametrize("arguments", [("process", "nobody"), ("process",), ("process", "profileA")])
def test_process_prints_nothing_when_it_fails(machine: Machine, arguments: tuple[str, ...]) -> None:
    done = machine.role_env(*arguments)
    assert (done.returncode in (2, 3), done.stdout) == (True, "")
    assert done.stderr.startswith("role-env: ")
