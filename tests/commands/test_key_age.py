"""The age of an access key in the keyring, in `list` and `doctor`, and when they suggest to rotate it."""

import json
import time

import pytest

from cloud.ram import LocalRam
from cloud.world import ACCOUNT_A
from support.machine import Machine
from support.tables import cells_of

DAY = 86400
OWNER = f"acs:ram::{ACCOUNT_A}:user/test_user1"


def log_in(machine: Machine, *, days: float) -> str:
    """Store a key that is `days` old, and return its ID."""
    machine.sts.world.keys[machine.sts.access_key_id].created = time.time() - days * DAY
    machine.log_in("profileA")
    return machine.sts.access_key_id


def age_shown(machine: Machine) -> str:
    """What `list` shows of the key of profileA."""
    return cells_of(machine.role_env("list").stdout)[0].get("KEY", "")


def findings(machine: Machine) -> list[dict[str, str]]:
    """What `doctor` says of access keys."""
    found: list[dict[str, str]] = json.loads(machine.role_env("doctor", "--json").stdout)
    return [finding for finding in found if finding["check"] == "access key"]


def test_a_young_key_is_shown_with_its_age(machine: Machine, ram: LocalRam) -> None:
    key_id = log_in(machine, days=89.5)
    assert age_shown(machine) == "89 days"
    (finding,) = findings(machine)
    assert finding["message"].startswith(f"profile profileA: {key_id} is of {OWNER} and 89 days old (created 20")
    assert (finding["status"], finding["fix"]) == ("ok", "")


def test_after_90_days_a_rotation_is_suggested_and_makes_the_key_young(machine: Machine, ram: LocalRam) -> None:
    log_in(machine, days=90.5)
    assert age_shown(machine) == "90 days: rotate it"
    (finding,) = findings(machine)
    assert (finding["status"], finding["fix"]) == ("warn", "role-env rotate profileA")
    machine.succeeds(*finding["fix"].split()[1:])
    assert age_shown(machine) == "0 days"
    assert [finding["status"] for finding in findings(machine)] == ["ok"]
    machine.succeeds("rotate", "profileA", "--abort")
    assert age_shown(machine) == "90 days: rotate it"


def test_a_key_of_several_profiles_is_one_finding(machine: Machine, ram: LocalRam) -> None:
    machine.add("[other]\n")
    log_in(machine, days=91)
    machine.log_in("other")
    assert [finding["message"].split()[1] for finding in findings(machine)] == ["profileA:"]


@pytest.mark.parametrize("fault", ["code:NoPermission:403", "hang", "html-200", "reset-after-request"])
def test_a_key_is_stored_without_its_age_where_ram_does_not_say_it(machine: Machine, ram: LocalRam, fault: str) -> None:
    ram.fault(fault, times=None)
    machine.environ["ROLE_ENV_TIMEOUT"] = "600"  # longer than the test waits: RAM may take a small part of it
    before = len(ram.calls)
    log_in(machine, days=91)
    assert len(ram.calls) - before <= 1
    assert age_shown(machine) == ""
    assert findings(machine)[0]["message"].endswith(f" is of {OWNER}")
    machine.succeeds("profileB")


def test_configure_stores_the_age_too(machine: Machine, ram: LocalRam) -> None:
    machine.sts.world.keys[machine.sts.access_key_id].created = time.time() - DAY
    options = ("--login", "--region", "cn-x", "--color", "red")
    machine.succeeds("configure", "new", *options, text=machine.key_lines())
    assert machine.role_env("list").stdout.splitlines()[-1].split()[3:] == ["keyring", "cn-x", "1", "day"]
