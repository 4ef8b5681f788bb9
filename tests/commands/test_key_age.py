"""The age of an access key in the keyring, where RAM does not say it."""

import json

import pytest

from cloud.ram import LocalRam
from cloud.world import ACCOUNT_A
from support.machine import Machine


@pytest.mark.parametrize("fault", ["code:NoPermission:403", "hang", "html-200", "reset-after-request"])
def test_a_key_is_stored_without_its_age_where_ram_does_not_say_it(machine: Machine, ram: LocalRam, fault: str) -> None:
    ram.fault(fault, times=None)
    machine.environ["ROLE_ENV_TIMEOUT"] = "600"  # longer than the test waits: RAM may take a small part of it
    before = len(ram.calls)
    machine.log_in("profileA")
    assert len(ram.calls) - before <= 1
    machine.add("[other]\n")
    machine.log_in("other")  # a key of several profiles is one finding
    assert "KEY" not in machine.role_env("list").stdout
    found = json.loads(machine.role_env("doctor", "--json").stdout)
    (finding,) = [each for each in found if each["check"] == "access key"]
    assert finding["message"].endswith(f" is of acs:ram::{ACCOUNT_A}:user/test_user1")
    machine.succeeds("profileB")
