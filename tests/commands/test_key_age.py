"""The age of an access key in the keyring, and where RAM does not say it."""

import json
import time
from typing import Any

import pytest

from cloud.ram import LocalRam
from cloud.world import ACCOUNT_A
from support.machine import Machine

OWNER = f"acs:ram::{ACCOUNT_A}:user/test_user1"


def age(machine: Machine) -> str:
    """Return what `list` shows in the row of profileA."""
    return machine.role_env("list").stdout.splitlines()[1].partition(" keyring")[2].strip()


def finding(machine: Machine) -> dict[str, Any]:
    """Return the one finding of `doctor` about access keys."""
    found = json.loads(machine.role_env("doctor", "--json").stdout)
    (only,) = [each for each in found if each["check"] == "access key"]
    return dict(only)


def test_the_age_is_shown_and_after_90_days_a_rotation_suggested_which_makes_it_young(
    machine: Machine, ram: LocalRam
) -> None:
    key = ram.world.keys[machine.sts.access_key_id]
    for days, shown, fix in [(89, "89 days", ""), (90, "90 days: rotate it", "role-env rotate profileA")]:
        key.created = time.time() - (days + 0.5) * 86400
        machine.log_in("profileA")
        assert age(machine) == shown
        found = finding(machine)
        assert f"{key.id} is of {OWNER} and {days} days old (created 20" in found["message"]
        assert found["fix"] == fix
    machine.succeeds("rotate", "profileA")
    assert age(machine) == "0 days"
    assert f" is of {OWNER} and 0 days old (created " in finding(machine)["message"]
    machine.succeeds("rotate", "profileA", "--abort")
    assert age(machine) == "90 days: rotate it"
    machine.add("[other]\n")
    machine.log_in("other")  # a key of several profiles is one finding
    assert "profile profileA: " in finding(machine)["message"]


@pytest.mark.parametrize("fault", ["code:NoPermission:403", "hang", "html-200", "reset-after-request"])
def test_a_key_is_stored_without_its_age_where_ram_does_not_say_it(machine: Machine, ram: LocalRam, fault: str) -> None:
    ram.fault(fault, times=None)
    machine.environ["ROLE_ENV_TIMEOUT"] = "600"  # longer than the test waits: RAM may take a small part of it
    before = len(ram.calls)
    machine.log_in("profileA")
    assert len(ram.calls) - before <= 1
    assert age(machine) == ""
    assert finding(machine)["message"].endswith(f" is of {OWNER}")
    machine.succeeds("profileB")
