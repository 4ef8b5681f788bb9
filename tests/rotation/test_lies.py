"""What RAM answers is not believed where that could cost the only secret of a key that works."""

import pytest

from cloud.ram import LocalRam
from cloud.service import Document
from cloud.world import ACCOUNT_B, User
from support.machine import Machine
from support.rotated import secrets_in_keyring, states, stop_after_create, stop_after_swap, store, works

NO_DATE: list[Document] = [
    {},
    {"AccessKeyLastUsed": None},
    {"AccessKeyLastUsed": {}},
    {"AccessKeyLastUsed": []},
    *({"AccessKeyLastUsed": {"LastUsedDate": value}} for value in (None, 0, False, "never", "2026-11-28", " ")),
]
"""Answers that do not say when a key was last used."""


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


@pytest.mark.parametrize("words", [("logout", "profileA", "--force"), ("rotate", "profileA", "--abort")], ids=" ".join)
def test_a_list_that_lacks_a_new_key_which_exists_does_not_drop_it_unnamed(
    machine: Machine, ram: LocalRam, words: tuple[str, ...]
) -> None:
    new = stop_after_create(machine, ram)
    if words[0] == "rotate":  # which then looks with the old key first
        store(machine, machine.sts.world.key_of("test_user2"))
    listed = {"AccessKeyId": machine.sts.access_key_id, "Status": "Active", "CreateDate": "2026-11-28T00:00:00Z"}
    ram.answers["ListAccessKeys"] = {"AccessKeys": {"AccessKey": [listed]}}
    done = machine.role_env(*words)
    assert "its list lacks the key that signed the request" in done.stderr
    named = f"{new} is unknown at RAM; to delete it: aliyun ram DeleteAccessKey --UserAccessKeyId {new}"
    assert named in done.stdout or new in secrets_in_keyring(machine, ram)


@pytest.mark.parametrize("option", ["", "--finish", "--abort"])
def test_a_list_that_lacks_the_inactive_new_key_costs_no_key(machine: Machine, ram: LocalRam, option: str) -> None:
    new = stop_after_swap(machine, ram)
    ram.world.keys[new].active = False
    listed = {"AccessKeyId": machine.sts.access_key_id, "Status": "Active", "CreateDate": "2026-11-28T00:00:00Z"}
    ram.answers["ListAccessKeys"] = {"AccessKeys": {"AccessKey": [listed]}}
    machine.fails("rotate", "profileA", *filter(None, [option]), status=5, said=f"its list lacks {new}, which exists")
    assert new in secrets_in_keyring(machine, ram)


def test_a_key_that_is_not_listed_and_may_not_list_exists(machine: Machine, ram: LocalRam) -> None:
    machine.succeeds("rotate", "profileA")
    old = machine.sts.access_key_id
    ram.world.keys[old].active = True
    (new,) = set(states(ram)) - {old}
    listed = {"AccessKeyId": new, "Status": "Active", "CreateDate": "2026-11-28T00:00:00Z"}
    ram.answers["ListAccessKeys"] = {"AccessKeys": {"AccessKey": [listed]}}
    ram.fault("code:NoPermission:403", action="ListAccessKeys", after=1)
    machine.fails("rotate", "profileA", "--finish", status=5, said=f"its list lacks {old}, which exists")
    assert old in secrets_in_keyring(machine, ram)


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


@pytest.mark.parametrize("answer", NO_DATE, ids=str)
def test_an_answer_without_the_last_use_of_the_old_key_does_not_delete_it(
    machine: Machine, ram: LocalRam, answer: Document
) -> None:
    machine.succeeds("rotate", "profileA")
    before = states(ram)
    ram.answers["GetAccessKeyLastUsed"] = answer
    said = "did not answer like RAM (LastUsedDate is missing or not a time in UTC)"
    machine.fails("rotate", "profileA", "--finish", status=5, said=said)
    assert states(ram) == before
    ram.answers.clear()
    machine.succeeds("rotate", "profileA", "--finish")


def test_a_new_key_of_which_no_last_use_is_said_is_kept_and_named(machine: Machine, ram: LocalRam) -> None:
    new = stop_after_create(machine, ram)
    store(machine, machine.sts.world.key_of("test_user2"))
    ram.answers["GetAccessKeyLastUsed"] = {}
    done = machine.succeeds("rotate", "profileA", "--abort")
    assert f"{new} stays active at RAM; to delete it: aliyun ram DeleteAccessKey" in done.stdout
    assert new in states(ram)


def test_a_second_key_of_which_no_last_use_is_said_is_not_called_unused(machine: Machine, ram: LocalRam) -> None:
    user = machine.sts.world.keys[machine.sts.access_key_id].user
    second = machine.sts.world.add_key(machine.sts.world.keys[machine.sts.access_key_id].account, user)
    ram.answers["GetAccessKeyLastUsed"] = {}
    done = machine.fails("rotate", "profileA", status=4, said=f"the user has a second access key, {second.id}")
    assert "RAM does not say when it was used" in done.stderr
    assert "never used" not in done.stderr


@pytest.mark.parametrize("status", [None, "", "active", "Disabled", 1, {"Active": True}], ids=str)
@pytest.mark.parametrize("option", ["", "--finish", "--abort"])
def test_a_key_whose_status_is_neither_active_nor_inactive_changes_nothing(
    machine: Machine, ram: LocalRam, option: str, status: object
) -> None:
    machine.succeeds("rotate", "profileA")
    before, created = states(ram), "2026-11-28T00:00:00Z"
    listed = [{"AccessKeyId": key, "Status": "Active", "CreateDate": created} for key in before]
    listed[0]["Status"] = status  # type: ignore[assignment]
    ram.answers["ListAccessKeys"] = {"AccessKeys": {"AccessKey": listed}}
    done = machine.role_env("rotate", "profileA", *filter(None, [option]))
    assert done.returncode == 5
    assert "the Status of a key is neither Active nor Inactive" in done.stderr
    assert states(ram) == before


def test_a_list_that_has_a_key_twice_changes_nothing(machine: Machine, ram: LocalRam) -> None:
    machine.succeeds("rotate", "profileA")
    before = states(ram)
    keys = [{"AccessKeyId": key, "Status": "Active"} for key in before]
    twice = {"AccessKeyId": machine.sts.access_key_id, "Status": "Inactive"}
    ram.answers["ListAccessKeys"] = {"AccessKeys": {"AccessKey": [*keys, twice]}}
    machine.fails("rotate", "profileA", "--finish", status=5, said="its list has a key twice")
    assert states(ram) == before


@pytest.mark.parametrize("is_lied", [True, False])
def test_an_old_key_that_is_active_is_not_deleted(machine: Machine, ram: LocalRam, is_lied: bool) -> None:
    """RAM has not made it inactive, whatever it answered; or somebody has made it active again."""
    old = machine.sts.access_key_id
    if is_lied:
        ram.answers["UpdateAccessKey"] = {}
    machine.succeeds("rotate", "profileA")
    ram.answers.clear()
    machine.sts.world.keys[old].active = True
    done = machine.fails("rotate", "profileA", "--finish", status=4, said=f"the old key {old} is active at RAM")
    assert (
        "hint: make it inactive: role-env rotate profileA; or go back: role-env rotate profileA --abort" in done.stderr
    )
    assert old in states(ram)
    machine.succeeds("rotate", "profileA")
    machine.succeeds("rotate", "profileA", "--finish")
    assert old not in states(ram)
    assert works(machine)
