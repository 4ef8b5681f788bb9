"""What RAM answers is not believed where that could cost the only secret of a key that works."""

import pytest

from cloud.ram import LocalRam
from cloud.world import ACCOUNT_B, User
from support.machine import Machine


def works(machine: Machine) -> bool:
    return machine.role_env("export", "profileB", "--format", "json", "--refresh").returncode == 0


@pytest.mark.parametrize("option", ["", "--abort", "--finish", "--force"])
def test_a_list_without_the_key_that_signed_it_costs_no_key(machine: Machine, ram: LocalRam, option: str) -> None:
    machine.succeeds("rotate", "profileA")
    ram.answers["ListAccessKeys"] = {"AccessKeys": {"AccessKey": []}}
    done = machine.role_env("rotate", "profileA", *filter(None, [option]))
    assert done.returncode == 5
    assert "its list lacks the key that signed the request" in done.stderr
    ram.answers.clear()
    machine.succeeds("rotate", "profileA", "--abort")
    assert works(machine)


def test_a_list_that_lacks_a_key_which_exists_costs_no_key(machine: Machine, ram: LocalRam) -> None:
    old = machine.sts.access_key_id
    machine.succeeds("rotate", "profileA")
    listed = [{"AccessKeyId": key, "Status": "Active", "CreateDate": "2026-11-28T00:00:00Z"} for key in ram.world.keys]
    ram.answers["ListAccessKeys"] = {"AccessKeys": {"AccessKey": [key for key in listed if key["AccessKeyId"] != old]}}
    done = machine.role_env("rotate", "profileA", "--abort")
    assert done.returncode == 5
    assert f"its list lacks {old}, which exists" in done.stderr
    ram.answers.clear()
    machine.succeeds("rotate", "profileA", "--abort")
    assert works(machine)


def test_a_new_key_of_another_user_replaces_nothing(machine: Machine, ram: LocalRam) -> None:
    other = machine.sts.world.add_key(ACCOUNT_B, User(ACCOUNT_B, "mallory", {"*"}))
    created = {"AccessKeyId": other.id, "AccessKeySecret": other.secret, "Status": "Active"}
    ram.answers["CreateAccessKey"] = {"AccessKey": created | {"CreateDate": "2026-11-28T00:00:00Z"}}
    done = machine.role_env("rotate", "profileA")
    assert done.returncode == 4
    assert f"the new key {other.id} is of acs:ram::{ACCOUNT_B}:user/mallory, not of " in done.stderr
    assert works(machine)
    ram.answers.clear()
    assert "no rotation is under way" in machine.succeeds("rotate", "profileA", "--status").stdout
